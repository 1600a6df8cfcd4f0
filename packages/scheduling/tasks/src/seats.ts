import { type Lane, offers } from './lane.ts';
import type { WorkerView } from './picture.ts';
import { RateMeter } from './rate-meter.ts';
import type { WorkerRecord } from './task.ts';

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
type GivingOrder = { given: number };

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
  room(repeat: Lane['need']['repeat']): number {
    if (this.record.phase === 'draining') return 0;
    const ahead = repeat === 'once' ? 0 : this.prefetch;
    return Math.max(0, this.record.slots + ahead - this.load);
  }
}

/** The living workers whose records have been read, and which lanes each of them serves. */
export class Seats {
  readonly #seats = new Map<string, Seat>();
  readonly #lanes: () => Iterable<Lane>;
  readonly #order: GivingOrder = { given: 0 };

  /** @param lanes all lanes there are: their `seats` are kept up to date here */
  constructor(lanes: () => Iterable<Lane>) {
    this.#lanes = lanes;
  }

  all(): Iterable<Seat> {
    return this.#seats.values();
  }

  get(workerId: string | undefined): Seat | undefined {
    return workerId === undefined ? undefined : this.#seats.get(workerId);
  }

  /** Takes what a worker says of itself. */
  learn(worker: WorkerView, record: WorkerRecord): void {
    const known = this.#seats.get(worker.workerId);
    if (known === undefined) this.#seats.set(worker.workerId, new Seat(worker, record, this.#order));
    else known.record = record;
    this.#deal();
  }

  /** A worker is gone. */
  remove(workerId: string): void {
    if (this.#seats.delete(workerId)) this.#deal();
  }

  /** Says who serves a new lane. */
  admit(lane: Lane): void {
    lane.seats = [...this.#seats.values()].filter((seat) => offers(seat.record, lane.need));
  }

  #deal(): void {
    for (const lane of this.#lanes()) this.admit(lane);
  }
}
