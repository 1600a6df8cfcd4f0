import { describe, expect, test } from '@jest/globals';
import { codeOf } from '@reeve/base';
import fc from 'fast-check';
import type { Entry } from '../src/batch.ts';
import { segmentHeaderBytes } from '../src/segment.ts';
import { directory, type Opened, opened, settingsOf } from './fixtures.ts';
import { MemoryDisk } from './memory-disk.ts';

type Step = { readonly kind: 'append'; readonly payloads: readonly string[] } | { readonly kind: 'snapshot' };

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    { weight: 5, arbitrary: fc.record({ kind: fc.constant('append' as const), payloads: payloadLists() }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('snapshot' as const) }) },
  ),
  { minLength: 1, maxLength: 12 },
);

function payloadLists(): fc.Arbitrary<string[]> {
  return fc.array(fc.string({ maxLength: 900 }), { minLength: 1, maxLength: 4 });
}

/** Performs steps until they are done or the disk is; says what was appended, and how much of it acknowledged. */
async function perform(disk: MemoryDisk, todo: readonly Step[]): Promise<{ appended: Entry[]; acknowledged: number }> {
  const { journal, log } = await opened(settingsOf(disk, { segmentBytesMax: 2048 }));
  const appended: Entry[] = [];
  for (const step of todo) {
    if (log.faults.length > 0) break;
    if (step.kind === 'append') {
      const entries = step.payloads.map((text, i) => ({ zxid: appended.length + i + 1, payload: Buffer.from(text) }));
      appended.push(...entries);
      journal.append(entries);
      await log.settled(appended.length);
    } else {
      const zxid = journal.lastZxid;
      const slices = [Buffer.from(JSON.stringify(texts(appended.slice(0, zxid))))];
      if (zxid > 0) await journal.snapshot({ zxid, slices, lastZxidSeen: () => zxid });
    }
  }
  return { appended, acknowledged: log.persistedZxid };
}

function texts(entries: readonly Entry[]): string[] {
  return entries.map(({ payload }) => payload.toString());
}

/** The whole state that a journal gives back: the snapshot's, then the entries'. */
function state({ snapshot, entries }: Opened): string[] {
  const before: string[] = snapshot === undefined ? [] : JSON.parse(snapshot.slices.join(''));
  return [...before, ...texts(entries)];
}

describe('a crash', () => {
  test('at any byte, by power cut or kill, loses nothing acknowledged and invents nothing', async () => {
    const cut = fc.integer({ min: 1, max: 12_000 });
    await fc.assert(
      fc.asyncProperty(steps, cut, async (todo, bytesUntilPowerCut) => {
        const disk = new MemoryDisk();
        disk.bytesUntilPowerCut = bytesUntilPowerCut;
        const { appended, acknowledged } = await perform(disk, todo);
        for (const left of [disk.afterPowerCut(), disk.afterKill()]) {
          const recovered = state(await opened(settingsOf(left)));
          expect(recovered).toEqual(texts(appended).slice(0, recovered.length));
          expect(recovered.length).toBeGreaterThanOrEqual(acknowledged);
          expect(state(await opened(settingsOf(left)))).toEqual(recovered);
        }
      }),
      { numRuns: 300 },
    );
  });

  test('that persisted the sectors of the last write in any order is no damage', async () => {
    const sectors = fc.array(fc.boolean(), { minLength: 24, maxLength: 24 });
    await fc.assert(
      fc.asyncProperty(steps, fc.string({ minLength: 600, maxLength: 6000 }), sectors, async (todo, last, kept) => {
        const disk = new MemoryDisk();
        const { appended } = await perform(disk, todo);
        const before = sizes(disk);
        await appendLast(disk, appended.length, last);
        zeroSectors(disk, before, kept);
        const recovered = state(await opened(settingsOf(disk)));
        expect([texts(appended), [...texts(appended), last]]).toContainEqual(recovered);
      }),
      { numRuns: 200 },
    );
  });
});

test('an empty log file that a start removed does not come back behind a later one', async () => {
  const disk = new MemoryDisk();
  disk.put(`${directory}/log.9`, Buffer.alloc(0));
  await opened(settingsOf(disk));
  expect([...disk.afterPowerCut(() => false).files.keys()]).toEqual([]);
});

describe('a byte that changes on disk', () => {
  test('anywhere is refused by a code, or costs the last write at most', async () => {
    await fc.assert(
      fc.asyncProperty(steps, fc.nat(), fc.integer({ min: 1, max: 255 }), async (todo, place, change) => {
        const disk = new MemoryDisk();
        const { appended } = await perform(disk, todo);
        corrupt(disk, place, change);
        const outcome = await opened(settingsOf(disk)).then(state, (error: unknown) => codeOf(error) ?? error);
        if (typeof outcome === 'string') {
          expect(['log_corrupt', 'log_missing', 'snapshot_corrupt', 'format_unknown']).toContain(outcome);
        } else {
          const recovered = outcome as string[];
          expect(recovered).toEqual(texts(appended).slice(0, recovered.length));
          // Only the very last write can be mistaken for one that a crash cut short.
          expect(recovered.length).toBeGreaterThanOrEqual(appended.length - lastWrite(todo));
        }
      }),
      { numRuns: 500 },
    );
  });
});

function lastWrite(todo: readonly Step[]): number {
  return todo.reduce((last, step) => (step.kind === 'append' ? step.payloads.length : last), 0);
}

async function appendLast(disk: MemoryDisk, lastZxid: number, payload: string): Promise<void> {
  const { journal, log } = await opened(settingsOf(disk, { segmentBytesMax: 1_000_000 }));
  journal.append([{ zxid: lastZxid + 1, payload: Buffer.from(payload) }]);
  await log.settled(lastZxid + 1);
}

function sizes(disk: MemoryDisk): Map<string, number> {
  return new Map([...disk.files].map(([path, { bytes }]) => [path, bytes.length]));
}

/** Takes back some sectors of what was written since `before`, as a disk may that reorders within one write. */
function zeroSectors(disk: MemoryDisk, before: Map<string, number>, kept: readonly boolean[]): void {
  for (const [path, { bytes }] of disk.files) {
    // The header of a new file is a write of its own, on disk before the first batch.
    const start = before.get(path) ?? segmentHeaderBytes;
    for (let at = start, i = 0; at < bytes.length; i += 1) {
      const end = Math.min(bytes.length, at - (at % 512) + 512);
      if (kept[i % kept.length] === false) bytes.fill(0, at, end);
      at = end;
    }
  }
}

function corrupt(disk: MemoryDisk, place: number, change: number): void {
  const files = [...disk.files.values()].filter(({ bytes }) => bytes.length > 0);
  const total = files.reduce((sum, { bytes }) => sum + bytes.length, 0);
  let at = total === 0 ? 0 : place % total;
  for (const { bytes } of files) {
    if (at < bytes.length) {
      bytes[at] = (bytes[at] as number) ^ change;
      return;
    }
    at -= bytes.length;
  }
}
