import { readdirSync, rmSync } from 'node:fs';
import { afterEach, describe, expect, test } from '@jest/globals';
import { eventually, fourLetterWord, RawClient, temporaryDirectory } from '@reeve/testkit';
import { coordinatorConfig } from '../src/config.ts';
import { type Coordinator, createServer } from '../src/coordinator.ts';
import { HeldDisk } from './held-disk.ts';

const running: Coordinator[] = [];

async function started(dataDirectory: string, disk: HeldDisk): Promise<{ port: number; client: RawClient }> {
  const small = { snapshotEntries: 50, segmentBytesMax: 64 * 1024 };
  const config = coordinatorConfig({ dataDirectory, port: 0, fourLetterWords: 'all', ...small });
  const coordinator = await createServer(config, { disk });
  running.push(coordinator);
  return { port: coordinator.port, client: await RawClient.open(coordinator.port) };
}

afterEach(async () => {
  for (const coordinator of running.splice(0)) await coordinator.stop();
});

/** Whether `promise` settles before a read that is asked for after it is answered on another connection. */
async function answeredBefore(promise: Promise<unknown>, port: number): Promise<boolean> {
  let answered = false;
  void promise.then(() => {
    answered = true;
  });
  const other = await RawClient.silent(port);
  await other.destroy();
  await fourLetterWord(port, 'ruok');
  return answered;
}

describe('a coordinator', () => {
  test('acknowledges nothing before the disk has it, and answers reads meanwhile', async () => {
    const disk = new HeldDisk();
    const { client, port } = await started(temporaryDirectory(), disk);
    const reader = await RawClient.open(port);
    disk.hold();
    const write = client.create('/later');
    expect(await reader.exists('/later')).toBe(false);
    expect(await answeredBefore(write, port)).toBe(false);
    disk.release();
    expect((await write).error).toBe('ok');
    expect(await reader.exists('/later')).toBe(true);
  });

  test('shares one write among all that waits for the disk', async () => {
    const disk = new HeldDisk();
    const { client, port } = await started(temporaryDirectory(), disk);
    disk.hold();
    const before = disk.writes;
    const writes = Array.from({ length: 1000 }, (_, i) => client.create(`/n${i}`));
    // Everything must have arrived: a busy machine takes requests in several turns.
    await eventually(async () => (await fourLetterWord(port, 'mntr')).includes('zk_outstanding_requests\t1000\n'), {
      what: 'a thousand writes wait for the disk',
    });
    disk.release();
    expect((await Promise.all(writes)).every(({ error }) => error === 'ok')).toBe(true);
    expect(disk.writes - before).toBeLessThan(10);
  });

  test('whose disk is full refuses writes, serves reads, and takes writes again when there is space', async () => {
    const directory = temporaryDirectory();
    const disk = new HeldDisk();
    const { client, port } = await started(directory, disk);
    expect((await client.create('/before', 'kept')).error).toBe('ok');
    disk.failing = 'ENOSPC';
    // Its fate is not known to the client: the connection goes, and the session stays.
    expect((await client.create('/unknown')).error).toBe('lost');
    const again = await RawClient.open(port, client.ticket);
    expect(await again.data('/before')).toBe('kept');
    expect((await again.create('/refused')).error).toBe('not_read_only');
    expect(await fourLetterWord(port, 'isro')).toBe('ro');
    disk.failing = undefined;
    await eventually(async () => (await again.create('/after')).error === 'ok', { what: 'writes are taken again' });
    expect(await fourLetterWord(port, 'isro')).toBe('rw');
    await running.splice(0)[0]?.stop();
    const { client: last } = await started(directory, new HeldDisk());
    const there = await Promise.all(['/before', '/unknown', '/refused', '/after'].map((path) => last.exists(path)));
    expect(there).toEqual([true, false, false, true]);
  });

  test('whose disk fails serves reads until it is restarted', async () => {
    const directory = temporaryDirectory();
    const disk = new HeldDisk();
    const { client, port } = await started(directory, disk);
    expect((await client.create('/before', 'kept')).error).toBe('ok');
    disk.failing = 'EIO';
    expect((await client.create('/unknown')).error).toBe('lost');
    disk.failing = undefined;
    const again = await RawClient.open(port, client.ticket);
    expect(await again.data('/before')).toBe('kept');
    expect((await again.create('/refused')).error).toBe('not_read_only');
    await running.splice(0)[0]?.stop();
    const { client: last } = await started(directory, new HeldDisk());
    expect(await last.data('/before')).toBe('kept');
    expect((await last.create('/after')).error).toBe('ok');
  });

  test('whose disk has no room for a snapshot goes on, leaves nothing behind, and takes one when there is space', async () => {
    const directory = temporaryDirectory();
    const disk = new HeldDisk();
    const { client } = await started(directory, disk);
    disk.failing = 'ENOSPC';
    disk.failingFiles = /snapshot/;
    for (let i = 0; i < 120; i += 1) expect((await client.create(`/n${i}`)).error).toBe('ok');
    await eventually(() => snapshots(directory).length === 0, { what: 'nothing is left of a snapshot' });
    disk.failing = undefined;
    for (let i = 120; i < 240; i += 1) expect((await client.create(`/n${i}`)).error).toBe('ok');
    await eventually(() => snapshots(directory).some(isWhole), { what: 'a snapshot is taken' });
    await running.splice(0)[0]?.stop();
    const { client: last } = await started(directory, new HeldDisk());
    for (let i = 0; i < 240; i += 1) expect(await last.exists(`/n${i}`)).toBe(true);
  });

  test('whose directory has become read-only refuses writes when it needs another file, and serves reads', async () => {
    const directory = temporaryDirectory();
    const disk = new HeldDisk();
    const { client, port } = await started(directory, disk);
    expect((await client.create('/before', 'kept')).error).toBe('ok');
    disk.failingToMake = 'EROFS';
    const answers: string[] = [];
    for (let i = 0; i < 40 && answers.at(-1) !== 'lost'; i += 1) {
      answers.push((await client.create(`/n${i}`, 'x'.repeat(4_000))).error);
    }
    expect(answers.slice(0, -1).every((error) => error === 'ok')).toBe(true);
    expect(answers.at(-1)).toBe('lost');
    const again = await RawClient.open(port, client.ticket);
    expect((await again.create('/refused')).error).toBe('not_read_only');
    expect(await again.data('/before')).toBe('kept');
    await running.splice(0)[0]?.stop();
    const { client: last } = await started(directory, new HeldDisk());
    for (let i = 0; i < answers.length - 1; i += 1) expect(await last.exists(`/n${i}`)).toBe(true);
  });

  test('whose directory is removed stops acknowledging writes within seconds, and serves reads', async () => {
    const directory = temporaryDirectory();
    const { client, port } = await started(directory, new HeldDisk());
    expect((await client.create('/before', 'kept')).error).toBe('ok');
    rmSync(directory, { recursive: true });
    let n = 0;
    const refused = async () => (await client.create(`/n${n++}`)).error === 'lost';
    await eventually(refused, { what: 'the missing log is noticed', deadlineMs: 5_000 });
    const again = await RawClient.open(port, client.ticket);
    expect((await again.create('/refused')).error).toBe('not_read_only');
    expect(await again.data('/before')).toBe('kept');
    expect(await fourLetterWord(port, 'isro')).toBe('ro');
  });
});

function snapshots(directory: string): string[] {
  return readdirSync(directory).filter((name) => name.startsWith('snapshot'));
}

function isWhole(name: string): boolean {
  return name !== 'snapshot.tmp';
}
