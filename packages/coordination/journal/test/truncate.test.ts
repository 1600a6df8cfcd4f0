import { describe, expect, test } from '@jest/globals';
import { directory, entry, names, type Opened, opened, settingsOf, snapshotAt, written, zxids } from './fixtures.ts';
import { MemoryDisk } from './memory-disk.ts';

async function entriesOn(disk: MemoryDisk): Promise<number[]> {
  return zxids((await opened(settingsOf(disk))).entries);
}

function upTo(zxid: number): number[] {
  return Array.from({ length: zxid }, (_, i) => i + 1);
}

async function append(open: Opened, ...entries: ReturnType<typeof entry>[]): Promise<void> {
  open.log.persistedZxid = 0;
  open.journal.append(entries);
  await open.log.settled(entries.at(-1)?.zxid ?? 0);
}

describe('a log that is truncated', () => {
  test.each([0, 1, 7, 50, 99, 100, 1000])('at zxid %d ends there, at once and after a power cut', async (zxid) => {
    const disk = new MemoryDisk();
    const { journal } = await written(disk, 100, { segmentBytesMax: 1024 });
    await journal.truncate(zxid);
    const left = upTo(Math.min(zxid, 100));
    expect(journal.lastZxid).toBe(left.length);
    expect(await entriesOn(disk.afterPowerCut(() => false))).toEqual(left);
  });

  test('in the middle of what was written at once keeps the first part of it', async () => {
    const disk = new MemoryDisk();
    const open = await opened(settingsOf(disk));
    await append(open, ...upTo(10).map((zxid) => entry(zxid)));
    await open.journal.truncate(7);
    expect(await entriesOn(disk.afterPowerCut())).toEqual(upTo(7));
  });

  test('between two entries ends with the one before', async () => {
    const disk = new MemoryDisk();
    const open = await opened(settingsOf(disk));
    await append(open, entry(2), entry(4), entry(9));
    await open.journal.truncate(6);
    expect(open.journal.lastZxid).toBe(4);
    expect(await entriesOn(disk)).toEqual([2, 4]);
  });

  test('goes on with other entries of the same zxids', async () => {
    const disk = new MemoryDisk();
    const open = await written(disk, 10);
    await open.journal.truncate(6);
    await append(open, entry(7, 'another seventh'), entry(9, 'another ninth'));
    const { entries } = await opened(settingsOf(disk.afterPowerCut()));
    expect(entries.slice(5)).toEqual([entry(6), entry(7, 'another seventh'), entry(9, 'another ninth')]);
  });

  test('waits for what is under way, and none of it is written afterwards', async () => {
    const disk = new MemoryDisk();
    const { journal, log } = await opened(settingsOf(disk));
    for (const zxid of upTo(20)) journal.append([entry(zxid)]);
    await journal.truncate(5);
    expect([journal.lastZxid, journal.backlogBytes, log.persistedZxid]).toEqual([5, 0, 20]);
    await journal.close();
    expect(await entriesOn(disk)).toEqual(upTo(5));
  });

  test('takes nothing before it is done', async () => {
    const { journal } = await written(new MemoryDisk(), 3);
    const truncated = journal.truncate(2);
    expect(() => journal.append([entry(4)])).toThrow('nothing is appended to a log whose files are being changed');
    expect(journal.snapshotDue).toBe(false);
    await truncated;
    journal.append([entry(4)]);
    await journal.close();
  });

  test('is done before the journal closes', async () => {
    const disk = new MemoryDisk();
    const { journal } = await written(disk, 9);
    const truncated = journal.truncate(4);
    await journal.close();
    await truncated;
    expect(await entriesOn(disk)).toEqual(upTo(4));
  });
});

describe('snapshots and a log that is truncated', () => {
  test('those before the cut stay', async () => {
    const disk = new MemoryDisk();
    const open = await written(disk, 10);
    await snapshotAt(open, 5);
    await open.journal.truncate(5);
    const { snapshot, entries } = await opened(settingsOf(disk.afterPowerCut()));
    expect([snapshot?.zxid, entries]).toEqual([5, []]);
  });

  test.each([
    ['is beyond the cut', 8, 8],
    ['holds traces from beyond the cut', 6, 9],
  ])('one that %s goes when an older one makes up for it', async (_, zxid, lastZxidSeen) => {
    const disk = new MemoryDisk();
    const open = await written(disk, 5);
    await snapshotAt(open, 5);
    await written(disk, 0);
    for (let next = 6; next <= 10; next += 1) await append(open, entry(next));
    await snapshotAt(open, zxid, lastZxidSeen);
    await open.journal.truncate(7);
    expect(names(disk)).not.toContain(`snapshot.${zxid}`);
    const { snapshot, entries } = await opened(settingsOf(disk.afterPowerCut(() => false)));
    expect([snapshot?.zxid, zxids(entries)]).toEqual([5, [6, 7]]);
  });

  test('one beyond the cut that nothing makes up for is not given up', async () => {
    const disk = new MemoryDisk();
    const open = await written(disk, 10);
    await snapshotAt(open, 8);
    await append(open, entry(11));
    disk.files.delete(`${directory}/log.1`);
    const before = names(disk);
    await expect(open.journal.truncate(7)).rejects.toMatchObject({
      code: 'beyond_snapshot',
      message: expect.stringMatching(/^\/data cannot be taken back to zxid 0x7: its snapshots go beyond that.*leader$/),
    });
    expect(names(disk)).toEqual(before);
    await append(open, entry(12));
    expect([open.journal.lastZxid, open.log.faults]).toEqual([12, []]);
  });

  test('one that is being made is given up', async () => {
    const disk = new MemoryDisk();
    const open = await written(disk, 5);
    function* endless() {
      for (;;) yield Buffer.alloc(1000);
    }
    const snapshot = open.journal.snapshot({ zxid: 5, slices: endless(), lastZxidSeen: () => 5 });
    await open.journal.truncate(3);
    await snapshot;
    expect(names(disk)).toEqual(['log.1']);
    await snapshotAt(open, 3);
    expect(names(disk)).toContain('snapshot.3');
  });
});

