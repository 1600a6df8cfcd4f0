import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { type Client, connect } from '@reeve/client';
import { ensurePath } from '@reeve/recipes';
import { encodeWorker, Layout, type WorkerRecord } from '@reeve/tasks';
import {
  atTestEnd,
  type Engine,
  eventually,
  fourLetterWord,
  startProcess,
  startReeveCoordinator,
  TestProcess,
  temporaryDirectory,
} from '@reeve/testkit';
import { reeve } from './fleet.ts';

let engine: Engine;
let witness: Client;
let root: string;
let nth = 0;

const bytes = (text: string) => Buffer.from(text);

beforeAll(async () => {
  engine = await startReeveCoordinator();
  witness = await connect({ servers: engine.address });
  atTestEnd(() => witness.close());
}, 60_000);

beforeEach(async () => {
  nth += 1;
  root = await witness.create(`/z${nth}`, null);
});

const environment = () => ({ REEVE_CONNECT: engine.address, NO_COLOR: '1' });

async function znode(words: readonly string[], input = '') {
  const child = new TestProcess(reeve('znode', ...words), { env: environment(), input });
  const { code } = await child.exited;
  return { code, stdout: child.stdout, stderr: child.stderr };
}

const json = (stdout: string) =>
  stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);

describe('a znode', () => {
  test('is created, read, written and deleted', async () => {
    const path = `${root}/a/b`;
    expect(await znode(['create', path, 'one'])).toMatchObject({
      code: 3,
      stderr: expect.stringContaining(`the parent of ${path} is missing`),
    });
    expect(await znode(['create', '--parents', path, 'one'])).toMatchObject({ code: 0, stdout: `${path}\n` });
    expect(await znode(['create', path])).toMatchObject({ code: 5, stderr: expect.stringContaining('there already') });
    expect(await znode(['get', path])).toEqual({ code: 0, stdout: 'one', stderr: '' });
    expect(await znode(['set', path, '-'], 'two\n')).toMatchObject({ code: 0, stdout: `${path}  version 1\n` });
    expect(await znode(['set', path, 'three', '--version', '0'])).toMatchObject({ code: 5 });
    expect(json((await znode(['get', '--json', path])).stdout)).toMatchObject([
      { path, data: 'two\n', stat: { version: 1, dataLength: 4 } },
    ]);
    expect((await znode(['get', '--stat', path])).stdout).toMatch(/^size {8}4 bytes\n.*access {6}world:anyone:rwcda/s);
    expect(await znode(['delete', `${root}/a`])).toMatchObject({
      code: 5,
      stderr: expect.stringContaining('--recursive'),
    });
    expect(await znode(['delete', '-r', `${root}/a`])).toMatchObject({
      code: 0,
      stdout: `${root}/a  2 znodes deleted\n`,
    });
    expect(await znode(['get', path])).toMatchObject({ code: 3, stderr: `reeve: there is no znode ${path}\n` });
  }, 60_000);

  test('holds bytes of any kind, from a file and back', async () => {
    const file = join(temporaryDirectory(), 'bytes');
    const data = Buffer.from(Array.from({ length: 256 }, (_, i) => i));
    writeFileSync(file, data);
    await znode(['create', `${root}/b`, `@${file}`]);
    expect((await witness.getData(`${root}/b`)).data).toEqual(data);
    expect(json((await znode(['get', '--json', `${root}/b`])).stdout)).toMatchObject([
      { base64: data.toString('base64') },
    ]);
    expect(await znode(['set', `${root}/b`, '-'], 'x'.repeat(2_000_000))).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('servers accept at most'),
    });
  }, 60_000);

  test('is not created, set or deleted where that makes no sense', async () => {
    for (const words of [
      ['get', 'relative'],
      ['get', '/ends/'],
      ['delete', '-r', '/'],
      ['delete', '-r', '/zookeeper/quota'],
      ['create', '--ephemeral', `${root}/e`],
      ['create', '--hold', `${root}/e`],
      ['create', '--container', '--ttl', '5m', `${root}/e`],
      ['create', '--acl', 'nonsense', `${root}/e`],
      ['set', `${root}`, 'x', '--create', '--version', '1'],
    ]) {
      expect([words, (await znode(words)).code]).toEqual([words, 2]);
    }
    expect(await witness.getChildren(root)).toEqual([]);
  }, 60_000);

  test('is numbered, a container, or for some only, when it is asked to be', async () => {
    expect((await znode(['create', '-s', `${root}/n-`])).stdout).toBe(`${root}/n-0000000000\n`);
    expect(await znode(['create', '--container', `${root}/c`])).toMatchObject({ code: 0 });
    expect(await znode(['create', '--acl', 'world:anyone:r', `${root}/r`])).toMatchObject({ code: 0 });
    expect((await witness.getAcl(`${root}/r`)).acl).toEqual([{ perms: 1, id: { scheme: 'world', id: 'anyone' } }]);
    expect(await znode(['set', `${root}/r`, 'x'])).toMatchObject({
      code: 5,
      stderr: expect.stringContaining('access list'),
    });
  }, 60_000);

  test('that is ephemeral is there while a command runs, which knows its path and whose exit code counts', async () => {
    const line = ['sh', '-c', 'echo "$REEVE_ZNODE"; cat; exit 7'];
    const holder = new TestProcess(reeve('znode', 'create', '-e', `${root}/e`, 'hi', '--', ...line), {
      env: environment(),
      answer: (said) => (said === `${root}/e` ? undefined : 'done'),
    });
    await holder.line(/\/e$/m);
    expect(String((await witness.getData(`${root}/e`)).data)).toBe('hi');
    holder.kill('SIGTERM');
    expect((await holder.exited).code).toBe(130);
    expect(await witness.exists(`${root}/e`)).toBeUndefined();
    expect(await znode(['create', '-e', `${root}/e`, '--', 'sh', '-c', 'exit 7'])).toMatchObject({ code: 7 });
  }, 60_000);

  test('that is ephemeral is there until nothing is left of the command', async () => {
    const stubborn = 'echo $REEVE_ZNODE; (trap "" TERM; while :; do sleep 0.05; done) & echo pid $!; wait';
    const holder = new TestProcess(reeve('znode', 'create', '-e', `${root}/e`, '--', 'sh', '-c', stubborn), {
      env: environment(),
    });
    await holder.line(/pid/);
    const left = Number(/pid (\d+)/.exec(holder.stdout)?.[1]);
    process.kill(holder.pid as number, 'SIGTERM');
    expect((await holder.exited).code).toBe(130);
    // Gone, or a zombie that nobody has buried yet.
    expect(spawnSync('ps', ['-o', 'stat=', '-p', String(left)], { encoding: 'utf8' }).stdout).toMatch(/^(Z.*)?\s*$/);
    expect(await witness.exists(`${root}/e`)).toBeUndefined();
  }, 60_000);

  test('that is held goes at Ctrl-C', async () => {
    const holder = await startProcess(reeve('znode', 'create', '-e', `${root}/e`, '--hold'), {
      env: environment(),
      ready: /\/e$/m,
    });
    expect((await witness.exists(`${root}/e`))?.ephemeralOwner).not.toMatch(/^0+$/);
    holder.kill('SIGINT');
    expect((await holder.exited).code).toBe(130);
    expect(await witness.exists(`${root}/e`)).toBeUndefined();
  }, 60_000);
});

