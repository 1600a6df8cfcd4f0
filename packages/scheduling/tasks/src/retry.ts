import { backoffMs, invariant, type Random, unreachable } from '@reeve/base';
import { isFinal, next, type TaskEvent } from './lifecycle.ts';
import type { Assignment, RetryPolicy, RetryRecord, TaskError, TaskId, TaskStatus } from './task.ts';

/** How many workers a repeatable task may lose before it is suspected of killing them, and ends `lost`. */
export const WORKERS_LOST_MAX = 5;

// Half of each wait is left to chance, so that tasks that failed together do not come back together.
const RETRY_JITTER = 0.5;

/** How an attempt ended, ready to be written: a final status, or what the next attempt needs to know. */
export type Ending =
  | { readonly kind: 'final'; readonly taskId: TaskId; readonly status: TaskStatus }
  | { readonly kind: 'retry'; readonly taskId: TaskId; readonly record: RetryRecord };

/** One attempt, as its worker knows it. */
export interface Attempt {
  readonly taskId: TaskId;
  readonly workerId: string;
  readonly assignment: Assignment;
  /** When it was started, milliseconds since the epoch; none when it never was. */
  readonly startedAt?: number;
}

/** What came of an attempt. */
export type AttemptResult =
  | { readonly kind: 'succeeded'; readonly result: unknown }
  | {
      readonly kind: 'failed';
      readonly error: TaskError;
      /** `never` when another attempt cannot help, whatever the policy allows. */
      readonly again: 'by policy' | 'never';
      /** The task's `repeat` decides too: what may run once does not run again after a failure. */
      readonly retry: RetryPolicy;
    }
  | { readonly kind: 'cancelled'; readonly error?: TaskError };

/** When something ended, and the chance that spreads the next try. */
export interface Moment {
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly random: Random;
}

/** What an attempt's worker writes when the attempt has ended. */
export function endAttempt(attempt: Attempt, result: AttemptResult, moment: Moment): Ending {
  switch (result.kind) {
    case 'succeeded':
      return finalEnding(attempt, 'succeed', { result: result.result, now: moment.now });
    case 'cancelled':
      return finalEnding(attempt, 'cancel', { error: result.error, now: moment.now });
    case 'failed':
      return mayRunAgain(attempt, result)
        ? retryEnding(attempt, result, moment)
        : finalEnding(attempt, 'fail', { error: result.error, now: moment.now });
    default:
      return unreachable(result);
  }
}

/** What the primary writes for an assignment whose worker is gone. */
export function endOfLostWorker(attempt: Attempt, now: number): Ending {
  const { taskId, workerId, assignment } = attempt;
  const workersLost = assignment.workersLost + 1;
  const code = 'worker_lost';
  if (assignment.repeat === 'once') {
    const message = `worker ${workerId} was lost with this task, which may run only once: find out what it did, then retry or drop it`;
    return finalEnding(attempt, 'give_up', { error: { code, message }, now });
  }
  if (workersLost > WORKERS_LOST_MAX) {
    const message = `${workersLost} workers were lost with this task, the last was ${workerId}: it may be what ends them`;
    return finalEnding(attempt, 'give_up', { error: { code, message }, now });
  }
  const lastError = { code, message: `worker ${workerId} was lost` };
  return { kind: 'retry', taskId, record: { attempts: assignment.attempt, workersLost, notBefore: 0, lastError } };
}

type Failed = Extract<AttemptResult, { kind: 'failed' }>;

function mayRunAgain({ assignment }: Attempt, { again, retry }: Failed): boolean {
  return again === 'by policy' && assignment.repeat === 'repeatable' && ownFailures(assignment) < retry.attemptsMax;
}

/** Failed attempts, this one included; those that ended with their worker do not use up the policy. */
function ownFailures({ attempt, workersLost }: Assignment): number {
  return Math.max(1, attempt - workersLost);
}

function retryEnding({ taskId, assignment }: Attempt, { error, retry }: Failed, { now, random }: Moment): Ending {
  const backoff = { baseMs: retry.backoffMs, factor: 2, ceilingMs: retry.backoffMaxMs, jitter: RETRY_JITTER };
  const notBefore = now + backoffMs(backoff, ownFailures(assignment), random);
  const { attempt, workersLost } = assignment;
  return { kind: 'retry', taskId, record: { attempts: attempt, workersLost, notBefore, lastError: error } };
}

type Final = { readonly now: number; readonly result?: unknown; readonly error?: TaskError | undefined };

function finalEnding(attempt: Attempt, event: TaskEvent, { now, result, error }: Final): Ending {
  const outcome = next('running', event);
  invariant(outcome !== undefined && isFinal(outcome), 'the event ends an attempt for good');
  const status: TaskStatus = {
    outcome,
    ...(result !== undefined && { result }),
    ...(error !== undefined && { error }),
    attempts: attempt.assignment.attempt,
    workerId: attempt.workerId,
    ...(attempt.startedAt !== undefined && { startedAt: attempt.startedAt }),
    finishedAt: now,
  };
  return { kind: 'final', taskId: attempt.taskId, status };
}
