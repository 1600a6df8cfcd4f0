import { describe, expect, test } from '@jest/globals';
import { BoundedQueue, backoffMs, CodedError, codeOf, InvariantError, invariant, messageOf } from '@reeve/base';
import fc from 'fast-check';

describe('BoundedQueue', () => {
  test('gives items back in the order they came, and refuses one more than its limit', () => {
    const queue = new BoundedQueue<number>(2);
    expect([queue.offer(1), queue.offer(2), queue.offer(3)]).toEqual([true, true, false]);
    expect([queue.peek(), queue.take(), queue.take(), queue.take()]).toEqual([1, 1, 2, undefined]);
  });

  test('behaves as a plain array through any sequence of offers and takes', () => {
    fc.assert(
      fc.property(fc.array(fc.option(fc.integer()), { maxLength: 5000 }), (steps) => {
        const queue = new BoundedQueue<number>(50);
        const model: number[] = [];
        for (const step of steps) {
          if (step === null) expect(queue.take()).toBe(model.shift());
          else if (queue.offer(step)) model.push(step);
          else expect(model).toHaveLength(50);
        }
        expect(queue.length).toBe(model.length);
      }),
      { numRuns: 50 },
    );
  });

  test('keeps the order while it grows, wherever its head is, and when it is emptied', () => {
    const queue = new BoundedQueue<number>(100_000);
    let next = 0;
    let due = 0;
    for (const count of [10, 100, 20_000, 5]) {
      for (let i = 0; i < count; i += 1) queue.offer(next++);
      while (queue.length > count / 2) expect(queue.take()).toBe(due++);
    }
    while (queue.length > 0) expect(queue.take()).toBe(due++);
    expect([due, queue.peek()]).toEqual([next, undefined]);
  });

  test('forgets what was taken, however long it lives', () => {
    const queue = new BoundedQueue<number>(10);
    for (let i = 0; i < 10_000; i += 1) {
      expect(queue.offer(i)).toBe(true);
      expect(queue.take()).toBe(i);
    }
    expect(queue.length).toBe(0);
  });
});

describe('backoffMs', () => {
  const backoff = { baseMs: 100, factor: 2, ceilingMs: 1000, jitter: 0.5 };

  test.each([
    [1, 100],
    [2, 200],
    [4, 800],
    [5, 1000],
    [500, 1000],
  ])('after %i failures waits %i ms when chance takes nothing', (failures, expected) => {
    expect(backoffMs(backoff, failures, () => 0)).toBe(expected);
  });

  test('chance takes away at most its share', () => {
    expect(backoffMs(backoff, 1, () => 0.999)).toBeGreaterThanOrEqual(50);
  });
});

describe('errors', () => {
  test('a coded error carries code and facts beside its message', () => {
    const error = new CodedError({ code: 'port_in_use', port: 2181 }, 'port 2181 is in use');
    expect(error).toMatchObject({ name: 'CodedError', code: 'port_in_use', facts: { port: 2181 } });
    expect([codeOf(error), codeOf(new TypeError('x')), codeOf('port_in_use'), codeOf({ code: 7 })]).toEqual([
      'port_in_use',
      undefined,
      undefined,
      undefined,
    ]);
  });

  test('whatever was thrown has a message', () => {
    expect([messageOf(new TypeError('no')), messageOf('plain')]).toEqual(['no', 'plain']);
  });

  test('an invariant that does not hold crashes with its sentence', () => {
    expect(() => invariant(false, 'zxid grows')).toThrow(new InvariantError('invariant broken: zxid grows'));
  });
});
