import { describe, expect, test } from '@jest/globals';
import { CheckedStore, type Holder, Holders, leftSince } from '@reeve/testkit';

describe('a checked store', () => {
  test('takes writes with growing fences, and refuses who comes late', () => {
    const store = new CheckedStore();
    expect(store.write({ writer: 'a', fence: 5 })).toBe('written');
    expect(store.write({ writer: 'a', fence: 5 })).toBe('written');
    expect(store.write({ writer: 'b', fence: 7 })).toBe('written');
    expect(store.write({ writer: 'a', fence: 5 })).toBe('late');
    expect([store.written, store.late, store.violations]).toEqual([3, 1, []]);
  });

  test('notices one fence in two hands, and what is no fence', () => {
    const store = new CheckedStore();
    for (const [writer, fence] of [
      ['a', 5],
      ['b', 5],
      ['c', Number.NaN],
    ] as const)
      store.write({ writer, fence });
    expect(store.violations).toEqual(['the fence 5 was given to a and to b', 'c writes with NaN for a fence']);
  });
});

describe('holders', () => {
  const holder = (name: string, fence: number) => {
    const one = { name, fence, holds: true, believes: () => one.holds };
    return one satisfies Holder & { holds: boolean };
  };

  test('may follow each other', () => {
    const holders = new Holders((together) => together.length <= 1);
    const first = holder('a', 1);
    holders.enter(first);
    first.holds = false;
    holders.enter(holder('b', 2));
    expect([holders.entered, holders.violations]).toEqual([2, []]);
  });

  test('are told of when too many believe to hold at once', () => {
    const holders = new Holders((together) => together.length <= 1);
    holders.enter(holder('a', 1));
    holders.enter(holder('b', 2));
    expect(holders.violations).toEqual(['at once believe to hold it: a (fence 1), b (fence 2)']);
  });
});

test('what was left is told by its path, and watches by their number', () => {
  const before = { znodes: new Set(['/a']), watches: 1, watched: ['/a'] };
  const now = { znodes: new Set(['/a', '/a/b']), watches: 3, watched: ['/a', '/a/b'] };
  expect(leftSince(before, before)).toEqual([]);
  expect(leftSince(before, now)).toEqual(['the znode /a/b', '2 watches, among them on: /a/b']);
});
