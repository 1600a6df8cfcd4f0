import { crc32 } from 'node:zlib';
import { describe, expect, test } from '@jest/globals';
import { codeOf } from '@reeve/base';
import { Batch } from '../src/batch.ts';
import type { DiskFile, OpenMode } from '../src/disk.ts';
import { directory, entry, names, opened, settingsOf, snapshotAt, written, zxids } from './fixtures.ts';
import { MemoryDisk } from './memory-disk.ts';

/** A disk on which a write that holds a certain text does not end before it may. */
class HoldingDisk extends MemoryDisk {
  readonly events: string[] = [];
  release = () => {};
  readonly #released = new Promise<void>((resolve) => {
    this.release = resolve;
  });

  override async open(path: string, mode: OpenMode): Promise<DiskFile> {
    const file = await super.open(path, mode);
    const write = file.write.bind(file);
    file.write = async (bytes, position) => {
      const isHeld = Buffer.from(bytes).includes('held');
      if (isHeld) await this.#released;
      await write(bytes, position);
      if (isHeld) this.events.push('the entry is on disk');
    };
    return file;
  }

  override async rename(from: string, to: string): Promise<void> {
    await super.rename(from, to);
    this.events.push(`${to} is whole`);
  }
}

async function refusal(disk: MemoryDisk): Promise<{ code: string | undefined; message: string }> {
  const error: unknown = await opened(settingsOf(disk)).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  return { code: codeOf(error), message: String(error) };
}

function bytesOf(disk: MemoryDisk, name: string): Buffer {
  return disk.files.get(`${directory}/${name}`)?.bytes ?? Buffer.alloc(0);
}

async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

function flip(disk: MemoryDisk, name: string, offset: number): void {
  const bytes = bytesOf(disk, name);
  bytes[offset] = (bytes[offset] as number) ^ 0x10;
}

