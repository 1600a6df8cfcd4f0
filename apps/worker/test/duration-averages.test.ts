import { expect, test } from '@jest/globals';
import { DurationAverages } from '../src/pool/duration-averages.ts';

test('nothing is expected of a handler before it has run a few times', () => {
  const averages = new DurationAverages();
  for (const ms of [1, 1, 1]) averages.record('a', ms);
  expect(averages.expectedMs('a')).toBe(Number.POSITIVE_INFINITY);
  averages.record('a', 1);
  expect(averages.expectedMs('a')).toBeCloseTo(1.03);
  expect(averages.expectedMs('b')).toBe(Number.POSITIVE_INFINITY);
});

test('an average follows a handler that becomes slow', () => {
  const averages = new DurationAverages();
  for (let i = 0; i < 100; i += 1) averages.record('a', 1);
  for (let i = 0; i < 10; i += 1) averages.record('a', 100);
  expect(averages.expectedMs('a')).toBeGreaterThan(80);
});
