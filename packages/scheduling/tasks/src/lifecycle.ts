import type { Outcome } from './task.ts';

/** Where a task stands. */
export type TaskState = 'waiting' | 'assigned' | 'running' | Outcome;

/** What can happen to a task. */
export type TaskEvent =
  /** The primary gave it to a worker. */
  | 'assign'
  /** The worker started the attempt. */
  | 'start'
  /** The worker gave it back without having started it. */
  | 'hand_back'
  /** The attempt returned. */
  | 'succeed'
  /** The attempt failed, and was the last. */
  | 'fail'
  /** The attempt failed, and another follows. */
  | 'retry'
  /** Its worker is gone; another takes it. */
  | 'worker_lost'
  /** Its worker is gone, and nobody may or should start it again. */
  | 'give_up'
  /** Somebody no longer wants it. */
  | 'cancel'
  /** Its time was over before it was started. */
  | 'expire'
  /** What was asked cannot be read. */
  | 'reject'
  /** A person wants it run again, from the first attempt. */
  | 'redrive';

const final = { redrive: 'waiting' } as const;

/** What follows what; an event that is not listed cannot happen in that state. */
export const transitions: Readonly<Record<TaskState, Readonly<Partial<Record<TaskEvent, TaskState>>>>> = {
  waiting: { assign: 'assigned', cancel: 'cancelled', expire: 'expired', reject: 'failed' },
  assigned: {
    start: 'running',
    hand_back: 'waiting',
    worker_lost: 'waiting',
    give_up: 'lost',
    cancel: 'cancelled',
    reject: 'failed',
  },
  running: {
    succeed: 'succeeded',
    fail: 'failed',
    retry: 'waiting',
    worker_lost: 'waiting',
    give_up: 'lost',
    cancel: 'cancelled',
  },
  succeeded: final,
  failed: final,
  cancelled: final,
  lost: final,
  expired: final,
};

/** The state after `event`, or undefined where it cannot happen. */
export function next(state: TaskState, event: TaskEvent): TaskState | undefined {
  return transitions[state][event];
}

/** Whether a task in this state has its final status. */
export function isFinal(state: TaskState): state is Outcome {
  return transitions[state] === final;
}
