import { afterEach, describe, expect, test } from '@jest/globals';
import { eventually } from '@reeve/testkit';
import { monotonicMs } from '../src/message.ts';
import { AMPLE_GRACE_MS, isAlive, PoolHarness } from './pool-harness.ts';

const harness = new PoolHarness();
const { pool } = harness;

// What a failed test leaves running must not fail those after it.
afterEach(() => pool.abortAll('draining'));

const pidOfRunner = async () => (await harness.result(harness.handle('act', { does: 'pid' }))) as number;
const running = () => eventually(() => pool.busy === 1 && pool.waiting === 0, { what: 'the attempt runs' });

test('the pool starts', async () => {
  await pool.start();
});

describe('time-out', () => {
  test('a handler that obeys its signal keeps its process', async () => {
    const patient = new PoolHarness({ graceMs: AMPLE_GRACE_MS });
    await patient.pool.start();
    const pid = await patient.result(patient.handle('act', { does: 'pid' }));
    expect(await patient.error(patient.handle('obey', {}, { timeoutMs: 50 }))).toMatchObject({ code: 'timed_out' });
    expect(await patient.result(patient.handle('act', { does: 'pid' }))).toBe(pid);
  });

  test('one that does not obey loses it after the grace', async () => {
    const pid = await pidOfRunner();
    expect(await harness.error(harness.handle('ignore', {}, { timeoutMs: 50 }))).toMatchObject({ code: 'timed_out' });
    expect(isAlive(pid)).toBe(false);
  });
});

describe('cancel', () => {
  test('an attempt that waits ends at once', async () => {
    const first = harness.handle('obey');
    await running();
    const second = harness.handle('obey');
    pool.abort(second, 'cancelled');
    expect(harness.endsOf(second)).toMatchObject([{ kind: 'failed', error: { code: 'cancelled' } }]);
    pool.abort(first, 'cancelled');
    expect(await harness.error(first)).toEqual({ code: 'cancelled', message: 'the task was cancelled' });
  });

  test('one that does not obey ends with its process', async () => {
    const pid = await pidOfRunner();
    const execution = await harness.block('disobedient');
    pool.abort(execution, 'cancelled');
    expect(await harness.error(execution)).toMatchObject({ code: 'cancelled' });
    expect(isAlive(pid)).toBe(false);
  });

  test('one that is taken back just as it was about to start ends too, and starts nowhere else', async () => {
    const runners = new URL('./fixtures/declining/', import.meta.url);
    const declining = new PoolHarness({ runners, graceMs: AMPLE_GRACE_MS });
    await declining.pool.start();
    const execution = declining.handle('act', { log: declining.file('about-to-start') });
    await eventually(() => declining.lines('about-to-start'), { what: 'the attempt is about to start' });
    declining.pool.abort(execution, 'cancelled');
    expect(await declining.error(execution)).toMatchObject({ code: 'cancelled' });
    expect(declining.pool.waiting).toBe(0);
  });

  test('one that has ended is not cancelled any more', async () => {
    const execution = harness.handle('act', { id: 'done' });
    await harness.end(execution);
    pool.abort(execution, 'cancelled');
    expect(harness.endsOf(execution)).toMatchObject([{ kind: 'succeeded' }]);
  });
});

describe('waiting', () => {
  test('what may run only once waits outside of runners, and can be taken back', async () => {
    await harness.warmUp();
    const first = harness.handle('obey', {}, { repeat: 'once' });
    await running();
    const second = harness.handle('act', {}, { repeat: 'once' });
    expect(pool.waiting).toBe(1);
    expect(pool.takeWaiting(second.queuedMs - 1)).toEqual([]);
    expect(pool.takeWaiting(second.queuedMs)).toEqual([second]);
    await pool.abortAll('draining');
    expect(harness.endsOf(first)).toMatchObject([{ kind: 'failed', error: { code: 'worker_lost' } }]);
    expect(harness.endsOf(second)).toEqual([]);
  });
});

describe('the lease', () => {
  test('a runner ends by itself when its lease does, even if its event loop is blocked', async () => {
    const pid = await pidOfRunner();
    const execution = await harness.block('without-lease');
    pool.renewLease(monotonicMs() + 200);
    expect(await harness.error(execution)).toMatchObject({ code: 'worker_lost', message: /lease/ });
    expect(isAlive(pid)).toBe(false);
  });

  test('attempts run again under a new lease', async () => {
    pool.renewLease(monotonicMs() + 60_000);
    expect(await harness.result(harness.handle('act', { id: 'again' }))).toBe('again');
  });
});
