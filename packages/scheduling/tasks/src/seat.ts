import type { Need } from './need.ts';
import { RateMeter } from './rate-meter.ts';
import type { WorkerRecord } from './task.ts';
import type { WorkerView } from './worker-view.ts';

/** How far tasks may be given to a worker ahead of its slots. */
export interface PrefetchLimits {
  /** The work of how many milliseconds may wait at the worker. */
  readonly horizonMs: number;
  /** The most tasks that wait there. */
  readonly tasksMax: number;
}

// A worker whose tasks take longer than this on average gets none ahead: they would wait for one another.
const SHORT_TASK_MS = 200;

/** How many tasks were given so far, to all workers. */
export type GivingOrder = { given: number };

/** A living worker, as the primary sees it. */
export class Seat {
  readonly worker: WorkerView;
  record: WorkerRecord;
  /** Planned for it, the write under way: not yet among the worker's tasks. */
  reserved = 0;
  /** When it was last given a task, counted in tasks given: among equals, who has waited longest is next. */
  lastGiven = 0;
  /** Finished since the rate was last looked at. */
  finished = 0;
  /** How many tasks may wait at it beyond its slots; as of the last plan. */
  prefetch = 0;
  readonly #meter = new RateMeter();
  readonly #order: GivingOrder;

  constructor(worker: WorkerView, record: WorkerRecord, order: GivingOrder) {
    this.worker = worker;
    this.record = record;
    this.#order = order;
  }

  /** How many tasks it has, or is about to have. */
  get load(): number {
    return this.worker.tasks.size + this.reserved;
  }

  /** Load by slot: what fairness compares. */
  get pressure(): number {
    return this.load / this.record.slots;
  }

  /** One more task is on its way to it. */
  reserve(): void {
    this.reserved += 1;
    this.#order.given += 1;
    this.lastGiven = this.#order.given;
  }

  /** Updates `prefetch`: the tasks that it finishes within the horizon, at the rate of the last second. */
  look(now: number, limits: PrefetchLimits): void {
    this.#meter.add(now, this.finished);
    this.finished = 0;
    const rate = this.#meter.perSecond(now);
    const isShort = rate * SHORT_TASK_MS >= this.record.slots * 1000;
    this.prefetch = isShort ? Math.min(limits.tasksMax, Math.floor((rate * limits.horizonMs) / 1000)) : 0;
  }

  /** How many tasks of a lane it may be given now. What runs once never waits at a worker. */
  room(repeat: Need['repeat']): number {
    if (this.record.phase === 'draining') return 0;
    const ahead = repeat === 'once' ? 0 : this.prefetch;
    return Math.max(0, this.record.slots + ahead - this.load);
  }
}
