import { existsSync } from 'node:fs';
import { mkdtemp, readdir, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { lockDirectory } from '../src/directory-lock.ts';
import { nodeDisk, unsyncedDisk } from '../src/disk.ts';
import { entry, opened, settingsOf, zxids } from './fixtures.ts';

/** Some file systems answer a mkdir so that Node's own, with `recursive`, never ends. */
const REFUSED_MS_MAX = 10_000;

const hopeless = ['/dev/null/data', '/dev/null', ...(existsSync('/proc/self') ? ['/proc/x', '/proc/x/data'] : [])];

let place: string;
beforeEach(async () => {
  place = await mkdtemp(join(tmpdir(), 'reeve-journal-'));
});
afterEach(() => rm(place, { recursive: true, force: true }));

describe.each([
  ['the disk', nodeDisk],
  ['the disk without syncs', unsyncedDisk],
] as const)('on %s', (_name, disk) => {
  test('what was written comes back from several files and a snapshot', async () => {
    const settings = settingsOf(disk, { dataDirectory: join(place, 'data'), logDirectory: join(place, 'log') });
    const first = await opened(settings);
    for (let zxid = 1; zxid <= 100; zxid += 1) {
      first.journal.append([entry(zxid, 'x'.repeat(200))]);
      if (zxid % 7 === 0) await first.log.settled(zxid);
    }
    await first.log.settled(100);
    await first.journal.snapshot({ zxid: 90, slices: [Buffer.from('ninety')], lastZxidSeen: () => 100 });
    await first.journal.close();
    const second = await opened(settings);
    await second.journal.close();
    expect(second.snapshot).toEqual({ zxid: 90, slices: ['ninety'] });
    expect(zxids(second.entries)).toEqual([91, 92, 93, 94, 95, 96, 97, 98, 99, 100]);
    expect((await readdir(join(place, 'log'))).filter((name) => !/^log\.[0-9a-f]+$/.test(name))).toEqual([]);
  });
});

test('a log that is cut, and a snapshot that takes the place of everything, are so on a real disk', async () => {
  const settings = settingsOf(nodeDisk, { dataDirectory: join(place, 'data'), logDirectory: join(place, 'log') });
  const first = await opened(settings);
  first.journal.append(Array.from({ length: 100 }, (_, i) => entry(i + 1, 'x'.repeat(100))));
  await first.journal.truncate(42);
  await first.journal.close();
  const second = await opened(settings);
  expect(zxids(second.entries)).toEqual(Array.from({ length: 42 }, (_, i) => i + 1));
  const incoming = second.journal.install(77);
  for (const text of ['seventy', 'seven']) await incoming.take(Buffer.from(text));
  await incoming.finish(77);
  await second.journal.close();
  const third = await opened(settings);
  await third.journal.close();
  expect([third.snapshot, third.entries]).toEqual([{ zxid: 77, slices: ['seventy', 'seven'] }, []]);
  expect([await readdir(join(place, 'data')), await readdir(join(place, 'log'))]).toEqual([['snapshot.4d'], []]);
});

describe('the lock of a data directory', () => {
  test('keeps everyone else out until it is released', async () => {
    const lock = await lockDirectory(place);
    await expect(lockDirectory(place)).rejects.toMatchObject({
      code: 'directory_locked',
      message: `${place} is in use by another coordinator (process ${process.pid}): stop it, or choose another dataDir`,
    });
    await lock.release();
    const next = await lockDirectory(place);
    await next.release();
    expect(await readdir(place)).toEqual([]);
  });

  test('of many that start at once at most one gets it', async () => {
    const outcomes = await Promise.allSettled(Array.from({ length: 4 }, () => lockDirectory(place)));
    const locks = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []));
    expect(locks.length).toBeLessThanOrEqual(1);
    for (const lock of locks) await lock.release();
  });

  test('works where the path is longer than the name of a socket may be', async () => {
    const deep = join(place, 'd'.repeat(120));
    const lock = await lockDirectory(deep);
    await expect(lockDirectory(deep)).rejects.toMatchObject({ code: 'directory_locked' });
    await lock.release();
  });

  test('makes every missing level, and several may do so at once', async () => {
    const deep = join(place, 'a', 'b', 'c');
    const [first, second] = [join(deep, 'data'), join(deep, 'log')];
    const locks = await Promise.all([lockDirectory(first), lockDirectory(second)]);
    for (const lock of locks) await lock.release();
    expect(await readdir(deep)).toEqual(['data', 'log']);
  });

  test.each(hopeless)(
    '%s, which cannot be a directory, is refused with the reason',
    async (directory) => {
      await expect(lockDirectory(directory)).rejects.toMatchObject({
        code: 'directory_unusable',
        message: expect.stringMatching(
          /^\/\S+ cannot be used as a data directory: E\w+: .*\. Make it writable for this user, or choose another dataDir$/,
        ),
      });
    },
    REFUSED_MS_MAX,
  );

  test('a link to nowhere is refused', async () => {
    const link = join(place, 'link');
    await symlink(join(place, 'nowhere', 'data'), link);
    await expect(lockDirectory(link)).rejects.toMatchObject({ code: 'directory_unusable' });
  });
});
