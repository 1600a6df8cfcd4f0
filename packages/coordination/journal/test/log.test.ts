import { afterEach, describe, expect, jest, test } from '@jest/globals';
import { silent } from '@reeve/base';
import { Batch, type Entry } from '../src/batch.ts';
import type { Disk, DiskFile, OpenMode } from '../src/disk.ts';
import { Log } from '../src/log.ts';
import { directory, entry } from './fixtures.ts';
import { MemoryDisk } from './memory-disk.ts';

/** A disk that throws at once, instead of rejecting, when a write holds a certain text. */
class HastyDisk extends MemoryDisk {
  /** Lengths of what was written, headers of files apart. */
  readonly written: number[] = [];

  override async open(path: string, mode: OpenMode): Promise<DiskFile> {
    const file = await super.open(path, mode);
    const write = file.write.bind(file);
    file.write = (bytes, position) => {
      if (Buffer.from(bytes).includes('refused')) throw new RangeError('as told');
      if (position > 0) this.written.push(bytes.length);
      return write(bytes, position);
    };
    return file;
  }
}

interface Told {
  readonly log: Log;
  readonly events: string[];
  until(event: string): Promise<void>;
}

function told(disk: Disk): Told {
  const events: string[] = [];
  let wake = () => {};
  const say = (event: string) => {
    events.push(event);
    wake();
  };
  const until = async (event: string) => {
    while (!events.includes(event)) await new Promise<void>((resolve) => (wake = resolve));
  };
  const retry = { baseMs: 1, factor: 1, ceilingMs: 1, jitter: 0 };
  const settings = { directory, disk, logger: silent, segmentBytesMax: 1_000_000, retry };
  const listener = {
    persisted: (zxid: number) => say(`persisted ${zxid}`),
    failed: ({ code }: { readonly code: string }) => say(`failed: ${code}`),
    recovered: () => say('recovered'),
  };
  return { log: new Log(settings, listener, 0), events, until };
}

/** Where the second entry makes something throw at once. */
const culprits: Readonly<Record<string, () => Disk>> = {
  'the disk': () => new HastyDisk(),
  'the making of the batch': () => {
    const { seal } = Batch.prototype;
    jest.spyOn(Batch.prototype, 'seal').mockImplementation(function (this: Batch, ...rest) {
      if (this.firstZxid === 2) throw new RangeError('as told');
      return seal.apply(this, rest);
    });
    return new MemoryDisk();
  },
};

describe('what a log tells', () => {
  afterEach(() => void jest.restoreAllMocks());

  test.each(Object.keys(culprits))(
    'of a failure comes after what is on disk, when it is %s that throws',
    async (culprit) => {
      const { log, events, until } = told((culprits[culprit] as () => Disk)());
      log.append([entry(1)]);
      log.append([entry(2, 'refused')]);
      await until('failed: disk_failed');
      expect(events).toEqual(['persisted 1', 'failed: disk_failed']);
      await log.close();
    },
  );

  test.each(Object.keys(culprits))(
    'of a failure is not told inside append, when it is %s that throws',
    async (culprit) => {
      const { log, events, until } = told((culprits[culprit] as () => Disk)());
      log.append([entry(1)]);
      await until('persisted 1');
      log.append([entry(2, 'refused')]);
      expect(events).toEqual(['persisted 1']);
      await until('failed: disk_failed');
      expect(log.backlogBytes).toBe(0);
      await log.close();
    },
  );

  test('the next write has begun when replies to the one before are made', async () => {
    const disk = new HastyDisk();
    const { log, events, until } = told(disk);
    log.append([entry(1)]);
    log.append([entry(2)]);
    await until('persisted 1');
    expect([events, disk.written.length]).toEqual([['persisted 1'], 2]);
    await log.close();
  });
});

const mebibyte = 1024 * 1024;

function large(from: number, to: number): Entry[] {
  const payload = Buffer.alloc(mebibyte);
  return Array.from({ length: to - from + 1 }, (_, i) => ({ zxid: from + i, payload }));
}

describe('a backlog', () => {
  test('larger than one write may be is written in batches that are not, in order', async () => {
    const disk = new HastyDisk();
    const { log, events, until } = told(disk);
    log.append([entry(1)]);
    log.append(large(2, 41));
    expect(log.backlogBytes).toBeGreaterThan(40 * mebibyte);
    log.append(large(42, 43));
    log.append([entry(44)]);
    await until('persisted 44');
    expect(events).toEqual(['persisted 1', 'persisted 32', 'persisted 44']);
    expect(Math.max(...disk.written)).toBeLessThanOrEqual(32 * mebibyte);
    expect(log.backlogBytes).toBe(0);
    await log.close();
  });

  test('is dropped whole when a write fails', async () => {
    const { log, events, until } = told(new HastyDisk());
    log.append([entry(1, 'refused')]);
    log.append(large(2, 35));
    await until('failed: disk_failed');
    expect([events, log.backlogBytes, log.lastZxid]).toEqual([['failed: disk_failed'], 0, 0]);
    await log.close();
  });
});