describe('a journal', () => {
  test('an empty directory gives nothing back', async () => {
    const { recovered, entries, snapshot } = await opened(settingsOf(new MemoryDisk()));
    expect(recovered).toMatchObject({ lastZxid: 0, entries: 0, tornBytes: 0 });
    expect([entries, snapshot]).toEqual([[], undefined]);
  });

  test('what was acknowledged comes back after a power cut, in order and byte for byte', async () => {
    const disk = new MemoryDisk();
    await written(disk, 25);
    const { entries } = await opened(settingsOf(disk.afterPowerCut()));
    expect(entries).toEqual(Array.from({ length: 25 }, (_, i) => entry(i + 1)));
  });

  test('entries that come while a write is running share the next one', async () => {
    const disk = new MemoryDisk();
    const { journal, log } = await opened(settingsOf(disk));
    for (let zxid = 1; zxid <= 50; zxid += 1) journal.append([entry(zxid)]);
    const said: number[] = [];
    await log.until(() => {
      said.push(log.persistedZxid);
      return log.persistedZxid === 50;
    });
    expect(said).toEqual([0, 1, 50]);
  });

  test('an entry larger than a log file gets a file of its own', async () => {
    const disk = new MemoryDisk();
    const { journal, log } = await opened(settingsOf(disk));
    journal.append([entry(1)]);
    await log.settled(1);
    journal.append([entry(2, 'x'.repeat(10_000))]);
    await log.settled(2);
    await journal.close();
    const { entries } = await opened(settingsOf(disk));
    expect(entries.map(({ payload }) => payload.length)).toEqual([9, 10_000]);
    expect(names(disk)).toEqual(['log.1', 'log.2']);
  });

  test('the log goes on in new files, and closing leaves no zeros behind', async () => {
    const disk = new MemoryDisk();
    const { journal } = await written(disk, 200);
    await journal.close();
    expect(names(disk).length).toBeGreaterThan(2);
    expect(names(disk).every((name) => /^log\.[0-9a-f]+$/.test(name))).toBe(true);
    expect((await opened(settingsOf(disk))).entries).toHaveLength(200);
  });

  test('a file that has to grow is left for the first that was prepared, which is filled to its end', async () => {
    const disk = new MemoryDisk();
    const first = await written(disk, 50);
    expect(names(disk).filter((name) => name !== 'log.spare')).toHaveLength(2);
    expect(bytesOf(disk, 'log.1').length).toBeLessThan(4096);
    for (let zxid = 51; zxid <= 80; zxid += 1) {
      first.journal.append([entry(zxid)]);
      await first.log.settled(zxid);
    }
    expect(names(disk).filter((name) => name !== 'log.spare')).toHaveLength(2);
    expect((await opened(settingsOf(disk.afterPowerCut()))).entries).toHaveLength(80);
  });

  test('a prepared file that somebody removes is made up for', async () => {
    const disk = new MemoryDisk();
    const open = await written(disk, 35);
    for (let zxid = 36; zxid <= 100; zxid += 1) {
      disk.files.delete(`${directory}/log.spare`);
      open.journal.append([entry(zxid)]);
      await open.log.settled(zxid);
    }
    expect(open.log.faults).toEqual([]);
    expect((await opened(settingsOf(disk))).entries).toHaveLength(100);
  });

  test('appending goes on after a restart', async () => {
    const disk = new MemoryDisk();
    await (await written(disk, 3)).journal.close();
    await (await written(disk, 6)).journal.close();
    expect(zxids((await opened(settingsOf(disk))).entries)).toEqual([1, 2, 3, 4, 5, 6]);
  });

  test('a snapshot is due after so many entries, and again after as many more', async () => {
    const open = await written(new MemoryDisk(), 9);
    expect(open.journal.snapshotDue).toBe(false);
    open.journal.append([entry(10)]);
    await open.log.settled(10);
    expect(open.journal.snapshotDue).toBe(true);
    await snapshotAt(open, 10);
    expect(open.journal.snapshotDue).toBe(false);
  });

  test('a snapshot comes back slice by slice, then the entries after it', async () => {
    const disk = new MemoryDisk();
    const open = await written(disk, 12);
    await snapshotAt(open, 10, 12);
    open.journal.append([entry(13)]);
    await open.log.settled(13);
    const { snapshot, entries, recovered } = await opened(settingsOf(disk.afterPowerCut()));
    expect(snapshot).toEqual({ zxid: 10, slices: ['state at 10', 'and more'] });
    expect(zxids(entries)).toEqual([11, 12, 13]);
    expect(recovered).toMatchObject({ snapshotZxid: 10, lastZxid: 13, entries: 3 });
  });

  test('only the newest snapshots are kept, with the logs they need', async () => {
    const disk = new MemoryDisk();
    const open = await written(disk, 10, { segmentBytesMax: 512 });
    for (const zxid of [10, 20, 30, 40]) {
      for (let next = open.journal.lastZxid + 1; next <= zxid + 1; next += 1) open.journal.append([entry(next)]);
      await open.log.settled(zxid + 1);
      await snapshotAt(open, zxid);
    }
    await open.journal.close();
    expect(names(disk)).toEqual(['log.17', 'log.21', 'snapshot.1e', 'snapshot.28']);
    disk.files.delete(`${directory}/snapshot.28`);
    expect(zxids((await opened(settingsOf(disk))).entries).at(-1)).toBe(41);
  });

  test('a snapshot that is being written when the journal closes is given up', async () => {
    const disk = new MemoryDisk();
    const open = await written(disk, 3);
    function* endless() {
      for (;;) yield Buffer.alloc(1000);
    }
    const snapshot = open.journal.snapshot({ zxid: 3, slices: endless(), lastZxidSeen: () => 3 });
    await open.journal.close();
    await snapshot;
    expect(names(disk)).toEqual(['log.1']);
  });

  test('a snapshot with traces of an entry ends only when the log on disk has that entry', async () => {
    const disk = new HoldingDisk();
    const { journal } = await written(disk, 3);
    journal.append([entry(4, 'held')]);
    const lastZxidSeen = () => {
      void turns(20).then(disk.release);
      return 4;
    };
    await journal.snapshot({ zxid: 3, slices: [Buffer.from('state at 3')], lastZxidSeen });
    expect(disk.events).toEqual(['the entry is on disk', `${directory}/snapshot.3 is whole`]);
    await journal.close();
  });

  test('a snapshot with traces of an entry that the log will never have is given up', async () => {
    const disk = new MemoryDisk();
    const open = await written(disk, 3);
    await snapshotAt(open, 3, 4);
    expect(names(disk)).toEqual(['log.1']);
  });

  test('a snapshot that fails changes nothing and is tried later', async () => {
    const disk = new MemoryDisk();
    const open = await written(disk, 3);
    disk.failing = 'ENOSPC';
    await snapshotAt(open, 3);
    disk.failing = undefined;
    expect(names(disk)).toEqual(['log.1']);
    await snapshotAt(open, 3);
    expect(names(disk)).toContain('snapshot.3');
  });
});

