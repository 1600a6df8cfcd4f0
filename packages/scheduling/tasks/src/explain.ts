import { needOf, offers } from './need.ts';
import type { RetryRecord, TaskSpec, WorkerRecord } from './task.ts';

/** A worker and how many tasks it has. */
export interface BusyWorker {
  readonly record: WorkerRecord;
  readonly assigned: number;
}

/** A task that waits. */
export interface WaitingTask {
  readonly spec: TaskSpec;
  readonly retry?: RetryRecord;
  readonly cancel?: 'requested';
  /** How many tasks of its queue may be assigned at the same time, where that is limited. */
  readonly limit?: number | undefined;
}

/** Why a task waits: a code for programs, a sentence for people. */
export interface WaitingReason {
  readonly code:
    | 'cancel_requested'
    | 'not_due'
    | 'no_worker'
    | 'queue_not_served'
    | 'handler_not_loaded'
    | 'commands_not_run'
    | 'workers_draining'
    | 'slots_busy'
    | 'queue_limited'
    | 'next_in_line';
  readonly message: string;
}

/** Says why a task waits, given all workers that live. */
export function explainWaiting(task: WaitingTask, workers: readonly BusyWorker[], now: number): WaitingReason {
  if (task.cancel !== undefined) return { code: 'cancel_requested', message: 'it is about to be cancelled' };
  const notBefore = Math.max(task.spec.notBefore, task.retry?.notBefore ?? 0);
  if (notBefore > now) return notDue(notBefore, task.retry);
  return whoIsMissing(task.spec, workers) ?? whoIsBusy(task, workers);
}

function notDue(notBefore: number, retry: RetryRecord | undefined): WaitingReason {
  const at = new Date(notBefore).toISOString();
  const again = retry !== undefined && retry.notBefore === notBefore;
  const message = again ? `attempt ${retry.attempts + 1} starts at ${at}` : `it starts at ${at}`;
  return { code: 'not_due', message };
}

function whoIsMissing(spec: TaskSpec, workers: readonly BusyWorker[]): WaitingReason | undefined {
  if (workers.length === 0) return { code: 'no_worker', message: 'no worker is there' };
  const { queue, handler } = needOf(spec);
  const serving = workers.filter(({ record }) => record.queues.includes(queue));
  if (serving.length === 0) return { code: 'queue_not_served', message: `no worker serves queue ${queue}` };
  if (serving.some(({ record }) => offers(record, needOf(spec)))) return undefined;
  if (handler === undefined) return { code: 'commands_not_run', message: `no worker of queue ${queue} runs commands` };
  return { code: 'handler_not_loaded', message: `no worker of queue ${queue} has handler ${handler}` };
}

function whoIsBusy({ spec, limit }: WaitingTask, workers: readonly BusyWorker[]): WaitingReason {
  const able = workers.filter(({ record }) => offers(record, needOf(spec)));
  const accepting = able.filter(({ record }) => record.phase === 'accepting');
  if (accepting.length === 0) return { code: 'workers_draining', message: 'every worker that could run it is leaving' };
  const slots = accepting.reduce((sum, { record }) => sum + record.slots, 0);
  const isBusy = accepting.every(({ record, assigned }) => assigned >= record.slots);
  if (!isBusy && limit !== undefined) return { code: 'queue_limited', message: limitMessage(spec.queue, limit) };
  if (!isBusy) return { code: 'next_in_line', message: 'a slot is free: it is about to be assigned' };
  const one = slots === 1;
  return { code: 'slots_busy', message: one ? 'the only slot is busy' : `all ${slots} slots are busy` };
}

function limitMessage(queue: string, limit: number): string {
  if (limit === 0) return `queue ${queue} is held: its limit is 0`;
  return `queue ${queue} is limited to ${limit} at a time`;
}
