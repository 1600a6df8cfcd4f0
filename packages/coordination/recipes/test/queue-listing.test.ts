import { describe, expect, test } from '@jest/globals';
import { Listing, nextSpread } from '../src/queues/listing.ts';
import { delayedPrefix, delayOf, entryPrefix, priorityOf } from '../src/queues/queue-layout.ts';

const entry = (priority: number, number: number) => `${entryPrefix(priority)}${String(number).padStart(10, '0')}`;
const many = (count: number, priority = 100) => Array.from({ length: count }, (_, i) => entry(priority, i));
const strict = { spread: 1, random: () => 0.99 };

describe('the names of a queue', () => {
  test('say the priority of an item, as kazoo writes it', () => {
    expect(entry(5, 17)).toBe('entry-005-0000000017');
    expect(priorityOf('entry-005-0000000017')).toBe(5);
  });

  test('say when a delayed item is due', () => {
    expect(delayedPrefix(1_763_741_000_000.2, 7)).toBe('due-001763741000001-007-');
    expect(delayOf('due-001763741000001-007-0000000003')).toEqual({ dueMs: 1_763_741_000_001, priority: 7 });
  });

  test.each(['entry-5-0000000017', 'entry-005-17', '_w_1', 'due-1-100-0000000000', ''])(
    '%p is nobody of theirs',
    (name) => {
      expect([priorityOf(name), delayOf(name)]).toEqual([undefined, undefined]);
    },
  );
});

describe('a listing', () => {
  test('gives what is most urgent first, then what came first, and nothing that is taken or strange', () => {
    const entries = [entry(100, 2), entry(100, 1), entry(7, 9), entry(100, 3), 'lock'];
    const listing = new Listing(entries, [entry(100, 1)], 0);
    expect(listing.next(9, strict)).toEqual([entry(7, 9), entry(100, 2), entry(100, 3)]);
    listing.drop([entry(7, 9)]);
    expect(listing.next(1, strict)).toEqual([entry(100, 2)]);
  });

  test('serves for one turn when it is short, so that what is urgent is met with', () => {
    const listing = new Listing(many(64), [], 0);
    expect(listing.serves(0)).toBe(true);
    listing.next(1, strict);
    expect(listing.serves(0)).toBe(false);
  });

  test('serves for an eighth of it when it is long, and for a second at most', () => {
    const listing = new Listing(many(800), [], 0);
    for (let turn = 0; turn < 10; turn += 1) listing.drop(listing.next(10, strict));
    expect(listing.serves(0)).toBe(true);
    expect(listing.serves(1_000)).toBe(false);
    listing.next(1, strict);
    expect(listing.serves(0)).toBe(false);
  });

  test('does not serve when everything in it is gone', () => {
    const listing = new Listing(many(100), [], 0);
    listing.drop(many(100));
    expect(listing.serves(0)).toBe(false);
    expect(listing.next(1, strict)).toEqual([]);
  });

  test('lets who was forestalled choose by chance, within one priority', () => {
    const listing = new Listing([...many(10, 1), ...many(50, 2)], [], 0);
    const chosen = (random: number) => listing.next(2, { spread: 16, random: () => random });
    expect(chosen(0)).toEqual([entry(1, 0), entry(1, 1)]);
    expect(chosen(0.999)).toEqual([entry(1, 8), entry(1, 9)]);
    listing.drop(many(9, 1));
    expect(chosen(0.999)).toEqual([entry(1, 9), entry(2, 0)]);
  });

  test('is looked down further the more often one is forestalled, and ever less far otherwise', () => {
    let spread = 1;
    for (let turn = 0; turn < 20; turn += 1) spread = nextSpread(spread, 'forestalled');
    expect(spread).toBe(64);
    for (let turn = 0; turn < 100; turn += 1) spread = nextSpread(spread, 'taken');
    expect(spread).toBe(1);
  });
});
