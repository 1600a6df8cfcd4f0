import type { TaskError, TaskId, TaskSpec, Work } from '@reeve/tasks';
import type { Hope } from '../message.ts';

/** An attempt that this worker has to run. */
export interface Execution {
  readonly taskId: TaskId;
  readonly workerId: string;
  readonly queue: string;
  readonly attempt: number;
  /** The czxid of its assignment. */
  readonly fence: number;
  readonly timeoutMs: number;
  readonly work: Work;
  readonly repeat: TaskSpec['repeat'];
  /** When it came to this worker, by `performance.now()`. */
  readonly queuedMs: number;
}

/** How an execution ended; `startedAt` is missing when it never started. */
export type ExecutionEnd =
  | { readonly kind: 'succeeded'; readonly result: unknown; readonly startedAt: number }
  | { readonly kind: 'failed'; readonly error: TaskError; readonly hope: Hope; readonly startedAt?: number };

/** Told of every execution that ended, once; not of those that were taken back. */
export type OnEnd = (execution: Execution, end: ExecutionEnd) => void;
