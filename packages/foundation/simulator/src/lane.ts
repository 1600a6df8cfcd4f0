import type { Chance } from './chance.ts';
import type { Place, StreamEnd } from './stream.ts';
import type { Timeline } from './timeline.ts';

/** What a lane leads through. */
export interface Way {
  readonly timeline: Timeline;
  readonly chance: Chance;
  isBlocked(from: Place, to: Place): boolean;
  delayMs(): number;
}

interface Parcel {
  readonly bytes: Buffer | undefined;
  /** Called when it has arrived, of the end of the stream. */
  readonly ended?: () => void;
}

/** One direction of a stream: whatever arrives, arrives in order. */
export class Lane {
  readonly from: Place;
  readonly to: StreamEnd;
  readonly #way: Way;
  /** What is under way, in order. */
  #parcels: Parcel[] = [];
  #lastArrivalMs = 0;
  #isDropped = false;
  /** Nothing more is let in but its end. */
  #isCut = false;
  isHeldUp = false;
  backlogBytes = 0;

  constructor(way: Way, from: Place, to: StreamEnd) {
    this.#way = way;
    this.from = from;
    this.to = to;
  }

  send(bytes: Buffer): void {
    if (!this.#isCut) this.#post({ bytes });
  }

  /** Ends it after what was sent; says when the other end has heard. */
  end(ended: () => void): void {
    this.#post({ bytes: undefined, ended });
  }

  /** Loses what was sent last, by chance, and all that is sent from now on. */
  cutShort(): void {
    const { chance } = this.#way;
    this.#isCut = true;
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
    const { timeline } = this.#way;
    const dueMs = Math.max(timeline.nowMs + this.#way.delayMs(), this.#lastArrivalMs);
    this.#lastArrivalMs = dueMs;
    timeline.after(dueMs - timeline.nowMs, () => this.#arrive());
  }

  #arrive(): void {
    if (this.isHeldUp || this.#parcels.length === 0) return;
    if (this.#way.isBlocked(this.from, this.to.place)) {
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
