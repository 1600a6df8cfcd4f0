import { describe, expect, test } from '@jest/globals';
import { ByteBudget } from '../src/byte-budget.ts';

describe('a budget of bytes', () => {
  test('asks nobody to let go while all together hold little enough', () => {
    const budget = new ByteBudget<string>(100);
    expect(budget.hold('a', 60)).toBeUndefined();
    expect(budget.hold('b', 40)).toBeUndefined();
    expect(budget.hold('a', 50)).toBeUndefined();
    expect(budget.bytes).toBe(90);
  });

  test('asks who has held something for longest, whoever goes beyond it', () => {
    const budget = new ByteBudget<string>(100);
    budget.hold('a', 10);
    budget.hold('b', 80);
    expect(budget.hold('c', 20)).toBe('a');
    budget.release('a');
    expect(budget.hold('c', 20)).toBeUndefined();
    expect(budget.hold('c', 30)).toBe('b');
  });

  test('takes who had let go for somebody new', () => {
    const budget = new ByteBudget<string>(100);
    budget.hold('a', 10);
    budget.hold('b', 10);
    budget.release('a');
    budget.hold('a', 10);
    expect(budget.hold('c', 90)).toBe('b');
  });
});
