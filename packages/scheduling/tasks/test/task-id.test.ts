import { describe, expect, test } from '@jest/globals';
import { bucketOf, isTaskId, newTaskId, timeOf } from '@reeve/tasks';
import fc from 'fast-check';

const times = fc.integer({ min: 0, max: 2 ** 48 - 1 });
const random = fc.uint8Array({ minLength: 10, maxLength: 10 });

describe('a task id', () => {
  test('is a UUID version 7 that tells when it was made', () => {
    fc.assert(
      fc.property(times, random, (now, bytes) => {
        const taskId = newTaskId(now, bytes);
        expect(isTaskId(taskId)).toBe(true);
        expect(timeOf(taskId)).toBe(now);
      }),
    );
  });

  test('sorts by time, whatever the chance', () => {
    fc.assert(
      fc.property(times, times, random, random, (a, b, chanceA, chanceB) => {
        fc.pre(a < b);
        expect(newTaskId(a, chanceA) < newTaskId(b, chanceB)).toBe(true);
      }),
    );
  });

  test('uses all random bits, so that ids of one millisecond differ', () => {
    const ones = newTaskId(0, new Uint8Array(10).fill(0xff));
    expect(ones).toBe('00000000-0000-7fff-bfff-ffffffffffff');
    expect(newTaskId(0, new Uint8Array(10))).toBe('00000000-0000-7000-8000-000000000000');
  });

  test('has one of 256 buckets, by its last byte', () => {
    expect(bucketOf(newTaskId(5, Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9, 0xab)))).toBe('ab');
  });
});
