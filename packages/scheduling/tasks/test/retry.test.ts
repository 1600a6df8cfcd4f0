import { describe, expect, test } from '@jest/globals';
import { type Attempt, type AttemptResult, endAttempt, endOfLostWorker, WORKERS_LOST_MAX } from '@reeve/tasks';
import { idOf } from './fixtures.ts';

const policy = { attemptsMax: 3, backoffMs: 100, backoffMaxMs: 300 };
const error = { code: 'handler_failed', message: 'no' };
const failed: AttemptResult = { kind: 'failed', error, again: 'by policy', retry: policy };
const moment = { now: 1_000, random: () => 0 };

function attemptOf(attempt: number, workersLost = 0, repeat: 'repeatable' | 'once' = 'repeatable'): Attempt {
  return { taskId: idOf(1), workerId: 'w', assignment: { attempt, workersLost, repeat }, startedAt: 900 };
}

describe('an attempt that failed', () => {
  test.each([
    [1, 1_100],
    [2, 1_200],
  ])('number %i of 3 is followed by another, not before %i', (attempt, notBefore) => {
    const record = { attempts: attempt, workersLost: 0, notBefore, lastError: error };
    expect(endAttempt(attemptOf(attempt), failed, moment)).toEqual({ kind: 'retry', taskId: idOf(1), record });
  });

  test('was the last when the policy says so', () => {
    expect(endAttempt(attemptOf(3), failed, moment)).toEqual({
      kind: 'final',
      taskId: idOf(1),
      status: { outcome: 'failed', error, attempts: 3, workerId: 'w', startedAt: 900, finishedAt: 1_000 },
    });
  });

  test('counts without those that ended with their worker', () => {
    expect(endAttempt(attemptOf(4, 2), failed, moment)).toMatchObject({ kind: 'retry', record: { notBefore: 1_200 } });
    expect(endAttempt(attemptOf(5, 2), failed, moment)).toMatchObject({ kind: 'final' });
  });

  test('waits no longer than the longest wait, and half of it is left to chance', () => {
    const result: AttemptResult = { ...failed, retry: { ...policy, attemptsMax: 99 } };
    expect(endAttempt(attemptOf(20), result, moment)).toMatchObject({ record: { notBefore: 1_300 } });
    const late = { now: 1_000, random: () => 0.999_999 };
    expect(endAttempt(attemptOf(20), result, late)).toMatchObject({ record: { notBefore: 1_150 } });
  });

  test.each<[string, Attempt, AttemptResult]>([
    ['the task may run only once', attemptOf(1, 0, 'once'), failed],
    ['another cannot help', attemptOf(1), { ...failed, again: 'never' }],
  ])('is the last when %s', (_, attempt, result) => {
    expect(endAttempt(attempt, result, moment)).toMatchObject({ kind: 'final', status: { outcome: 'failed' } });
  });
});

test('an attempt that returned leaves its result, and a cancelled one its outcome', () => {
  const succeeded = endAttempt(attemptOf(1), { kind: 'succeeded', result: { n: 1 } }, moment);
  expect(succeeded).toMatchObject({ kind: 'final', status: { outcome: 'succeeded', result: { n: 1 } } });
  const cancelled = endAttempt(attemptOf(1), { kind: 'cancelled' }, moment);
  expect(cancelled).toMatchObject({ kind: 'final', status: { outcome: 'cancelled' } });
});

describe('an attempt whose worker is gone', () => {
  test('is followed by another at once, which does not use up the policy', () => {
    expect(endOfLostWorker(attemptOf(2, 1), 5)).toMatchObject({
      kind: 'retry',
      record: { attempts: 2, workersLost: 2, notBefore: 0, lastError: { code: 'worker_lost' } },
    });
  });

  test('ends the task when it has taken too many workers with it', () => {
    expect(endOfLostWorker(attemptOf(9, WORKERS_LOST_MAX - 1), 5)).toMatchObject({ kind: 'retry' });
    const ending = endOfLostWorker(attemptOf(9, WORKERS_LOST_MAX), 5);
    expect(ending).toMatchObject({ kind: 'final', status: { outcome: 'lost', error: { code: 'worker_lost' } } });
  });

  test('ends a task that may run only once, for nobody knows what it did', () => {
    const ending = endOfLostWorker(attemptOf(1, 0, 'once'), 5);
    expect(ending).toMatchObject({ kind: 'final', status: { outcome: 'lost', attempts: 1, workerId: 'w' } });
  });
});
