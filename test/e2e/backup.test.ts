import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, jest, test } from '@jest/globals';
import { type Client, connect } from '@reeve/client';
import { atTestEnd, eventually, startFaultProxy, startProcess, TestProcess, temporaryDirectory } from '@reeve/testkit';
import { reeve } from './fleet.ts';

// Each test starts several processes.
jest.setTimeout(60_000);

/** What a command that has ended has said. */
interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

async function coordinator(...words: readonly string[]): Promise<Ended> {
  const child = new TestProcess(reeve('coordinator', ...words), { env: { NO_COLOR: '1' } });
  const { code } = await child.exited;
  return { code, stdout: child.stdout, stderr: child.stderr };
}

interface Serving {
  readonly process: TestProcess;
  readonly servers: string;
}

async function serve(...words: readonly string[]): Promise<Serving> {
  const child = await startProcess(reeve('coordinator', ...words, '--port', '0'), { ready: /listens on/ });
  return { process: child, servers: /listens on (\S+),/.exec(child.stdout)?.[1] ?? '' };
}

async function client(servers: string): Promise<Client> {
  const opened = await connect({ servers });
  atTestEnd(() => opened.close());
  return opened;
}

/** A write that was acknowledged. */
interface Acknowledged {
  readonly path: string;
  readonly version: number;
  readonly zxid: number;
}

const keys = 64;

/** Sets data, many at a time, until the server is gone; remembers every answer. */
async function hammer(writer: Client): Promise<readonly Acknowledged[]> {
  const acknowledged: Acknowledged[] = [];
  const lane = async (_: unknown, key: number) => {
    const path = `/k${key}`;
    await writer.create(path, null);
    for (;;) {
      const { version, mzxid: zxid } = await writer.setData(path, Buffer.alloc(200, key));
      acknowledged.push({ path, version, zxid });
      await writer.create('/log-', null, { mode: 'persistent_sequential' });
    }
  };
  await Promise.allSettled(Array.from({ length: keys }, lane));
  return acknowledged;
}

describe('a backup of a coordinator under load', () => {
  test('holds every write that was acknowledged up to its zxid, and is restored after a kill', async () => {
    const directory = temporaryDirectory();
    const data = join(directory, 'data');
    const config = join(directory, 'zoo.cfg');
    // Small files and many snapshots: they come and go while they are read.
    const lines = ['tickTime=500', 'clientPort=0', `dataDir=${data}`, 'snapCount=2000', 'preAllocSize=64'];
    writeFileSync(config, [...lines, 'autopurge.snapRetainCount=3', 'clientPortAddress=127.0.0.1', ''].join('\n'));
    const served = await startProcess(reeve('coordinator', '--config', config), { ready: /listens on/ });
    const writer = await client(/listens on (\S+),/.exec(served.stdout)?.[1] ?? '');
    const hammering = hammer(writer);
    await eventually(() => readdirSync(data).some((name) => /^snapshot\.[0-9a-f]+$/.test(name)), {
      what: 'a snapshot is there',
      deadlineMs: 30_000,
    });
    const files = [join(directory, 'a.backup'), join(directory, 'b.backup')];
    for (const file of files) {
      expect(await coordinator('backup', '--config', config, '--out', file)).toMatchObject({ code: 0, stderr: '' });
    }
    served.kill('SIGKILL');
    await served.exited;
    // Nobody answers any more: what waits for an answer is given up.
    await writer.close();
    const acknowledged = await hammering;
    for (const [i, file] of files.entries()) await expectRestored(file, join(directory, `restored-${i}`), acknowledged);
  }, 90_000);
});

