import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { SentRequests } from '../src/sent-requests.ts';

const FIRST = 1_700_000_000_000_000;

describe('requests that were sent', () => {
  test('are numbered one after the other, from the first number on', () => {
    const sent = new SentRequests<string>(FIRST);
    expect([sent.add('a'), sent.add('b'), sent.nextNumber]).toEqual([FIRST, FIRST + 1, FIRST + 2]);
  });

  test('are taken once, and others not at all', () => {
    const sent = new SentRequests<string>(FIRST);
    sent.add('a');
    expect([FIRST - 1, FIRST + 1, FIRST, FIRST].map((number) => sent.take(number))).toEqual([
      undefined,
      undefined,
      'a',
      undefined,
    ]);
  });

  test('behave as a map of numbers through any order of answers', () => {
    const step = fc.oneof(fc.constant('send' as const), fc.nat(300));
    fc.assert(
      fc.property(fc.array(step, { maxLength: 1000, size: 'max' }), (steps) => {
        const sent = new SentRequests<{ readonly at: number }>(FIRST);
        const model = new Map<number, { readonly at: number }>();
        for (const [at, what] of steps.entries()) {
          if (what === 'send') model.set(sent.add({ at }), { at });
          else {
            const number = sent.nextNumber - what;
            expect(sent.take(number)).toEqual(model.get(number));
            model.delete(number);
          }
          expect(sent.size).toBe(model.size);
        }
      }),
      { numRuns: 50 },
    );
  });
});
