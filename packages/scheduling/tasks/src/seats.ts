import type { Lane } from './lane.ts';
import { offers } from './need.ts';
import { type GivingOrder, Seat } from './seat.ts';
import type { WorkerRecord } from './task.ts';
import type { WorkerView } from './worker-view.ts';

/** The living workers whose records have been read, and which lanes each of them serves. */
export class Seats {
  readonly #seats = new Map<string, Seat>();
  readonly #lanes: () => Iterable<Lane>;
  readonly #order: GivingOrder = { given: 0 };

  /** @param lanes all lanes there are: their `seats` are kept up to date here */
  constructor(lanes: () => Iterable<Lane>) {
    this.#lanes = lanes;
  }

  get isEmpty(): boolean {
    return this.#seats.size === 0;
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
