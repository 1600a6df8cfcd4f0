import type { Network, Place, StreamEnd } from './network.ts';

interface Parcel {
  readonly bytes: Buffer | undefined;
  /** Called when it has arrived, of the end of the stream. */
  readonly ended?: () => void;
}

/** One direction of a stream: whatever arrives, arrives in order. */
export class Lane {
  readonly from: Place;
  readonly to: StreamEnd;
  readonly #network: Network;
  /** What is under way, in order. */
  #parcels: Parcel[] = [];
  #lastArrivalMs = 0;
  #isDropped = false;
  isHeldUp = false;
  backlogBytes = 0;

  constructor(network: Network, from: Place, to: StreamEnd) {
    this.#network = network;
    this.from = from;
    this.to = to;
  }

  send(bytes: Buffer): void {
    this.#post({ bytes });
  }

  /** Ends it after what was sent; says when the other end has heard. */
  end(ended: () => void): void {
    this.#post({ bytes: undefined, ended });
  }

  /** Loses what was sent last, by chance. */
  cutShort(): void {
    const { chance } = this.#network;
    if (chance.happens(0.5)) this.#parcels.length = chance.whole(0, this.#parcels.length);
  }

  /** Nothing of it arrives any more. */
  drop(): void {
    this.#isDropped = true;
    this.#parcels = [];
  }

  /** Goes on where it was held up. */
  goOn(): void {
    this.isHeldUp = false;
    for (let left = this.#parcels.length; left > 0 && !this.isHeldUp; left -= 1) this.#arrive();
  }

  #post(parcel: Parcel): void {
    if (this.#isDropped) return;
    this.#parcels.push(parcel);
    this.backlogBytes += parcel.bytes?.length ?? 0;
    const { timeline } = this.#network;
    const dueMs = Math.max(timeline.nowMs + this.#network.delayMs(), this.#lastArrivalMs);
    this.#lastArrivalMs = dueMs;
    timeline.after(dueMs - timeline.nowMs, () => this.#arrive());
  }

  #arrive(): void {
    if (this.isHeldUp || this.#parcels.length === 0) return;
    if (this.#network.isBlocked(this.from, this.to.place)) {
      this.isHeldUp = true;
      return;
    }
    const { bytes, ended } = this.#parcels.shift() as Parcel;
    this.backlogBytes -= bytes?.length ?? 0;
    if (bytes !== undefined) return this.to.take(bytes);
    this.to.over();
    ended?.();
  }
}
