import type { Lane } from './lane.ts';
import type { Seat } from './seats.ts';
import type { Assignment, RetryRecord, TaskId, TaskSpec } from './task.ts';
import { timeOf } from './task-id.ts';

/** How far a task that waits has come on its way to a worker. */
export type Stage =
  /** Its specification or retry record is still to be read. */
  | 'unread'
  | 'reading'
  /** It may not start yet. */
  | 'delayed'
  | 'ready'
  /** Planned; the write is under way. */
  | 'reserved'
  /** It does not wait: assigned, finished, unwanted or unreadable. */
  | 'away';

/** What the primary has read of a task that is not finished: no more than placement needs. */
export class Candidate {
  readonly taskId: TaskId;
  /** When it was submitted, by its id: age decides among equal priorities. */
  readonly time: number;
  stage: Stage = 'away';
  /** Where it waits; undefined until its specification is read. */
  lane: Lane | undefined = undefined;
  priority = 0;
  notBefore = 0;
  attempts = 0;
  workersLost = 0;
  /** Who it is reserved for, while the write is under way. */
  seat: Seat | undefined = undefined;
  /** Its retry record is newer than what was read of it. */
  retryUnread = false;

  constructor(taskId: TaskId) {
    this.taskId = taskId;
    this.time = timeOf(taskId);
  }

  learnSpec(spec: TaskSpec, lane: Lane): void {
    this.lane = lane;
    this.priority = spec.priority;
    this.notBefore = Math.max(this.notBefore, spec.notBefore);
  }

  learnRetry(record: RetryRecord): void {
    this.attempts = record.attempts;
    this.workersLost = record.workersLost;
    this.notBefore = Math.max(this.notBefore, record.notBefore);
  }

  /** The record of the attempt that comes next. */
  get assignment(): Assignment {
    const repeat = this.lane?.need.repeat ?? 'repeatable';
    return { attempt: this.attempts + 1, workersLost: this.workersLost, repeat };
  }
}

/** Whether `a` goes before `b`: the higher priority, then the older. Within a millisecond the first to arrive goes. */
export function goesFirst(a: Candidate, b: Candidate): boolean {
  return a.priority === b.priority ? a.time < b.time : a.priority > b.priority;
}

/** Whether `a` was submitted before `b`. */
export function isOlder(a: Candidate, b: Candidate): boolean {
  return a.time < b.time;
}
