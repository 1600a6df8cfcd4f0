import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { evenSplit } from '../src/membership/even-split.ts';

const names = fc.uniqueArray(fc.string({ minLength: 1 }), { maxLength: 60 });
const members = fc.uniqueArray(fc.string({ minLength: 1 }), { minLength: 1, maxLength: 12 });

const ownersIn = (split: ReadonlyMap<string, readonly string[]>) =>
  new Map([...split].flatMap(([member, owned]) => owned.map((name) => [name, member] as const)));

test('every name has one owner, and no member has more than one name above another', () => {
  fc.assert(
    fc.property(names, members, (given, living) => {
      const split = evenSplit(given, living);
      expect([...split.values()].flat().sort()).toEqual([...given].sort());
      const counts = [...split.values()].map(({ length }) => length);
      expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1);
    }),
  );
});

test('all who know the same names and members come to the same split, in whatever order they know them', () => {
  fc.assert(
    fc.property(names, members, (given, living) => {
      const sorted = (split: ReadonlyMap<string, readonly string[]>) =>
        [...split].map(([member, owned]) => [member, [...owned].sort()]).sort();
      expect(sorted(evenSplit(given.toReversed(), living.toReversed()))).toEqual(sorted(evenSplit(given, living)));
    }),
  );
});

test.each([
  [100, 10],
  [1_000, 10],
  [1_000, 50],
])('few of %d names move when one of %d members goes', (count, size) => {
  const given = Array.from({ length: count }, (_, i) => `feed-${i}`);
  const living = Array.from({ length: size }, (_, i) => `host-${i}.example.com`);
  const before = ownersIn(evenSplit(given, living));
  const after = ownersIn(evenSplit(given, living.slice(1)));
  const moved = given.filter((name) => before.get(name) !== after.get(name)).length;
  // One share has to move; as many again may, to keep the rest even.
  expect(moved).toBeLessThanOrEqual((2.5 * count) / size);
});

test('nobody owns anything where there is nobody', () => {
  expect(evenSplit(['a'], []).size).toBe(0);
  expect([...evenSplit([], ['m'])]).toEqual([['m', []]]);
});
