import { describe, expect, test } from '@jest/globals';
import { seededRandom } from '@reeve/testkit';
import fc from 'fast-check';
import { ConsistentHash } from '../src/policy/consistent-hash.ts';
import { LeastLoad } from '../src/policy/least-load.ts';
import { Locality } from '../src/policy/locality.ts';
import type { Candidate, Policy, Query } from '../src/policy/policy.ts';
import { policyNames, policyOf } from '../src/policy/policy-names.ts';
import { RoundRobin } from '../src/policy/round-robin.ts';
import { TwoChoices } from '../src/policy/two-choices.ts';
import { WeightedRandom } from '../src/policy/weighted-random.ts';
import { candidateOf } from './instances.ts';

const chosen = (policy: Policy, candidates: readonly Candidate[], query: Query = {}) =>
  policy.choose(candidates, query)?.instance.id;

/** How often each is chosen in so many rounds. */
function counts(policy: Policy, candidates: readonly Candidate[], rounds: number): Readonly<Record<string, number>> {
  const chosenBy: Record<string, number> = Object.create(null);
  for (let i = 0; i < rounds; i += 1) {
    const id = chosen(policy, candidates) ?? 'nobody';
    chosenBy[id] = (chosenBy[id] ?? 0) + 1;
  }
  return chosenBy;
}

const anyCandidates = fc
  .uniqueArray(fc.tuple(fc.string({ minLength: 1 }), fc.integer({ min: 1, max: 9 }), fc.integer({ min: 0, max: 9 })), {
    selector: ([id]) => id,
    maxLength: 12,
  })
  .map((all) => all.map(([id, weight, inFlight]) => candidateOf(id, { weight, inFlight })));

describe.each(policyNames)('the policy %s', (name) => {
  test('chooses one of the candidates, and nobody where there are none', () => {
    const query = fc.record({ key: fc.option(fc.string(), { nil: undefined }) });
    fc.assert(
      fc.property(anyCandidates, query, (candidates, asked) => {
        const one = policyOf(name).choose(candidates, asked);
        if (candidates.length === 0) expect(one).toBeUndefined();
        else expect(candidates).toContain(one);
      }),
    );
  });
});

describe('round robin', () => {
  test('takes each in turn', () => {
    const policy = new RoundRobin();
    const three = ['a', 'b', 'c'].map((id) => candidateOf(id));
    expect([1, 2, 3, 4, 5, 6].map(() => chosen(policy, three))).toEqual(['a', 'b', 'c', 'a', 'b', 'c']);
  });

  test('spreads the turns of a heavy one out', () => {
    const policy = new RoundRobin();
    const uneven = [candidateOf('a', { weight: 5 }), candidateOf('b'), candidateOf('c')];
    expect([1, 2, 3, 4, 5, 6, 7].map(() => chosen(policy, uneven)).join('')).toBe('aabacaa');
  });

  test('gives each exactly its weight in a round', () => {
    fc.assert(
      fc.property(anyCandidates, (candidates) => {
        const total = candidates.reduce((sum, { instance }) => sum + instance.weight, 0);
        const expected = Object.fromEntries(candidates.map(({ instance }) => [instance.id, instance.weight]));
        expect({ ...counts(new RoundRobin(), candidates, total) }).toEqual(expected);
      }),
    );
  });

  test('has one that comes later wait its turn, and one that was away make up for nothing', () => {
    const policy = new RoundRobin();
    const [a, b] = [candidateOf('a'), candidateOf('b')];
    for (let i = 0; i < 10; i += 1) chosen(policy, [a]);
    expect([1, 2, 3, 4].map(() => chosen(policy, [a, b])).sort()).toEqual(['a', 'a', 'b', 'b']);
  });
});

describe('weighted random', () => {
  test('chooses by weight', () => {
    const policy = new WeightedRandom(seededRandom(1));
    const { a = 0, b = 0 } = counts(policy, [candidateOf('a', { weight: 3 }), candidateOf('b')], 4_000);
    expect(a / b).toBeGreaterThan(2.6);
    expect(a / b).toBeLessThan(3.4);
  });

  test.each([
    [0, 'a'],
    [0.74, 'a'],
    [0.76, 'b'],
    [0.999999, 'b'],
  ])('takes at %d the one whose share is there', (drawn, id) => {
    expect(chosen(new WeightedRandom(() => drawn), [candidateOf('a', { weight: 3 }), candidateOf('b')])).toBe(id);
  });
});

describe('least load', () => {
  const table: readonly (readonly [string, readonly Candidate[], string])[] = [
    ['the one with the lowest report', [candidateOf('a', { load: 5 }), candidateOf('b', { load: 2 })], 'b'],
    ['one with nothing under way', [candidateOf('a', { inFlight: 1 }), candidateOf('b')], 'b'],
    [
      'report and calls under way together',
      [candidateOf('a', { load: 2, inFlight: 3 }), candidateOf('b', { load: 4 })],
      'b',
    ],
    [
      'the heavier of two as busy',
      [candidateOf('a', { inFlight: 2 }), candidateOf('b', { inFlight: 2, weight: 2 })],
      'b',
    ],
    ['an idle heavy one before an idle light one', [candidateOf('a'), candidateOf('b', { weight: 2 })], 'b'],
  ];
  test.each(table)('takes %s', (_what, candidates, id) => {
    expect(chosen(new LeastLoad(), candidates)).toBe(id);
  });

  test('takes equals by chance', () => {
    const all = counts(new LeastLoad(seededRandom(2)), [candidateOf('a'), candidateOf('b')], 200);
    expect(Math.min(all.a ?? 0, all.b ?? 0)).toBeGreaterThan(60);
  });
});

