import { describe, expect, test } from '@jest/globals';
import { entry, names, type Opened, opened, settingsOf, snapshotAt, written, zxids } from './fixtures.ts';
import { MemoryDisk } from './memory-disk.ts';

async function installed(open: Opened, zxid: number): Promise<void> {
  const incoming = open.journal.install(zxid);
  await incoming.take(Buffer.from(`leader at ${zxid}`));
  await incoming.take(Buffer.from('and more'));
  await incoming.finish(zxid);
}

function slicesAt(zxid: number): string[] {
  return [`leader at ${zxid}`, 'and more'];
}

describe('a snapshot that comes from another member', () => {
  test.each([3, 10, 40])('as of zxid %d is all there is afterwards, whatever was there before', async (zxid) => {
    const disk = new MemoryDisk();
    const open = await written(disk, 20);
    await snapshotAt(open, 5);
    await snapshotAt(open, 15);
    await installed(open, zxid);
    expect(open.journal.lastZxid).toBe(zxid);
    expect(names(disk).filter((name) => name !== 'log.spare')).toEqual([`snapshot.${zxid.toString(16)}`]);
    const { snapshot, entries, recovered } = await opened(settingsOf(disk.afterPowerCut(() => false)));
    expect(snapshot).toEqual({ zxid, slices: slicesAt(zxid) });
    expect([entries, recovered.lastZxid]).toEqual([[], zxid]);
  });

  test('is followed by the entries that are appended', async () => {
    const disk = new MemoryDisk();
    const open = await written(disk, 20);
    await installed(open, 10);
    open.log.persistedZxid = 0;
    open.journal.append([entry(12, 'theirs')]);
    await open.log.settled(12);
    const { snapshot, entries } = await opened(settingsOf(disk.afterPowerCut(() => false)));
    expect([snapshot?.zxid, entries]).toEqual([10, [entry(12, 'theirs')]]);
  });

  test('leaves the journal as it was until it is finished', async () => {
    const disk = new MemoryDisk();
    const open = await written(disk, 5);
    const incoming = open.journal.install(9);
    await incoming.take(Buffer.from('half of it'));
    await written(disk.afterPowerCut(), 5);
    open.journal.append([entry(6)]);
    await open.log.settled(6);
    expect(zxids((await opened(settingsOf(disk.afterPowerCut()))).entries)).toEqual([1, 2, 3, 4, 5, 6]);
  });

  test('is forgotten when it is abandoned, and another may come', async () => {
    const disk = new MemoryDisk();
    const open = await written(disk, 5);
    const incoming = open.journal.install(9);
    const taken = incoming.take(Buffer.from('half of it'));
    expect(() => open.journal.install(10)).toThrow('one snapshot is installed at a time');
    await incoming.abandon();
    await taken;
    expect(names(disk)).toEqual(['log.1']);
    await expect(incoming.take(Buffer.from('more'))).rejects.toThrow('takes no slices');
    await installed(open, 8);
    expect(open.journal.lastZxid).toBe(8);
  });

  test('is abandoned when the journal closes', async () => {
    const disk = new MemoryDisk();
    const open = await written(disk, 5);
    await open.journal.install(9).take(Buffer.from('half of it'));
    await open.journal.close();
    expect(names(disk)).toEqual(['log.1']);
  });

  test('that holds traces of what came after it is refused', async () => {
    const disk = new MemoryDisk();
    const open = await written(disk, 5);
    await expect(open.journal.install(9).finish(11)).rejects.toThrow('as of 9 holds traces up to 11');
    expect([names(disk), open.journal.lastZxid]).toEqual([['log.1'], 5]);
  });

  test('that does not fit on the disk changes nothing, and the log goes on', async () => {
    const disk = new MemoryDisk();
    const open = await written(disk, 5);
    disk.freeBytes = 100;
    const incoming = open.journal.install(9);
    const taken = incoming.take(Buffer.alloc(200));
    await expect(taken).rejects.toMatchObject({ code: 'ENOSPC' });
    await expect(incoming.finish(9)).rejects.toMatchObject({ code: 'ENOSPC' });
    disk.freeBytes = Number.POSITIVE_INFINITY;
    open.journal.append([entry(6)]);
    await open.log.settled(6);
    expect([names(disk), open.log.faults, open.journal.lastZxid]).toEqual([['log.1'], [], 6]);
  });

  test('whose disk fails when it takes the place of the rest leaves that to a restart', async () => {
    const disk = new MemoryDisk();
    const open = await written(disk, 20);
    const incoming = open.journal.install(9);
    await incoming.take(Buffer.from('theirs'));
    disk.changesUntilPowerCut = disk.changes + 5;
    await expect(incoming.finish(9)).rejects.toMatchObject({ code: 'EPOWER' });
    expect(open.log.faults).toMatchObject([{ code: 'disk_failed' }]);
    expect((await opened(settingsOf(disk.afterKill()))).snapshot).toEqual({ zxid: 9, slices: ['theirs'] });
  });

  test('counts for when the next snapshot is due', async () => {
    const open = await written(new MemoryDisk(), 12);
    expect(open.journal.snapshotDue).toBe(true);
    await installed(open, 20);
    expect(open.journal.snapshotDue).toBe(false);
  });
});