async function expectRestored(file: string, directory: string, acknowledged: readonly Acknowledged[]): Promise<void> {
  const restored = await coordinator('restore', '--from', file, '--data-dir', directory, '--json');
  const { zxid, sessions } = JSON.parse(restored.stdout);
  expect(sessions).toBe(1);
  const due = acknowledged.filter((write) => write.zxid <= zxid);
  expect(due.length).toBeGreaterThan(keys);
  const { process, servers } = await serve('--data-dir', directory);
  const reader = await client(servers);
  const versions = new Map<string, number>();
  for (const { path, version } of due) versions.set(path, Math.max(version, versions.get(path) ?? 0));
  for (const [path, version] of versions) {
    const stat = await reader.exists(path);
    expect(stat?.version).toBeGreaterThanOrEqual(version);
    expect(stat?.mzxid).toBeLessThanOrEqual(zxid);
  }
  await expectSequenceGoesOn(reader);
  await reader.close();
  await process.stop();
}

async function expectSequenceGoesOn(reader: Client): Promise<void> {
  const last = (await reader.getChildren('/')).filter((name) => name.startsWith('log-')).length - 1;
  const next = await reader.create('/log-', null, { mode: 'persistent_sequential' });
  // Creates of keys count as well: no number comes twice.
  expect(Number(next.slice('/log-'.length))).toBeGreaterThan(last);
}

describe('a restored coordinator', () => {
  let directory: string;
  let file: string;
  let owner: Client;

  beforeAll(async () => {
    directory = temporaryDirectory();
    file = join(directory, 'x.backup');
    const { process, servers } = await serve('--data-dir', join(directory, 'data'), '--tick', '250ms');
    owner = await client(servers);
    const acl = [{ perms: 31, id: { scheme: 'digest', id: 'bob:ikIaKsbtGweaHnb/jKn7OHqbunM=' } }];
    await owner.create('/guarded', Buffer.from('g'), { acl });
    await owner.create('/container', null, { mode: 'container' });
    await owner.create('/e', Buffer.from('mine'), { mode: 'ephemeral' });
    expect(await coordinator('backup', '--data-dir', join(directory, 'data'), '--out', file)).toMatchObject({
      code: 0,
    });
    process.kill('SIGKILL');
    await process.exited;
  });

  test('has access lists, kinds of znodes and sessions, and gives those their time to come back', async () => {
    const data = join(directory, 'again');
    expect(await coordinator('restore', '--from', file, '--data-dir', data)).toMatchObject({ code: 0 });
    const tree = await coordinator('inspect', '--data-dir', data, '--tree', '--path', '/container', '--json');
    expect(JSON.parse(tree.stdout.trim().split('\n').at(-1) ?? '')).toMatchObject({ znode: { lifetime: 'container' } });
    const { process, servers } = await serve('--data-dir', data, '--tick', '250ms');
    const reader = await client(servers);
    expect((await reader.exists('/e'))?.ephemeralOwner).toBe(owner.sessionId);
    await expect(reader.getData('/guarded')).rejects.toMatchObject({ code: 'no_auth' });
    await eventually(async () => (await reader.exists('/e')) === undefined, {
      what: 'the session of the dead expires',
      deadlineMs: 20_000,
    });
    await reader.close();
    await process.stop();
  });

  test('is not restored over anything that is there', async () => {
    const refused = await coordinator('restore', '--from', file, '--data-dir', directory);
    expect(refused).toMatchObject({ code: 5, stdout: '' });
    expect(refused.stderr).toMatch(/is not empty \(it holds .*\): restore into an empty or a new directory/);
  });

  test('is not restored from a file with one changed byte', async () => {
    const bytes = readFileSync(file);
    bytes[bytes.length - 100] = (bytes[bytes.length - 100] as number) ^ 1;
    const damaged = join(directory, 'damaged.backup');
    writeFileSync(damaged, bytes);
    const refused = await coordinator('restore', '--from', damaged, '--data-dir', join(directory, 'never'));
    expect(refused.code).toBe(5);
    expect(refused.stderr).toMatch(/damaged\.backup is damaged at byte \d+: .*Nothing of it was used/);
    expect(readdirSync(directory)).not.toContain('never');
    const shown = await coordinator('inspect', '--file', damaged);
    expect(shown).toMatchObject({ code: 1, stdout: expect.stringMatching(/^damaged: /) });
  });
});