describe('a disk that fails while the log is truncated', () => {
  test('before anything counts changes nothing, and the log goes on', async () => {
    const disk = new MemoryDisk();
    const open = await written(disk, 10);
    disk.freeBytes = 50;
    await expect(open.journal.truncate(7)).rejects.toMatchObject({ code: 'ENOSPC' });
    disk.freeBytes = Number.POSITIVE_INFINITY;
    await append(open, entry(11));
    expect([open.log.faults, names(disk)]).toEqual([[], ['log.1']]);
    expect(await entriesOn(disk)).toEqual(upTo(11));
  });

  test('in the middle of it leaves the rest to a restart', async () => {
    const disk = new MemoryDisk();
    const open = await written(disk, 100, { segmentBytesMax: 1024 });
    disk.changesUntilPowerCut = disk.changes + 8;
    await expect(open.journal.truncate(7)).rejects.toMatchObject({ code: 'EPOWER' });
    expect(open.log.faults).toMatchObject([{ code: 'disk_failed' }]);
    await expect(open.journal.truncate(7)).rejects.toMatchObject({ code: 'log_unwritable' });
  });
});

describe('a crash while the log is truncated', () => {
  const settings = { segmentBytesMax: 256, logDirectory: '/log' };

  /** A log of several files with a snapshot that has to go, made once. */
  const base = (async () => {
    const disk = new MemoryDisk();
    const open = await opened(settingsOf(disk, settings));
    for (let first = 1; first <= 20; first += 5) await append(open, ...upTo(5).map((nth) => entry(first + nth - 1)));
    await snapshotAt(open, 5);
    await snapshotAt(open, 20);
    await open.journal.close();
    return disk;
  })();

  async function prepared(): Promise<{ disk: MemoryDisk; open: Opened }> {
    const disk = (await base).afterKill();
    const open = await opened(settingsOf(disk, settings));
    await append(open, ...upTo(5).map((nth) => entry(20 + nth)));
    return { disk, open };
  }

  const survivals: Readonly<Record<string, (disk: MemoryDisk) => MemoryDisk>> = {
    'a kill': (disk) => disk.afterKill(),
    'a power cut that loses all new names': (disk) => disk.afterPowerCut(() => false),
    'a power cut that keeps all new names': (disk) => disk.afterPowerCut(),
    'a power cut that keeps every other new name': (disk) => disk.afterPowerCut((index) => index % 2 === 1),
  };

  test.each(Object.keys(survivals))(
    'by %s, at any change of the disk, leaves a beginning that reaches the cut',
    async (how) => {
      const whole = await prepared();
      const before = whole.disk.changes;
      await whole.open.journal.truncate(12);
      const changes = whole.disk.changes - before;
      expect(changes).toBeGreaterThan(8);
      const lengths = new Set<number>();
      for (let at = 0; at <= changes; at += 1) {
        const { disk, open } = await prepared();
        disk.changesUntilPowerCut = disk.changes + at;
        await open.journal.truncate(12).catch(() => undefined);
        const left = survivals[how]?.(disk) ?? disk;
        const { recovered, journal } = await opened(settingsOf(left, settings));
        const { snapshot, entries } = await opened(settingsOf(left, settings));
        expect([...upTo(snapshot?.zxid ?? 0), ...zxids(entries)]).toEqual(upTo(recovered.lastZxid));
        expect(recovered.lastZxid).toBeGreaterThanOrEqual(12);
        expect([...left.files.keys()]).not.toContain('/log/log.cut');
        lengths.add(recovered.lastZxid);
        await journal.truncate(12);
        expect(journal.lastZxid).toBe(12);
      }
      expect(Math.min(...lengths)).toBe(12);
      expect(Math.max(...lengths)).toBe(25);
    },
  );
});