describe('two choices', () => {
  test('never takes the busiest of several', () => {
    const candidates = [candidateOf('a', { load: 9 }), candidateOf('b', { load: 1 }), candidateOf('c', { load: 5 })];
    const all = counts(new TwoChoices(seededRandom(3)), candidates, 1_000);
    expect(all.a).toBeUndefined();
    // Of the three pairs that can be drawn, b wins two.
    expect((all.b ?? 0) / (all.c ?? 1)).toBeGreaterThan(1.6);
  });

  test('keeps many callers with the same old reports from all choosing one', () => {
    const candidates = Array.from({ length: 10 }, (_, i) => candidateOf(String(i), { load: i }));
    const all = counts(new TwoChoices(seededRandom(4)), candidates, 2_000);
    expect(Object.keys(all)).toHaveLength(9);
    expect(Math.max(...Object.values(all))).toBeLessThan(600);
  });
});

describe('consistent hash', () => {
  const keys = Array.from({ length: 1_000 }, (_, i) => `user-${i}`);
  const placed = (candidates: readonly Candidate[], policy: Policy = new ConsistentHash()) =>
    new Map(keys.map((key) => [key, chosen(policy, candidates, { key })]));
  const some = (count: number) => Array.from({ length: count }, (_, i) => candidateOf(`instance-${i}`));

  test('sends a key to the same instance for every caller, in whatever order it knows them', () => {
    fc.assert(
      fc.property(anyCandidates, fc.string(), (candidates, key) => {
        const one = chosen(new ConsistentHash(), candidates, { key });
        expect(chosen(new ConsistentHash(), [...candidates].reverse(), { key })).toBe(one);
      }),
    );
  });

  test('moves no key but those of an instance that leaves', () => {
    fc.assert(
      fc.property(anyCandidates, fc.string(), fc.nat(), (candidates, key, nth) => {
        const one = chosen(new ConsistentHash(), candidates, { key });
        const left = candidates.filter((_, i) => i !== nth % Math.max(1, candidates.length));
        const isThere = left.some(({ instance }) => instance.id === one);
        if (isThere) expect(chosen(new ConsistentHash(), left, { key })).toBe(one);
      }),
    );
  });

  test('moves keys only to an instance that comes, and about its share of them', () => {
    const before = placed(some(10));
    const after = placed(some(11));
    const moved = keys.filter((key) => before.get(key) !== after.get(key));
    expect(new Set(moved.map((key) => after.get(key)))).toEqual(new Set(['instance-10']));
    expect(moved.length).toBeGreaterThan(50);
    expect(moved.length).toBeLessThan(140);
  });

  test('spreads keys evenly, and by weight', () => {
    const [heavy, ...others] = some(5);
    const candidates = [
      { ...(heavy as Candidate), instance: { ...(heavy as Candidate).instance, weight: 4 } },
      ...others,
    ];
    const shares = new Map<string | undefined, number>();
    for (const id of placed(candidates).values()) shares.set(id, (shares.get(id) ?? 0) + 1);
    expect(shares.get('instance-0')).toBeGreaterThan(430);
    expect(shares.get('instance-0')).toBeLessThan(570);
    for (const { instance } of others) expect(shares.get(instance.id)).toBeGreaterThan(80);
  });

  test('spreads calls without a key by chance', () => {
    expect(Object.keys(counts(new ConsistentHash({ random: seededRandom(5) }), some(4), 200))).toHaveLength(4);
  });

  test('with a load factor lets nobody have more than that many times the mean', () => {
    const policy = new ConsistentHash({ loadFactor: 1.25 });
    const inFlight = new Map<string, number>();
    const candidates = () => some(5).map(({ instance }) => ({ instance, inFlight: inFlight.get(instance.id) ?? 0 }));
    for (let i = 0; i < 100; i += 1) {
      const id = chosen(policy, candidates(), { key: 'the one that all want' }) ?? '';
      inFlight.set(id, (inFlight.get(id) ?? 0) + 1);
    }
    expect(Math.max(...inFlight.values())).toBeLessThanOrEqual(Math.ceil((1.25 * 100) / 5));
    expect([...inFlight.values()].reduce((sum, count) => sum + count, 0)).toBe(100);
  });
});

describe('locality', () => {
  const near = new LeastLoad();
  const locality = new Locality({ label: 'zone', value: 'a', near });
  const here = (id: string, fields = {}) => candidateOf(id, { labels: { zone: 'a' }, ...fields });
  const there = (id: string, fields = {}) => candidateOf(id, { labels: { zone: 'b' }, ...fields });

  test.each([
    ['a near one, however busy', [here('n', { load: 9 }), there('f')], 'n'],
    ['the best of the near ones', [here('n1', { load: 9 }), here('n2'), there('f')], 'n2'],
    [
      'one from elsewhere when none is near',
      [there('f1', { load: 3 }), there('f2'), candidateOf('f3', { load: 1 })],
      'f2',
    ],
  ])('takes %s', (_what, candidates, id) => {
    expect(chosen(locality, candidates)).toBe(id);
  });

  test('can be in rings: the zone, then the region, then anywhere', () => {
    const region = new Locality({ label: 'region', value: 'eu', near });
    const rings = new Locality({ label: 'zone', value: 'a', near, elsewhere: region });
    const inRegion = candidateOf('r', { labels: { zone: 'b', region: 'eu' }, load: 5 });
    const farAway = candidateOf('w', { labels: { zone: 'c', region: 'us' } });
    expect(chosen(rings, [here('n'), inRegion, farAway])).toBe('n');
    expect(chosen(rings, [inRegion, farAway])).toBe('r');
    expect(chosen(rings, [farAway])).toBe('w');
  });
});
