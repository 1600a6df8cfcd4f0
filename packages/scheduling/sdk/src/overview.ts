import type { Outcome } from '@reeve/tasks';
import type { PrimarySummary } from './fleet.ts';

/** How many tasks there are in each state. */
export type TaskCounts = Readonly<Record<'waiting' | 'running' | Outcome, number>>;

/** What waits and runs in one queue. */
export interface QueueSummary {
  readonly queue: string;
  readonly waiting: number;
  readonly running: number;
}

/** One reason why tasks wait. */
export interface ReasonSummary {
  readonly code: string;
  readonly message: string;
  /** How many of the oldest waiting tasks have it. */
  readonly tasks: number;
}

/** Reeve at a glance. */
export interface Overview {
  /** The master that decides; missing while nobody does. */
  readonly primary?: PrimarySummary;
  readonly masters: number;
  readonly workers: number;
  /** The slots of all workers together. */
  readonly slots: number;
  /** Waiting and running are counted; how the others ended is `estimated` where there are too many to look at each. */
  readonly tasks: TaskCounts;
  /** `estimated`: the outcomes and queues are extrapolated from some of the buckets, over which ids spread evenly. */
  readonly counts: 'exact' | 'estimated';
  /** The queues with tasks that wait or run, the fullest first. */
  readonly queues: readonly QueueSummary[];
  /** When the oldest waiting task was submitted, as far as was looked; milliseconds since the epoch. */
  readonly oldestWaitingSince?: number;
  /** Why the oldest waiting tasks (up to 200) wait, the most frequent reason first. */
  readonly reasons: readonly ReasonSummary[];
}
