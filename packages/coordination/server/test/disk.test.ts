import { afterEach, describe, expect, test } from '@jest/globals';
import { eventually, temporaryDirectory } from '@reeve/testkit';
import { coordinatorConfig } from '../src/config.ts';
import { type Coordinator, createServer } from '../src/coordinator.ts';
import { HeldDisk } from './held-disk.ts';
import { RawClient, word } from './raw-client.ts';

const running: Coordinator[] = [];

async function started(dataDirectory: string, disk: HeldDisk): Promise<{ port: number; client: RawClient }> {
  const config = coordinatorConfig({ dataDirectory, port: 0, fourLetterWords: 'all' });
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
  await word(port, 'ruok');
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
    await answeredBefore(client.exists('/'), port);
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
    expect(await word(port, 'isro')).toBe('ro');
    disk.failing = undefined;
    await eventually(async () => (await again.create('/after')).error === 'ok', { what: 'writes are taken again' });
    expect(await word(port, 'isro')).toBe('rw');
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
});