describe('a crash while a snapshot from another member is installed', () => {
  const settings = { segmentBytesMax: 256, logDirectory: '/log' };

  /** A journal of several files and two snapshots, made once. */
  const base = (async () => {
    const disk = new MemoryDisk();
    const open = await opened(settingsOf(disk, settings));
    for (let zxid = 1; zxid <= 19; zxid += 1) {
      open.journal.append([entry(zxid)]);
      await open.log.settled(zxid);
      if (zxid === 8 || zxid === 16) await snapshotAt(open, zxid);
    }
    await open.journal.close();
    return disk;
  })();

  async function prepared(): Promise<{ disk: MemoryDisk; open: Opened }> {
    const disk = (await base).afterKill();
    const open = await opened(settingsOf(disk, settings));
    open.journal.append([entry(20)]);
    await open.log.settled(20);
    return { disk, open };
  }

  const survivals: Readonly<Record<string, (disk: MemoryDisk) => MemoryDisk>> = {
    'a kill': (disk) => disk.afterKill(),
    'a power cut that loses all new names': (disk) => disk.afterPowerCut(() => false),
    'a power cut that keeps all new names': (disk) => disk.afterPowerCut(),
    'a power cut that keeps every other new name': (disk) => disk.afterPowerCut((index) => index % 2 === 1),
    'a power cut that keeps the first new name': (disk) => disk.afterPowerCut((index) => index === 0),
    'a power cut that keeps the third new name': (disk) => disk.afterPowerCut((index) => index === 2),
  };

  test.each(Object.keys(survivals))(
    'by %s, at any change of the disk, leaves the old or the new whole',
    async (how) => {
      const old = [16, 'state at 16', 'and more', ...Array.from({ length: 4 }, (_, i) => entry(17 + i))];
      const fresh = [10, ...slicesAt(10)];
      const whole = await prepared();
      const before = whole.disk.changes;
      await installed(whole.open, 10);
      const changes = whole.disk.changes - before;
      const found: unknown[] = [];
      for (let at = 0; at <= changes; at += 1) {
        const { disk, open } = await prepared();
        disk.changesUntilPowerCut = disk.changes + at;
        await installed(open, 10).catch(() => undefined);
        const left = survivals[how]?.(disk) ?? disk;
        const first = await opened(settingsOf(left, settings));
        const content = [first.snapshot?.zxid, ...(first.snapshot?.slices ?? []), ...first.entries];
        expect([old, fresh]).toContainEqual(content);
        expect([...left.files.keys()].filter((path) => path.includes('install'))).toEqual([]);
        first.journal.append([entry(30)]);
        await first.log.settled(30);
        const second = await opened(
          settingsOf(
            left.afterPowerCut(() => false),
            settings,
          ),
        );
        expect([second.snapshot, second.entries]).toEqual([first.snapshot, [...first.entries, entry(30)]]);
        found.push(content);
      }
      expect([found[0], found.at(-1)]).toEqual([old, fresh]);
    },
  );
});
