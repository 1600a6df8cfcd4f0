import { expect, test } from '@jest/globals';
import { inLine, sequenceIn, sequenceOf } from '../src/line/line-order.ts';

test('all numbered children of a znode are one line, whatever their names begin with', () => {
  const children = [
    '_c_1-lock-0000000003',
    'count',
    '9f__lock__0000000001',
    '_c_0-__READ__0000000012',
    'latch-0000000002',
    'entry-12',
  ];
  expect(inLine(children)).toEqual([
    '9f__lock__0000000001',
    'latch-0000000002',
    '_c_1-lock-0000000003',
    '_c_0-__READ__0000000012',
  ]);
});

test('a place is a number, and stands in the name with all its digits', () => {
  expect([sequenceOf('lock-0000000042'), sequenceIn('lock-0000000042')]).toEqual([42, '0000000042']);
});