describe('damage', () => {
  test('a damaged newest snapshot falls back to the one before it and its logs', async () => {
    const disk = new MemoryDisk();
    const open = await written(disk, 10);
    await snapshotAt(open, 5);
    await snapshotAt(open, 10);
    flip(disk, 'snapshot.a', 45);
    const { snapshot, entries } = await opened(settingsOf(disk));
    expect(snapshot?.zxid).toBe(5);
    expect(zxids(entries)).toEqual([6, 7, 8, 9, 10]);
  });

  test('a damaged only snapshot is made up for by a log that begins at the beginning', async () => {
    const disk = new MemoryDisk();
    await snapshotAt(await written(disk, 10), 10);
    flip(disk, 'snapshot.a', 45);
    expect(zxids((await opened(settingsOf(disk))).entries)).toHaveLength(10);
  });

  test('a damaged only snapshot whose log is gone is refused by name', async () => {
    const disk = new MemoryDisk();
    await snapshotAt(await written(disk, 10), 10);
    flip(disk, 'snapshot.a', 45);
    disk.files.delete(`${directory}/log.1`);
    const { code, message } = await refusal(disk);
    expect(code).toBe('snapshot_corrupt');
    expect(message).toContain('/data/snapshot.a is damaged (the checksum of the slice at byte 32 does not match)');
  });

  test('a damaged snapshot proves how far the log must reach', async () => {
    const disk = new MemoryDisk();
    const open = await written(disk, 5);
    await snapshotAt(open, 5);
    open.journal.append([entry(6)]);
    await open.log.settled(6);
    await snapshotAt(open, 6);
    flip(disk, 'snapshot.6', 45);
    disk.files.delete(`${directory}/log.1`);
    const { code, message } = await refusal(disk);
    expect(code).toBe('log_missing');
    expect(message).toContain('the log ends there, but a snapshot shows that it went on to 0x6');
  });

  test('a lost log file in the middle is refused, and says which zxid is missing', async () => {
    const disk = new MemoryDisk();
    await (await written(disk, 200)).journal.close();
    const lost = names(disk)[1] as string;
    disk.files.delete(`${directory}/${lost}`);
    const { code, message } = await refusal(disk);
    expect(code).toBe('log_missing');
    expect(message).toContain(
      `lacks the log that follows zxid 0x${(Number.parseInt(lost.slice(4), 16) - 1).toString(16)}`,
    );
  });

  test('a damaged batch with good ones behind it is refused with file, offset and what to do', async () => {
    const disk = new MemoryDisk();
    await written(disk, 3);
    flip(disk, 'log.1', 32 + 32 + 14);
    const { code, message } = await refusal(disk);
    expect(code).toBe('log_corrupt');
    expect(message).toContain(
      '/data/log.1 is damaged at byte 32: a batch is broken, and a good one follows at byte 96',
    );
    expect(message).toContain('truncate the file to 32 bytes');
  });

  test('a batch that looks torn, but has good ones behind it, is damage', async () => {
    const disk = new MemoryDisk();
    await written(disk, 3);
    bytesOf(disk, 'log.1').fill(0, 32, 96);
    expect((await refusal(disk)).code).toBe('log_corrupt');
  });

  test('a last batch that was written whole and has rotted is refused, not taken for a torn one', async () => {
    const disk = new MemoryDisk();
    await written(disk, 1);
    flip(disk, 'log.1', 32 + 32 + 14);
    expect((await refusal(disk)).code).toBe('log_corrupt');
  });

  test('a directory of Apache ZooKeeper is not taken for an empty one', async () => {
    const disk = new MemoryDisk();
    await disk.open(`${directory}/version-2`, 'buffered');
    expect(await refusal(disk)).toMatchObject({ code: 'foreign_data' });
  });

  test('a file of a later format is left alone', async () => {
    const disk = new MemoryDisk();
    await written(disk, 1);
    const bytes = bytesOf(disk, 'log.1');
    bytes.writeUInt32BE(7, 8);
    bytes.writeUInt32BE(crc32(bytes.subarray(0, 12)), 12);
    expect(await refusal(disk)).toMatchObject({ code: 'format_unknown' });
  });

  test('a file of the format before is refused with what to do', async () => {
    const disk = new MemoryDisk();
    const header = Buffer.alloc(32);
    header.write('ReeveLog');
    header.writeUInt32BE(1, 8);
    header.writeUInt32BE(crc32(header.subarray(0, 12)), 12);
    header.write('mark', 28);
    await (await disk.open(`${directory}/log.1`, 'durable')).write(header, 0);
    expect((await refusal(disk)).message).toContain(
      '/data/log.1 is of format 1, and this version of Reeve reads format 2 only: start the version that wrote it, or',
    );
  });

  test('a file whose head is gone, but not what follows it, is not taken for one that was just begun', async () => {
    const disk = new MemoryDisk();
    await written(disk, 20);
    bytesOf(disk, 'log.1').fill(0, 0, 512);
    expect((await refusal(disk)).code).toBe('log_corrupt');
  });
});

/** An empty batch, again and again at every alignment that its place in the file may have. */
function crafted(nonce: number): Buffer {
  const evil = new Batch(1000).seal(0, nonce).subarray(0, 32);
  const data = Buffer.alloc(33 * 32 + 64, 'A');
  for (let shift = 0; shift < 32; shift += 1) evil.copy(data, 33 * shift);
  return data;
}