describe('a tree of znodes', () => {
  beforeEach(async () => {
    for (const name of ['a', 'a/1', 'a/2', 'b']) await witness.create(`${root}/${name}`, bytes(name));
  });

  test('is listed, and drawn as deep and as far as it is asked to be', async () => {
    expect((await znode(['ls', root])).stdout).toBe('a\nb\n');
    expect((await znode(['ls', '-l', root])).stdout).toMatch(/^BYTES .* NAME\n +1 +2 +0 .* a\n +1 +0 +0 .* b\n$/);
    expect((await znode(['tree', root])).stdout).toBe(
      `${root}\n├── a  1 byte\n│   ├── 1  3 bytes\n│   └── 2  3 bytes\n└── b  1 byte\n`,
    );
    expect((await znode(['tree', '-d', '1', root])).stdout).toBe(`${root}\n├── a  1 byte, 2 below\n└── b  1 byte\n`);
    const cut = await znode(['tree', '-n', '2', root]);
    expect([cut.stdout, cut.stderr]).toEqual([
      `${root}\n├── a  1 byte\n`,
      expect.stringContaining('more than 2 znodes'),
    ]);
    expect(await znode(['ls', `${root}/nope`])).toMatchObject({ code: 3 });
    expect(await znode(['tree', `${root}/nope`])).toMatchObject({ code: 3 });
  }, 60_000);

  test('is exported and imported again, elsewhere, with all its bytes and access lists', async () => {
    const file = join(temporaryDirectory(), 'tree.jsonl');
    const acl = [{ perms: 17, id: { scheme: 'world', id: 'anyone' } }];
    await witness.create(`${root}/b/raw`, Buffer.from([255, 0, 1]), { acl });
    await witness.create(`${root}/gone-with-its-session`, null, { mode: 'ephemeral' });
    expect(await znode(['export', root, '--out', file])).toMatchObject({
      code: 0,
      stderr: '6 znodes exported, 1 ephemeral znode left out\n',
    });
    const copy = `${root}/copy/of`;
    const dry = await znode(['import', file, '--into', copy, '--dry-run']);
    expect(dry).toMatchObject({ code: 0, stderr: expect.stringContaining('6 to create') });
    expect(await witness.exists(copy)).toBeUndefined();
    expect((await znode(['import', file, '--into', copy])).stdout).toBe(
      `${copy}  6 created, 0 overwritten, 0 unchanged\n`,
    );
    expect((await witness.getData(`${copy}/b/raw`)).data).toEqual(Buffer.from([255, 0, 1]));
    expect((await witness.getAcl(`${copy}/b/raw`)).acl).toEqual(acl);
    const lines = (of: string) => of.split('\n').slice(1);
    expect(lines((await znode(['export', copy])).stdout)).toEqual(lines(readFileSync(file, 'utf8')));
  }, 60_000);

  test('that differs is imported over, past or not at all; one that was begun is finished', async () => {
    const file = join(temporaryDirectory(), 'tree.jsonl');
    await znode(['export', root, '--out', file]);
    await witness.setData(`${root}/a/1`, bytes('changed'));
    await witness.delete(`${root}/b`);
    const refused = await znode(['import', file]);
    expect(refused).toMatchObject({ code: 5, stderr: expect.stringContaining(`different: ${root}/a/1\n`) });
    expect(await witness.exists(`${root}/b`)).toBeUndefined();
    expect((await znode(['import', file, '--conflicts', 'skip'])).stdout).toContain(
      '1 created, 0 overwritten, 3 unchanged, 1 skipped',
    );
    expect((await znode(['import', file, '--conflicts', 'overwrite'])).stdout).toContain('0 created, 1 overwritten');
    expect(String((await witness.getData(`${root}/a/1`)).data)).toBe('a/1');
    const whole = readFileSync(file, 'utf8');
    expect(await znode(['import', '-'], whole.slice(0, whole.indexOf('{"kind":"end"')))).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('cut off'),
    });
    expect(await znode(['import', '-'], 'no export')).toMatchObject({ code: 2 });
  }, 60_000);

  test('is deleted as far as the access lists allow, and what is left is named', async () => {
    const acl = [{ perms: 1, id: { scheme: 'world', id: 'anyone' } }];
    await witness.create(`${root}/kept`, null);
    await witness.create(`${root}/kept/below`, null);
    await witness.setAcl(`${root}/kept`, acl);
    const partly = await znode(['delete', '-r', root]);
    expect(partly).toMatchObject({ code: 5, stdout: `${root}  4 znodes deleted\n` });
    expect(partly.stderr).toContain(`${root}/kept/below is still there: no_auth`);
    expect(await witness.getChildren(root)).toEqual(['kept']);
  }, 60_000);
});

