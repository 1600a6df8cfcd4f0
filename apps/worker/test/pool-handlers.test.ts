import { describe, expect, test } from '@jest/globals';
import { eventually } from '@reeve/testkit';
import { isAlive, PoolHarness } from './pool-harness.ts';

const harness = new PoolHarness({ slots: 2 });
const { pool } = harness;

test('a pool knows its handlers once it has started', async () => {
  expect(await pool.start()).toEqual(expect.arrayContaining(['act', 'checked', 'checked-result']));
});

describe('what a handler returns', () => {
  test.each([['text'], [0], [false], [null], [[1, { a: 2 }]]])('%j is the result', async (value) => {
    expect(await harness.result(harness.handle('answer', value))).toEqual(value);
  });

  test('nothing is a result too', async () => {
    expect(await harness.result(harness.handle('answer', 'nothing'))).toBeUndefined();
  });

  test.each([
    ['bigint', /no JSON: Do not know how to serialize a BigInt/],
    ['circle', /no JSON: Converting circular structure/],
    ['large', /2002 bytes of JSON; 1000 are allowed/],
    ['umlauts', /1202 bytes of JSON; 1000 are allowed/],
  ])('%s is refused, and not tried again', async (what, message) => {
    const end = await harness.end(harness.handle('answer', what));
    expect(end).toMatchObject({ kind: 'failed', hope: 'give_up', error: { code: 'result_invalid' } });
    expect(end.kind === 'failed' && end.error.message).toMatch(message);
  });

  test('a result that does not fit its schema is refused', async () => {
    const end = await harness.end(harness.handle('checked-result', 3));
    expect(end).toMatchObject({ hope: 'retry', error: { code: 'result_invalid', message: /n: must be even/ } });
  });
});

describe('what a handler is given', () => {
  test('it is told who it is', async () => {
    const execution = harness.handle('act', { does: 'context' }, { queue: 'fast', attempt: 7, fence: 4711 });
    expect(await harness.result(execution)).toMatchObject({
      taskId: execution.taskId,
      queue: 'fast',
      attempt: 7,
      workerId: 'worker-1',
      fence: 4711,
      signal: false,
    });
  });

  test('a payload is what its schema made of it', async () => {
    expect(await harness.result(harness.handle('checked', 4))).toBe(40);
  });

  test('a payload that does not fit its schema fails at once, whatever the policy', async () => {
    const end = await harness.end(harness.handle('checked', 3));
    expect(end).toMatchObject({ hope: 'give_up', error: { code: 'payload_invalid' } });
  });

  test('a handler that is not there is named, with those that are', async () => {
    const error = await harness.error(harness.handle('nobody'));
    expect(error).toMatchObject({ code: 'handler_unknown', message: expect.stringMatching(/no handler nobody.*act/) });
  });
});

describe('what a handler throws', () => {
  test.each([
    ['act', 'it went wrong'],
    ['throwAfterAwait', 'it went wrong later'],
  ])('%s: message and stack are kept, without our own frames', async (handler, message) => {
    const error = await harness.error(harness.handle(handler, { does: 'throw' }));
    expect(error).toMatchObject({ code: 'handler_failed', message });
    expect(error?.stack).toContain('handlers.mjs');
    expect(error?.stack).not.toContain('handler-runner');
  });

  test('what has no text form fails like anything else', async () => {
    expect(await harness.error(harness.handle('throwOdd'))).toMatchObject({ code: 'handler_failed' });
  });

  test('DoNotRetry is obeyed', async () => {
    expect(await harness.end(harness.handle('doNotRetry'))).toMatchObject({ hope: 'give_up' });
  });

  test('a rejection that nobody caught fails the attempt that caused it', async () => {
    const error = await harness.error(harness.handle('forget'));
    expect(error).toMatchObject({ code: 'handler_failed', message: expect.stringMatching(/nobody waits for me/) });
  });
});

describe('output', () => {
  test('what a handler prints goes to the log, so many lines a second', async () => {
    const startMs = performance.now();
    await harness.end(harness.handle('print', { lines: 1_000 }));
    const isLine = ({ message }: { message: string }) => /^line \d+$/.test(message);
    await eventually(() => harness.logged.some(isLine), { what: 'a line is logged' });
    const seconds = Math.ceil((performance.now() - startMs) / 1_000) + 1;
    expect(harness.logged.filter(isLine).length).toBeLessThanOrEqual(100 * seconds);
  });
});

test('a pool that is stopped leaves no process behind', async () => {
  const pid = (await harness.result(harness.handle('act', { does: 'pid' }))) as number;
  const blocked = await harness.block('stopped');
  await pool.stop();
  expect(harness.endsOf(blocked)).toMatchObject([{ kind: 'failed', error: { code: 'worker_lost' } }]);
  expect(isAlive(pid)).toBe(false);
});
