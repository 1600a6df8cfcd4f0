import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { Heap } from '../src/heap.ts';
import { Line } from '../src/line.ts';

type Item = { readonly key: number; readonly nth: number };
const before = (a: Item, b: Item) => a.key < b.key;

/** Pushes and pops (undefined) in some order, then pops the rest; says what came out, and what had to. */
function run(queue: Heap<Item> | Line<Item>, steps: readonly (number | undefined)[]) {
  const model: Item[] = [];
  const taken: (number | undefined)[] = [];
  const expected: (number | undefined)[] = [];
  const pop = () => {
    model.sort((a, b) => a.key - b.key);
    expected.push(model.shift()?.key);
    expect(queue.peek()).toBe(queue.peek());
    taken.push(queue.pop()?.key);
  };
  for (const [nth, key] of steps.entries()) {
    if (key === undefined) pop();
    else {
      model.push({ key, nth });
      queue.push({ key, nth });
    }
  }
  while (queue.size > 0) pop();
  return { taken, expected };
}

const steps = fc.array(fc.option(fc.integer({ min: 0, max: 9 }), { nil: undefined, freq: 3 }), { maxLength: 200 });

describe.each([
  ['a heap', () => new Heap(before)],
  ['a line', () => new Line(before)],
])('%s', (_, create) => {
  test('gives what goes first, whatever the order in which it came', () => {
    fc.assert(
      fc.property(steps, (sequence) => {
        const { taken, expected } = run(create(), sequence);
        expect(taken).toEqual(expected);
      }),
    );
  });
});

test('a line keeps equals in the order in which they came', () => {
  const line = new Line(before);
  for (let nth = 0; nth < 3_000; nth += 1) line.push({ key: Math.floor(nth / 100), nth });
  for (let nth = 0; nth < 3_000; nth += 1) expect(line.pop()?.nth).toBe(nth);
});
