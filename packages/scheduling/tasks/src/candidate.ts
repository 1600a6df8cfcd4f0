import type { Need } from './need.ts';
import type { Seat } from './seat.ts';
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
  /** What it needs of a worker; the same object for all tasks of a lane. Undefined until its specification is read. */
  need: Need | undefined = undefined;
  priority = 0;
  notBefore = 0;
  attempts = 0;
  workersLost = 0;
  /** Who it is reserved for, while the write is under way. */
  seat: Seat | undefined = undefined;
  /** How often its retry record was seen written; and how often it had been when the newest reading of it began. */
  #retryWrites = 0;
  #retryReadAt = 0;
  #readingAt = 0;

  constructor(taskId: TaskId) {
    this.taskId = taskId;
    this.time = timeOf(taskId);
  }

  learnSpec(spec: TaskSpec, need: Need): void {
    this.need = need;
    this.priority = spec.priority;
    this.notBefore = Math.max(this.notBefore, spec.notBefore);
  }

  /** Whether its retry record is newer than what was read of it. */
  get retryUnread(): boolean {
    return this.#retryWrites !== this.#retryReadAt;
  }

  retryWritten(): void {
    this.#retryWrites += 1;
  }

  /** What is to be read of it is asked for from now on. */
  beginReading(): void {
    this.stage = 'reading';
    this.#readingAt = this.#retryWrites;
  }

  /** The retry record was read as of `beginReading`; undefined when there is none any more. */
  learnRetry(record: RetryRecord | undefined): void {
    this.#retryReadAt = this.#readingAt;
    if (record === undefined) return;
    this.attempts = record.attempts;
    this.workersLost = record.workersLost;
    this.notBefore = Math.max(this.notBefore, record.notBefore);
  }

  /** The record of the attempt that comes next. */
  get assignment(): Assignment {
    const repeat = this.need?.repeat ?? 'repeatable';
    return { attempt: this.attempts + 1, workersLost: this.workersLost, repeat };
  }
}

/**
 * Whether `a` goes before `b`: the higher priority, then the older. Within a millisecond the one that has been tried
 * goes, so that what was taken from a lost worker never waits behind the rest of its batch; then the first to arrive.
 */
export function goesFirst(a: Candidate, b: Candidate): boolean {
  if (a.priority !== b.priority) return a.priority > b.priority;
  return a.time === b.time ? a.attempts > b.attempts : a.time < b.time;
}

/** Whether `a` was submitted before `b`. */
export function isOlder(a: Candidate, b: Candidate): boolean {
  return a.time < b.time;
}
