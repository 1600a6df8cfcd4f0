import { describe, expect, test } from '@jest/globals';
import { ReturnMemory } from '../src/view/return-memory.ts';
import { instanceOf } from './instances.ts';

describe('the memory of who is gone', () => {
  const at = (address: string) => ({ address });

  test.each([
    ['by its name, wherever it is now', instanceOf('a', at('h1')), instanceOf('a', at('h2')), true],
    ['at its address, whatever its name is now', instanceOf('a', at('h1')), instanceOf('b', at('h1')), true],
    ['not when neither is the same', instanceOf('a', at('h1')), instanceOf('b', at('h2')), false],
  ])('knows one that returns %s', (_how, gone, comes, returned) => {
    const memory = new ReturnMemory();
    expect(memory.returned(comes)).toBe(false);
    memory.gone(gone);
    expect(memory.returned(comes)).toBe(returned);
    expect(memory.returned(comes)).toBe(false);
  });

  test('forgets those who have been gone longest when there are too many', () => {
    const memory = new ReturnMemory();
    const nth = (i: number) => instanceOf(`i${i}`, at(`h${i}`));
    for (let i = 0; i < 2_000; i += 1) memory.gone(nth(i));
    expect([memory.returned(nth(0)), memory.returned(nth(1_999))]).toEqual([false, true]);
  });
});
