import { expect, test } from '@jest/globals';
import { PoolHarness } from './pool-harness.ts';

test('a TypeScript module is loaded as it is', async () => {
  const harness = new PoolHarness({ modules: ['typed.ts'] });
  expect(await harness.pool.start()).toEqual(['add']);
  expect(await harness.result(harness.handle('add', { a: 2, b: 3 }))).toBe(5);
});

test.each([
  ['missing.mjs', [], /cannot load .*missing\.mjs/],
  ['broken.mjs', [], /cannot load .*broken\.mjs: Error: the database is not configured \(.*broken\.mjs:1:7\)$/],
  ['late.mjs', [], /^a runner ended before it was ready \(\d+\): Error: the database went away$/],
  ['empty.mjs', [], /empty\.mjs exports no handler/],
  ['act-again.mjs', ['handlers.mjs'], /the handler act is in .*handlers\.mjs and in .*act-again\.mjs/],
])('%s is refused by name and reason before anything runs', async (module, others, message) => {
  const harness = new PoolHarness({ modules: [...others, module] });
  const error = await harness.pool.start().catch((thrown) => thrown);
  expect(error).toMatchObject({ code: 'handlers_unusable', facts: { module: expect.stringMatching(module) } });
  expect(error.message).toMatch(message);
  expect(error.message).not.toContain('\n');
});
