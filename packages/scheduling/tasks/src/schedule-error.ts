import { CodedError, unreachable } from '@reeve/base';
import type { TaskId } from './task.ts';

/** Why a request about tasks was not carried out. */
export type ScheduleFacts =
  /** No master has ever made the znodes below this root. */
  | { readonly code: 'not_initialised'; readonly root: string }
  /** The engine refused to make a folder, by the protocol's name of the error. */
  | { readonly code: 'not_initialisable'; readonly path: string; readonly reason: string }
  /** There is no task of this id (any more). */
  | { readonly code: 'task_unknown'; readonly taskId: TaskId }
  /** Only a finished task can be redriven. */
  | { readonly code: 'task_not_finished'; readonly taskId: TaskId }
  /** Not an id as `newTaskId` makes them: it would lie in no bucket. */
  | { readonly code: 'task_id_invalid'; readonly taskId: TaskId }
  /** What is asked takes more bytes than `RECORD_BYTES_MAX`. */
  | { readonly code: 'spec_too_large'; readonly taskId: TaskId; readonly bytes: number; readonly bytesMax: number }
  /** Another master has become primary: whatever this one wrote since has changed nothing. */
  | { readonly code: 'deposed'; readonly epoch: number };

/** A request about tasks that was not carried out. */
export class ScheduleError extends CodedError<ScheduleFacts> {
  constructor(facts: ScheduleFacts, options?: ErrorOptions) {
    super(facts, sentence(facts), options);
  }
}

function sentence(facts: ScheduleFacts): string {
  switch (facts.code) {
    case 'not_initialised':
      return `there is nothing below ${facts.root}: start a master first, or mend the root`;
    case 'not_initialisable':
      return `${facts.path} could not be made: ${facts.reason}`;
    case 'task_unknown':
      return `there is no task ${facts.taskId}: it was never submitted, or its time of retention is over`;
    case 'task_not_finished':
      return `task ${facts.taskId} is not finished: only a finished task can be run again`;
    case 'task_id_invalid':
      return `${facts.taskId} is no task id: take a UUID version 7, in lower case`;
    case 'spec_too_large':
      return `task ${facts.taskId} takes ${facts.bytes} bytes, at most ${facts.bytesMax}: submit the address of a large payload`;
    case 'deposed':
      return `another master is primary: epoch ${facts.epoch} is over`;
    default:
      return unreachable(facts);
  }
}
