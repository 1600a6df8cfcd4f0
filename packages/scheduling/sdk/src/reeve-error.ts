import { CodedError } from '@reeve/base';
import type { TaskId, TaskStatus } from '@reeve/tasks';

/** What can go wrong with an operation of the SDK. */
export type ReeveErrorCode =
  /** What was asked for is not a legal task; nothing was submitted. */
  | 'invalid_task'
  /** An option of the SDK is not legal. */
  | 'invalid_argument'
  /** There is no task with this id. */
  | 'task_unknown'
  /** The id was given to another task before. */
  | 'task_exists'
  /** The task has a final status, so it cannot be cancelled. */
  | 'task_finished'
  /** The task has no final status, so it cannot be run again. */
  | 'task_not_finished'
  /** The final status of an awaited task is not `succeeded`; `facts.status` has it. */
  | 'task_failed'
  | 'task_cancelled'
  | 'task_lost'
  | 'task_expired'
  /** No master has ever run below this root. */
  | 'not_initialised'
  /** The coordinator refused, by `facts.reason`; or a record is not readable. */
  | 'refused'
  /** No coordinator answered. */
  | 'unreachable'
  /** The deadline passed. */
  | 'deadline_exceeded'
  /** The caller's AbortSignal fired. */
  | 'aborted'
  /** `close()` was called. */
  | 'closed'
  /** Changes came faster than they were read. */
  | 'watch_overflow';

/** Facts of a failed operation. */
export interface ReeveFacts {
  readonly code: ReeveErrorCode;
  readonly taskId?: TaskId;
  /** The final status, for the codes that are about one. */
  readonly status?: TaskStatus;
  /** Where it was tried, for `unreachable`. */
  readonly connect?: string;
  /** The coordination core's own code, for `refused`. */
  readonly reason?: string;
  /** How to mend it, in one sentence. */
  readonly advice?: string;
}

/** Every failure of the SDK: `code` and `facts` for programs, the message for people. */
export class ReeveError extends CodedError<ReeveFacts> {}