test('the workers that come, change and go are told to who follows them', async () => {
  const path = new Layout('/reeve').worker('w1');
  const record: WorkerRecord = {
    host: 'here',
    pid: 7,
    slots: 2,
    queues: ['default'],
    handlers: ['add'],
    runs: ['handlers'],
    phase: 'accepting',
    labels: {},
    fleet: '',
    startedAt: 1,
  };
  const following = await startProcess(reeve('workers', '--watch', '--json'), { env: environment(), ready: /"ready"/ });
  await ensurePath(witness, '/reeve/workers');
  await witness.create(path, encodeWorker(record));
  const told = (count: number) =>
    eventually(() => json(following.stdout).length === count && json(following.stdout), { what: `${count} are told` });
  await told(2);
  await witness.setData(path, encodeWorker({ ...record, phase: 'draining' }));
  await told(3);
  await witness.delete(path);
  expect(await told(4)).toMatchObject([
    { kind: 'ready' },
    { kind: 'joined', workerId: 'w1', record: { phase: 'accepting', slots: 2 } },
    { kind: 'changed', workerId: 'w1', record: { phase: 'draining' } },
    { kind: 'left', workerId: 'w1' },
  ]);
  following.kill('SIGINT');
  expect((await following.exited).code).toBe(130);
}, 60_000);

