import { expect, test } from '@jest/globals';
import { accessOf, holdsLock, lastWriterBefore } from '../src/locks/access.ts';

const held = (line: readonly string[]) => line.filter((_, at) => holdsLock(line, at));

test.each([
  { who: 'the first, when it wants it alone', line: ['a-lock-0000000001', 'b-__READ__0000000002'], count: 1 },
  {
    who: 'everybody who reads before the first that wants it alone',
    line: ['a-__READ__0000000001', 'b__rlock__0000000002', 'c-lock-0000000003', 'd-__READ__0000000004'],
    count: 2,
  },
  {
    who: 'one that writes, and reads in its own place',
    line: ['a-__READ__0000000001', 'b-__WRIT__0000000001', 'c-__READ__0000000002'],
    count: 2,
  },
])('a lock is held by $who', ({ line, count }) => {
  expect(held(line)).toEqual(line.slice(0, count));
});

test('one that reads waits for the last before it that wants it alone, whatever its name', () => {
  const line = ['a-__WRIT__0000000001', 'b-lock-0000000002', 'c-__READ__0000000003', 'd-__READ__0000000004'];
  expect([lastWriterBefore(line, 3), accessOf(line[3] as string)]).toEqual(['b-lock-0000000002', 'read']);
});
