import { describe, expect, test } from '@jest/globals';
import { ConfigPicture } from '../src/model/config-picture.ts';
import type { Head, RolloutRecord } from '../src/model/records.ts';
import type { FollowerIdentity } from '../src/model/stage.ts';

const self: FollowerIdentity = { id: 'host-1', labels: { zone: 'a' } };

function headOf(revision: number, previous: Head['previous'], parts: Partial<Head> = {}): Head {
  return { revision, previous, entries: [], rollouts: [], author: 'ada', ...parts };
}

function rolloutOf(parts: Partial<RolloutRecord>): RolloutRecord {
  const entries = [{ key: 'a/x', value: 'new' }];
  return { id: 'r', begun: 2, scopes: ['a'], stage: {}, entries, author: 'ada', ...parts };
}

/** A picture that has read everything: `a/x` of version 1. */
function known(follows: readonly string[] = ['a'], who = self): ConfigPicture {
  const picture = new ConfigPicture(who, follows);
  const heads = new Map([['a', headOf(1, { a: 0 })]]);
  picture.replace({ heads, values: new Map([['a/x', { value: 'old', version: 1 }]]) });
  return picture;
}

describe('the picture of a follower', () => {
  test('takes a change that comes after what it knows', () => {
    const picture = known();
    const entries = [{ key: 'a/x' }, { key: 'a/y', value: null }];
    expect(picture.take('a', headOf(2, { a: 1 }, { entries }))).toEqual([
      { key: 'a/x', before: 'old', after: undefined },
      { key: 'a/y', before: undefined, after: null },
    ]);
    expect([...picture.values]).toEqual([['a/y', { value: null, version: 2 }]]);
  });

  test('takes a change once, by whichever scope it is heard of', () => {
    const picture = known(['a', 'b']);
    expect(picture.take('b', undefined)).toBe('gap');
    picture.replace({
      heads: new Map([
        ['a', headOf(1, {})],
        ['b', undefined],
      ]),
      values: new Map(),
    });
    const head = headOf(
      2,
      { a: 1, b: 0 },
      {
        entries: [
          { key: 'a/x', value: 1 },
          { key: 'b/x', value: 1 },
        ],
      },
    );
    expect(picture.take('b', head)).toHaveLength(2);
    expect(picture.take('a', head)).toEqual([]);
  });

  test.each([
    ['a change before it was missed', headOf(3, { a: 2 })],
    ['the scope is gone', undefined],
    ['it began anew', headOf(1 + 1, { a: 0 })],
  ])('wants to read everything anew when %s', (_what, head) => {
    const picture = known();
    expect(picture.take('a', head)).toBe('gap');
    expect(picture.values.get('a/x')?.value).toBe('old');
  });

  test('wants to read anew when a change was missed in another scope that it follows, and not in one that it does not', () => {
    const head = headOf(9, { a: 1, b: 7 });
    expect(known(['a', 'b']).take('a', head)).toBe('gap');
    expect(known(['a']).take('a', head)).toEqual([]);
  });

  test('knows that a scope was not there of which who follows everything has not heard', () => {
    const head = headOf(2, { a: 1, new: 0 }, { entries: [{ key: 'new/x', value: 1 }] });
    expect(known([]).take('a', head)).toEqual([{ key: 'new/x', before: undefined, after: 1 }]);
  });

  test('holds what is rolled out to it over what is published, and gives it back', () => {
    const picture = known();
    expect(
      picture.take('a', headOf(2, { a: 1 }, { rollouts: [rolloutOf({ stage: { labels: { zone: 'a' } } })] })),
    ).toEqual([{ key: 'a/x', before: 'old', after: 'new' }]);
    expect([picture.reached, picture.values.get('a/x')?.version]).toEqual([['r'], 2]);
    const elsewhere = [rolloutOf({ stage: { labels: { zone: 'b' } } })];
    expect(picture.take('a', headOf(3, { a: 2 }, { rollouts: elsewhere }))).toEqual([
      { key: 'a/x', before: 'new', after: 'old' },
    ]);
    expect(picture.reached).toEqual([]);
  });

  test('belongs to a larger share when it belongs to a smaller one, and shares are about so large', () => {
    const stages = [0.1, 0.5, 1].map((share) => {
      const reached = Array.from({ length: 1_000 }, (_, i) => known(['a'], { id: `host-${i}`, labels: {} })).map(
        (picture) => {
          picture.take('a', headOf(2, { a: 1 }, { rollouts: [rolloutOf({ stage: { share } })] }));
          return picture.reached.length === 1;
        },
      );
      return reached;
    });
    const [tenth = [], half = [], all = []] = stages;
    expect(tenth.every((isIn, i) => !isIn || half[i])).toBe(true);
    expect(tenth.filter(Boolean).length).toBeGreaterThan(60);
    expect(tenth.filter(Boolean).length).toBeLessThan(140);
    expect(all.every(Boolean)).toBe(true);
  });

  test('tells no change where a value was published again', () => {
    const picture = known();
    expect(picture.take('a', headOf(2, { a: 1 }, { entries: [{ key: 'a/x', value: 'old' }] }))).toEqual([]);
    expect(picture.values.get('a/x')?.version).toBe(2);
  });
});