describe('a client that writes what looks like the log', () => {
  test('cannot pass for a batch that follows a torn one, whatever it knows', async () => {
    const disk = new MemoryDisk();
    const { journal, log } = await written(disk, 1);
    const nonce = bytesOf(disk, 'log.1').readUInt32BE(16);
    journal.append([{ zxid: 2, payload: Buffer.concat([crafted(nonce), Buffer.alloc(2000, 'B')]) }]);
    await log.settled(2);
    bytesOf(disk, 'log.1').fill(0, 2048);
    expect(zxids((await opened(settingsOf(disk))).entries)).toEqual([1]);
  });

  test('cannot pass for a batch where the head of the torn one never reached the disk', async () => {
    const disk = new MemoryDisk();
    const { journal, log } = await written(disk, 1);
    const nonce = bytesOf(disk, 'log.1').readUInt32BE(16);
    journal.append([{ zxid: 2, payload: Buffer.concat([Buffer.alloc(500, 'B'), crafted((nonce + 1) >>> 0)]) }]);
    await log.settled(2);
    bytesOf(disk, 'log.1').fill(0, 96, 512);
    expect(zxids((await opened(settingsOf(disk))).entries)).toEqual([1]);
  });

  test('cannot foretell what batches are known by, because each file has a nonce of its own', async () => {
    const disk = new MemoryDisk();
    await written(disk, 200);
    const logs = names(disk).filter((name) => name !== 'log.spare');
    expect(logs.length).toBeGreaterThan(2);
    expect(new Set(logs.map((name) => bytesOf(disk, name).readUInt32BE(16))).size).toBe(logs.length);
  });
});

describe('a disk that fails', () => {
  test('a full disk refuses entries, and takes them again when there is space', async () => {
    const disk = new MemoryDisk();
    const { journal, log } = await written(disk, 2);
    disk.freeBytes = 20;
    journal.append([entry(3)]);
    await log.until(() => log.faults.length === 1);
    expect(log.faults[0]?.code).toBe('disk_full');
    journal.append([entry(4)]);
    disk.freeBytes = Number.POSITIVE_INFINITY;
    await log.until(() => log.recoveries === 1);
    journal.append([entry(3, 'another third')]);
    await log.settled(3);
    expect((await opened(settingsOf(disk.afterPowerCut()))).entries).toEqual([
      entry(1),
      entry(2),
      entry(3, 'another third'),
    ]);
  });

  test('no log file is prepared where there is hardly room for entries', async () => {
    const disk = new MemoryDisk();
    disk.freeBytes = 3 * 4096;
    const { log } = await written(disk, 100);
    expect(log.faults).toEqual([]);
    expect(names(disk)).toEqual(['log.1', 'log.40']);
  });

  test('a disk that fills up in the very first write leaves nothing behind', async () => {
    const disk = new MemoryDisk();
    const { journal, log } = await opened(settingsOf(disk));
    disk.freeBytes = 40;
    journal.append([entry(1)]);
    await log.until(() => log.faults.length === 1);
    disk.freeBytes = Number.POSITIVE_INFINITY;
    await log.until(() => log.recoveries === 1);
    expect(names(disk)).toEqual([]);
    journal.append([entry(1)]);
    await log.settled(1);
    expect(zxids((await opened(settingsOf(disk))).entries)).toEqual([1]);
  });

  test('a full disk that then fails in another way is not tried again', async () => {
    const disk = new MemoryDisk();
    const { journal, log } = await written(disk, 2);
    disk.freeBytes = 20;
    journal.append([entry(3)]);
    await log.until(() => log.faults.length === 1);
    disk.failing = 'EIO';
    await log.until(() => log.faults.length === 2);
    expect(log.faults.map(({ code }) => code)).toEqual(['disk_full', 'disk_failed']);
    disk.failing = undefined;
    disk.freeBytes = Number.POSITIVE_INFINITY;
    journal.append([entry(3)]);
    await journal.close();
    expect([log.recoveries, log.persistedZxid]).toEqual([0, 2]);
  });

  test('a failed sync is never tried again: what the cache holds cannot be trusted', async () => {
    const disk = new MemoryDisk();
    const { journal, log } = await written(disk, 2);
    disk.failing = 'EIO';
    journal.append([entry(3)]);
    await log.until(() => log.faults.length === 1);
    expect(log.faults[0]?.code).toBe('disk_failed');
    disk.failing = undefined;
    journal.append([entry(3)]);
    await journal.close();
    expect([log.recoveries, log.persistedZxid]).toEqual([0, 2]);
    expect(zxids((await opened(settingsOf(disk))).entries)).toEqual([1, 2]);
  });
});
