import { describe, expect, test } from '@jest/globals';
import { portionsOf, type SnapshotSource } from '../src/portions.ts';

const sliceBytes = 64 * 1024;

/** Slices that share one buffer, as those of a tree do, and how many were made. */
function source(count: number): SnapshotSource & { made: number } {
  const shared = Buffer.alloc(sliceBytes);
  const made = {
    zxid: 1,
    made: 0,
    lastZxidSeen: () => 1,
    get slices() {
      return slices();
    },
  };
  function* slices() {
    for (; made.made < count; made.made += 1) yield shared.fill(made.made);
  }
  return made;
}

const never = new AbortController().signal;

describe('portions of a snapshot', () => {
  test.each(['alone', 'beside_others'] as const)('made %s hold every slice once, in order', async (pace) => {
    const firsts: number[] = [];
    for await (const { slices } of portionsOf(source(200), { pace, signal: never })) {
      for (const slice of slices) {
        expect(slice.length).toBe(sliceBytes);
        firsts.push(slice[0] as number);
      }
    }
    expect(firsts).toEqual(Array.from({ length: 200 }, (_, i) => i));
  });

  test('hold their slices as a snapshot file has them', async () => {
    for await (const { bytes, slices } of portionsOf(source(20), { pace: 'alone', signal: never })) {
      expect(bytes.length).toBe(slices.length * (8 + sliceBytes));
      expect(bytes.readUInt32BE(0)).toBe(sliceBytes);
    }
  });

  test('are made when they are asked for, and let others have their turn in between', async () => {
    const made = source(100_000);
    const portions = portionsOf(made, { pace: 'beside_others', signal: never });
    await portions.next();
    const before = made.made;
    let turns = 0;
    const counting = setInterval(() => (turns += 1), 0);
    for (let i = 0; i < 3; i += 1) await portions.next();
    clearInterval(counting);
    await portions.return(undefined);
    expect(before).toBeLessThan(100);
    expect(turns).toBeGreaterThanOrEqual(3);
  });

  test.each(['alone', 'beside_others'] as const)('made %s end when they are called off', async (pace) => {
    const calledOff = new AbortController();
    const portions = portionsOf(source(100_000), { pace, signal: calledOff.signal });
    await portions.next();
    calledOff.abort();
    await expect(portions.next()).rejects.toMatchObject({ name: 'AbortError' });
  });
});
