import { expect, test } from '@jest/globals';
import { descendantsIn } from '../src/processes/descendants.ts';

const list = `
    1     0
   10     1
   11    10
   12    10
  120    12
   20     1
`;

test('what a process has started is found, and what that has started', () => {
  expect(descendantsIn(list, 10)).toEqual([11, 12, 120]);
  expect(descendantsIn(list, 20)).toEqual([]);
  expect(descendantsIn('', 1)).toEqual([]);
});
