import { invariant } from '@reeve/base';
import type { AssignedTask, Assignment, AttemptResult, RetryPolicy, TaskId } from '@reeve/tasks';
import type { Execution, ExecutionEnd } from '../pool/execution.ts';

/** A readable assignment of this worker, and where it stands here. */
export interface Holding {
  readonly taskId: TaskId;
  readonly assignment: Assignment;
  readonly fence: number;
  readonly retry: RetryPolicy;
  /** None when it cannot run here at all. */
  readonly execution: Execution | undefined;
  /**
   * `open`: waits or runs; `ending`: what has come of it is being written; `returning`: it is being handed back.
   * Forgotten when the engine has acknowledged that, so that a late read cannot start it again.
   */
  phase: 'open' | 'ending' | 'returning';
}

const noRetry: RetryPolicy = { attemptsMax: 1, backoffMs: 0, backoffMaxMs: 0 };

/** What a worker holds for an assignment that it has read; `nowMs` is `performance.now()`. */
export function holdingOf(task: AssignedTask, workerId: string, nowMs: number): Holding {
  invariant(task.assignment.kind === 'found', 'only a readable assignment is held');
  const { taskId, spec } = task;
  const { value: assignment, czxid: fence } = task.assignment;
  if (spec.kind !== 'found') return { taskId, assignment, fence, retry: noRetry, execution: undefined, phase: 'open' };
  const { queue, timeoutMs, work, repeat, retry } = spec.value;
  const { attempt } = assignment;
  const execution = { taskId, workerId, queue, attempt, fence, timeoutMs, work, repeat, queuedMs: nowMs };
  return { taskId, assignment, fence, retry, execution, phase: 'open' };
}

/** What an execution's end means for its task; `abandoned`: nothing that this worker may say. */
export function resultOf(holding: Holding, end: ExecutionEnd): AttemptResult | 'abandoned' {
  if (end.kind === 'succeeded') return { kind: 'succeeded', result: end.result };
  const { error } = end;
  if (error.code === 'worker_lost') return 'abandoned';
  if (error.code === 'cancelled') return { kind: 'cancelled', error };
  return { kind: 'failed', error, again: end.hope === 'retry' ? 'by policy' : 'never', retry: holding.retry };
}