describe('what happens to znodes', () => {
  const follow = (...words: readonly string[]) =>
    startProcess(reeve('znode', 'watch', root, '--json', ...words), { env: environment(), ready: /"ready"/ });

  const told = ({ stdout }: TestProcess) =>
    json(stdout).map(({ kind, path, data }) => [kind, path, data].filter((part) => typeof part === 'string').join(' '));

  test('is told in order, until so many changes were told', async () => {
    await witness.create(`${root}/before`, null);
    const watching = await follow('--count', '3');
    await witness.create(`${root}/a`, bytes('1'));
    await eventually(() => told(watching).length === 2, { what: 'the creation is told' });
    await witness.setData(`${root}/a`, bytes('2'));
    await eventually(() => told(watching).length === 3, { what: 'the write is told' });
    await witness.delete(`${root}/a`);
    expect((await watching.exited).code).toBe(0);
    expect(told(watching)).toEqual(['ready', `created ${root}/a 1`, `changed ${root}/a 2`, `deleted ${root}/a`]);
  }, 60_000);

  test('is told although the coordinator was killed meanwhile, and Ctrl-C ends it', async () => {
    const watching = await follow();
    await engine.kill();
    await eventually(() => told(watching).at(-1) === 'stale', { what: 'it is known that nobody is in touch' });
    await engine.start();
    await eventually(() => told(watching).at(-1) === 'ready', { what: 'it follows again', deadlineMs: 20_000 });
    await eventually(() => witness.state === 'connected', { what: 'the witness is back' });
    await witness.create(`${root}/after`, null);
    await eventually(() => told(watching).at(-1) === `created ${root}/after`, { what: 'it is told' });
    watching.kill('SIGINT');
    expect((await watching.exited).code).toBe(130);
  }, 60_000);

  test('is told although the session has expired meanwhile', async () => {
    await witness.create(`${root}/gone`, null);
    const watching = await follow();
    watching.kill('SIGSTOP');
    await witness.delete(`${root}/gone`);
    await witness.create(`${root}/new`, bytes('x'));
    const sessions = async () => (await fourLetterWord(engine.port, 'cons')).match(/sid=/g)?.length;
    await eventually(async () => (await sessions()) === 1, { what: 'the session has expired', deadlineMs: 30_000 });
    watching.kill('SIGCONT');
    await eventually(() => told(watching).filter((line) => line === 'ready').length === 2, {
      what: 'it follows again',
      deadlineMs: 20_000,
    });
    // Some of it may have reached the process before it was stopped.
    expect(told(watching).toSorted()).toEqual([
      `created ${root}/new x`,
      `deleted ${root}/gone`,
      'ready',
      'ready',
      'stale',
    ]);
    watching.kill('SIGINT');
    await watching.exited;
  }, 60_000);

  test('is told of trees that are larger than what one iteration may have waiting', async () => {
    const names = Array.from({ length: 66 }, (_, thousand) => thousand * 1_000);
    const create = (at: number) => ({ op: 'create', path: `${root}/n${at}`, data: null }) as const;
    for (const from of names) await witness.multi(Array.from({ length: 1_000 }, (_, n) => create(from + n)));
    const { code, stdout } = await znode(['watch', '--names', '--initial', '--count', '66001', root]);
    expect([code, stdout.trimEnd().split('\n').at(-1)]).toEqual([0, expect.stringContaining(`+ ${root}/n`)]);
  }, 60_000);

  test('is waited for no longer than is said', async () => {
    expect(await znode(['watch', root, '--timeout', '50ms'])).toMatchObject({ code: 124 });
  }, 60_000);
});