describe('reeve coordinator inspect', () => {
  test('shows where a log is damaged, and that a start would refuse it', async () => {
    const data = join(temporaryDirectory(), 'data');
    const { process, servers } = await serve('--data-dir', data);
    const writer = await client(servers);
    for (let i = 0; i < 20; i += 1) await writer.create(`/n${i}`, Buffer.from('some data'));
    await writer.close();
    await process.stop();
    expect(await coordinator('inspect', '--data-dir', data)).toMatchObject({ code: 0 });
    const log = join(data, readdirSync(data).find((name) => /^log\.[0-9a-f]+$/.test(name)) ?? '');
    const bytes = readFileSync(log);
    bytes[1_000] = (bytes[1_000] as number) ^ 1;
    writeFileSync(log, bytes);
    const { code, stdout } = await coordinator('inspect', '--data-dir', data);
    expect(code).toBe(1);
    expect(stdout).toMatch(/create {2}\/n1 {2}persistent/);
    expect(stdout).not.toMatch(/\/n19/);
    expect(stdout).toMatch(/^damaged: \S+ at byte \d+: a batch is broken/m);
    expect(stdout).toMatch(/^a start would refuse: /m);
  });
});

describe('reeve migrate between two coordinators', () => {
  test('makes the target equal to the source, and says so when compared', async () => {
    const directory = temporaryDirectory();
    const source = await serve('--data-dir', join(directory, 'a'));
    const target = await serve('--data-dir', join(directory, 'b'));
    const writer = await client(source.servers);
    await writer.create('/a', Buffer.from('1'));
    await writer.create('/a/b', null);
    await writer.create('/a/not', null);
    await writer.create('/c', null, { mode: 'container' });
    const sides = ['--from', source.servers, '--to', target.servers, '--exclude', '/a/not'];
    const words = ['migrate', ...sides, '--from-data-dir', join(directory, 'a'), '--verify'];
    const child = new TestProcess(reeve(...words), { env: { NO_COLOR: '1' } });
    expect(await child.exited).toEqual({ code: 0, signal: null });
    expect(child.stdout).toMatch(/^4 znodes, 3 created \(1 containers, 0 with a time to live\)/);
    expect(child.stdout).toMatch(/^both sides are equal: 4 znodes$/m);
    const reader = await client(target.servers);
    expect(await reader.getChildren('/a')).toEqual(['b']);
  });

  test('that stops half-way says so, and goes on where it is repeated', async () => {
    const directory = temporaryDirectory();
    const source = await serve('--data-dir', join(directory, 'a'));
    const target = await serve('--data-dir', join(directory, 'b'));
    const writer = await client(source.servers);
    await writer.create('/many', null);
    await Promise.all(Array.from({ length: 20_000 }, (_, i) => writer.create(`/many/${i}`, Buffer.from(`of ${i}`))));
    const words = ['migrate', '--from', source.servers, '--all-persistent'];
    // A copy takes long enough to be met half-way.
    const slow = await startFaultProxy(Number(target.servers.split(':')[1]));
    slow.delay(300);
    const copying = new TestProcess(reeve(...words, '--to', slow.address), { env: { NO_COLOR: '1' } });
    const reader = await client(target.servers);
    const begun = async () => ((await reader.exists('/many'))?.numChildren ?? 0) > 500;
    await eventually(begun, { what: 'the copy is under way' });
    target.process.kill('SIGKILL');
    expect(await copying.exited).toEqual({ code: 5, signal: null });
    expect(copying.stderr).toMatch(/^reeve: .*the target.*repeat with --continue$/m);
    await reader.close();
    const again = await serve('--data-dir', join(directory, 'b'));
    const going = new TestProcess(reeve(...words, '--to', again.servers, '--continue', '--verify'), {});
    expect(await going.exited).toEqual({ code: 0, signal: null });
    expect(going.stdout).toMatch(/^both sides are equal: 20002 znodes$/m);
  }, 60_000);
});
