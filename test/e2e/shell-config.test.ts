import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import {
  type Engine,
  eventually,
  freePort,
  startFaultProxy,
  startProcess,
  startReeveCoordinator,
  TestProcess,
  temporaryDirectory,
} from '@reeve/testkit';
import { reeve } from './fleet.ts';

const daemon = fileURLToPath(new URL('./fixtures/config-daemon.mjs', import.meta.url));

describe('reeve config', () => {
  let coordinator: Engine;
  let root: string;
  let directory: string;
  let nth = 0;

  beforeAll(async () => {
    coordinator = await startReeveCoordinator({ tickMs: 500 });
  }, 60_000);

  beforeEach(() => {
    nth += 1;
    root = `/shell-${nth}`;
    directory = temporaryDirectory();
  });

  const envAt = (connect = coordinator.address) => ({ REEVE_CONNECT: connect, REEVE_ROOT: root, NO_COLOR: '1' });

  async function config(...words: readonly string[]) {
    const child = new TestProcess(reeve('config', ...words), { env: envAt() });
    const { code } = await child.exited;
    return { code, stdout: child.stdout, stderr: child.stderr };
  }

  /** Runs commands one after the other that must succeed. */
  async function done(...lines: readonly (readonly string[])[]): Promise<void> {
    for (const words of lines) expect(await config(...words)).toMatchObject({ code: 0 });
  }

  const file = (name: string) => join(directory, name);

  const says = (name: string, text: string) =>
    eventually(() => existsSync(file(name)) && readFileSync(file(name), 'utf8') === text, {
      what: `${name} holds ${JSON.stringify(text)}`,
      deadlineMs: 15_000,
    });

  test('sets, gets, lists and withdraws values, several at once', async () => {
    const set = ['set', 'billing/limits/max=5', 'billing/name=Jane Doe', 'billing/tags=["a"]', '-m', 'first'];
    expect(await config(...set)).toEqual({
      code: 0,
      stdout: 'version 1: billing/limits/max, billing/name, billing/tags\n',
      stderr: '',
    });
    expect((await config('get', 'billing/name')).stdout).toBe('Jane Doe\n');
    expect((await config('get', 'billing/limits/max', '--json')).stdout).toBe(
      '{"key":"billing/limits/max","value":5,"version":1}\n',
    );
    expect(JSON.parse((await config('get', 'billing')).stdout)).toEqual({
      limits: { max: 5 },
      name: 'Jane Doe',
      tags: ['a'],
    });
    expect(await config('delete', 'billing')).toMatchObject({ code: 2, stderr: expect.stringContaining('Add -r') });
    await done(['delete', 'billing/tags']);
    expect((await config('list')).stdout.split('\n').slice(1, -1)).toEqual([
      'billing/limits/max        1  5',
      'billing/name              1  "Jane Doe"',
    ]);
    expect(await config('get', 'billing/tags')).toMatchObject({ code: 3, stderr: expect.stringContaining('no key') });
    expect(await config('get', 'billing/tags', '--default', 'none')).toMatchObject({ code: 0, stdout: 'none\n' });
  }, 60_000);

  test('sets the keys of a file, below a key where asked', async () => {
    writeFileSync(file('a.json'), JSON.stringify({ limits: { max: 5, min: 1 }, tags: ['x'] }));
    await done(['set', '--file', file('a.json'), '--under', 'billing', 'flags/new=true']);
    const { stdout } = await config('list', '--json');
    const keys = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line).key);
    expect(keys).toEqual(['billing/limits/max', 'billing/limits/min', 'billing/tags', 'flags/new']);
  }, 60_000);

  test('keeps a history and goes back in it; refuses what a schema or a version forbids', async () => {
    await done(['set', 'billing/max=1', '-m', 'first', '--author', 'ada'], ['set', 'billing/max=2']);
    const { stdout } = await config('history', 'billing/max');
    expect(stdout).toMatch(/^VERSION +KEY .*\n +2 +billing\/max +2 .*\n +1 +billing\/max +1 +ada .* first\n$/);
    await done(['rollback', 'billing', '--to', '1'], ['schema', 'set', 'billing/max', '{"maximum": 9}']);
    expect((await config('get', 'billing/max')).stdout).toBe('1\n');
    expect(await config('set', 'billing/max=10')).toMatchObject({
      code: 5,
      stderr: expect.stringContaining('must be <= 9'),
    });
    expect(await config('set', 'billing/max=3', '--expect', 'billing/max=1')).toMatchObject({ code: 5 });
    expect(await config('schema', 'set', 'billing/max', '{"type": 1}')).toMatchObject({ code: 2 });
    expect((await config('schema', 'list')).stdout).toBe('billing/max\nqueues\nworkers\n');
  }, 60_000);

  test('prints changes as they happen, and takes a roll-out from a label to everybody', async () => {
    await done(['set', 'billing/max=1']);
    const one = await startProcess(reeve('config', 'watch', 'billing', '--id', 'one', '--label', 'zone=a'), {
      env: envAt(),
      ready: /watching .*: ready/,
    });
    const two = await startProcess(reeve('config', 'watch', '--id', 'two'), { env: envAt() });
    await eventually(async () => (await config('rollout', 'followers')).stdout.includes('two'), {
      what: 'both follow',
    });
    await done(['set', 'billing/max=2', '--label', 'zone=a', '-m', 'try']);
    await one.line(/billing\/max: 1 -> 2/);
    const halfway = async () => (await config('rollout', 'status', 'billing/max')).stdout;
    await eventually(async () => (await halfway()).includes('1 of 1 follower that it reaches have it, of 2 in all'), {
      what: 'one of two has it',
      deadlineMs: 15_000,
    });
    expect(two.stdout).toBe('');
    await done(['rollout', 'complete', 'billing/max']);
    await two.line(/billing\/max: 1 -> 2 {2}\(.*: try\)/);
    one.kill('SIGINT');
    expect(await one.exited).toMatchObject({ code: 130 });
  }, 60_000);

  test('exec runs a command on values, again when they change, and ends it with itself', async () => {
    await done(['set', 'app/greeting=hello', 'app/limits={"max":5}']);
    const line =
      'trap "echo ended > $0; exit" TERM; echo "$APP_GREETING $APP_LIMITS" > "$0"; while :; do sleep 0.05; done';
    const exec = await startProcess(reeve('config', 'exec', 'app', '--', 'sh', '-c', line, file('out')), {
      env: envAt(),
    });
    await says('out', 'hello {"max":5}\n');
    await done(['set', 'app/greeting=bye']);
    await says('out', 'bye {"max":5}\n');
    exec.kill('SIGTERM');
    expect(await exec.exited).toMatchObject({ code: 130 });
    await says('out', 'ended\n');
    expect(await config('exec', 'app', '--once', '--', 'sh', '-c', 'exit 7')).toMatchObject({ code: 7 });
    expect(await config('exec', 'nothing', '--', 'true')).toMatchObject({ code: 3 });
  }, 60_000);

  test('exec renders a file, has it checked, and tells a daemon of it', async () => {
    const port = await freePort();
    await done(['set', 'web/name=one', 'web/hosts=["a","b"]']);
    writeFileSync(
      file('t.hbs'),
      '{"name": "{{web.name}}", "hosts": [{{#each web.hosts}}"{{this}}"{{#unless @last}}, {{/unless}}{{/each}}]}',
    );
    const check = `node -e 'JSON.parse(require("fs").readFileSync(process.argv[1]))' {}`;
    const options = ['--out', file('c.json'), '--template', file('t.hbs'), '--check', check, '--signal', 'HUP'];
    const argv = reeve(
      'config',
      'exec',
      'web',
      ...options,
      '--',
      process.execPath,
      daemon,
      file('c.json'),
      String(port),
    );
    const exec = await startProcess(argv, { env: envAt(), ready: /serving/ });
    const ask = async () =>
      (await fetch(`http://127.0.0.1:${port}`)).json() as Promise<{ pid: number; config: unknown }>;
    const before = await ask();
    expect(before.config).toEqual({ name: 'one', hosts: ['a', 'b'] });
    await done(['set', 'web/name=two']);
    await eventually(async () => JSON.stringify((await ask()).config).includes('two'), {
      what: 'the daemon has read it',
    });
    await done(['set', 'web/name=a"b']);
    await eventually(() => exec.stderr.includes('the check has failed'), {
      what: 'it was refused',
      deadlineMs: 15_000,
    });
    expect(await ask()).toEqual({ pid: before.pid, config: { name: 'two', hosts: ['a', 'b'] } });
    expect(JSON.parse(readFileSync(file('c.json'), 'utf8'))).toMatchObject({ name: 'two' });
    await exec.stop(10_000);
    await expect(ask()).rejects.toThrow();
  }, 60_000);

  test('exec starts on what was last known while no coordinator answers, and catches up', async () => {
    await done(['set', 'app/n=1']);
    const known = ['--known', file('known')];
    expect(await config('exec', 'app', '--once', ...known, '--', 'true')).toMatchObject({ code: 0 });
    await done(['set', 'app/n=2']);
    const proxy = await startFaultProxy(coordinator.port);
    await proxy.refuse();
    const line = ['sh', '-c', 'echo "$APP_N" > "$0"; exec sleep 1000', file('out')];
    const exec = await startProcess(reeve('config', 'exec', 'app', ...known, '--', ...line), {
      env: envAt(proxy.address),
    });
    await says('out', '1\n');
    await proxy.accept();
    await says('out', '2\n');
    await exec.stop(10_000);
  }, 60_000);

  test.each([
    ['an assignment that is none', ['set', 'x'], 'not KEY=VALUE'],
    ['a key that is none', ['set', 'a//b=1'], 'is not a key'],
    ['a share that is none', ['set', 'a=1', '--share', '0.1'], 'is not a share'],
    ['a signal without a file', ['exec', 'a', '--signal', 'HUP', '--', 'true'], '--signal goes with --out'],
    ['no command', ['exec', 'a'], 'no command'],
    ['the schema of the platform', ['schema', 'delete', 'queues'], 'Reeve itself'],
    ['no stage', ['rollout', 'advance', 'a'], 'no stage'],
  ])(
    '%s is wrong usage',
    async (_what, words, message) => {
      expect(await config(...words)).toMatchObject({ code: 2, stderr: expect.stringContaining(message) });
    },
    60_000,
  );
});
