import { expect, test } from '@jest/globals';
import { judge } from '../style-ratchet.ts';
import type { Violation } from '../style-rules.ts';

function long(value: number, key = 'a.ts#f'): Violation {
  return { rule: 'function-length', key, line: 1, value, message: '' };
}

test('what is not excused is fresh', () => {
  expect(judge([long(71)], {}).fresh).toHaveLength(1);
});

test('what is excused passes until it grows', () => {
  const baseline = { 'function-length': { 'a.ts#f': 80 } };
  expect(judge([long(80)], baseline)).toEqual({ fresh: [], stale: [], shrunk: baseline });
  expect(judge([long(81)], baseline).fresh).toHaveLength(1);
});

test('an excuse that is larger than needed must shrink', () => {
  const baseline = { 'function-length': { 'a.ts#f': 80, 'a.ts#g': 90 } };
  expect(judge([long(75)], baseline)).toEqual({
    fresh: [],
    stale: ['function-length a.ts#f', 'function-length a.ts#g'],
    shrunk: { 'function-length': { 'a.ts#f': 75 } },
  });
});

test('shrinking never lets a new exception in', () => {
  expect(judge([long(99, 'b.ts#h')], {}).shrunk).toEqual({});
});
