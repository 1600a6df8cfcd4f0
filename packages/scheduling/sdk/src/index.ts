/** Submit, follow and handle tasks from a program. */
export type {
  Assignment,
  Outcome,
  TaskDescription,
  TaskError,
  TaskId,
  TaskSpec,
  TaskStatus,
  WaitingReason,
  WorkerRecord,
} from '@reeve/tasks';
export type { CallOptions } from './call.ts';
export type { WatchOptions } from './change-feed.ts';
export type { MasterSummary, PrimarySummary, WorkerSummary } from './fleet.ts';
export * from './handlers.ts';
export type { Overview, QueueSummary, ReasonSummary, TaskCounts } from './overview.ts';
export * from './reeve.ts';
export * from './reeve-error.ts';
export type { SubmitManyOptions } from './submitter.ts';
export type { ReasonToWait, TaskChange } from './task-changes.ts';
export type { TaskHandle, TaskReport } from './task-handle.ts';
export * from './task-id.ts';
export type { ListOptions, TaskPage, TaskState, TaskSummary } from './task-list.ts';
export {
  type CommandRequest,
  type HandlerRequest,
  type SubmitOptions,
  type TaskRequest,
  taskIdOf,
} from './task-request.ts';
