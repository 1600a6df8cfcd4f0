import { Chance } from './chance.ts';
import { Lane, type Way } from './lane.ts';
import type { Place, Stream, StreamEnd } from './stream.ts';
import type { Timeline } from './timeline.ts';

/** How the network treats everybody. */
export interface Weather {
  /** Of messages that may get lost, the share that does; and the share that comes twice. */
  readonly lost: number;
  readonly doubled: number;
  /** How long things take on average, milliseconds. */
  readonly delayMs: number;
}

/** A network on which nothing goes wrong. */
export const fairWeather: Weather = { lost: 0, doubled: 0, delayMs: 0.5 };

const PLACES_MAX = 65_536;
/** How long it takes until a stream that was held up goes on: the sender tries again only now and then. */
const RETRANSMISSION_MS = 100;
const HEARD_SOON_MS = 5;
const HEARD_LATE_MS = 4_000;

/**
 * Messages that may be lost, doubled, overtaken and late; and streams, which arrive whole and in order as far as they
 * arrive. A stream whose way is blocked is silent, not over: that is for those at its ends to find out.
 */
export class Network implements Way {
  weather: Weather = fairWeather;
  readonly timeline: Timeline;
  readonly chance: Chance;
  readonly #blocked = new Set<number>();
  readonly #lanes = new Set<Lane>();

  constructor(timeline: Timeline, seed: number) {
    this.timeline = timeline;
    this.chance = new Chance(seed, 'network');
  }

  /** Whether nothing gets from one place to another. */
  isBlocked(from: Place, to: Place): boolean {
    return this.#blocked.has(from * PLACES_MAX + to);
  }

  /** Lets nothing through in one direction. */
  block(from: Place, to: Place): void {
    this.#blocked.add(from * PLACES_MAX + to);
  }

  /** Lets everything through again; streams that still stand go on. */
  heal(): void {
    this.#blocked.clear();
    for (const lane of this.#lanes) if (lane.isHeldUp) this.#goOn(lane);
  }

  /** How long something takes now. */
  delayMs(): number {
    return 0.1 + this.chance.wait(this.weather.delayMs);
  }

  /** Sends a message, for better or worse. */
  message(from: Place, to: Place, arrive: () => void): void {
    const copies = this.chance.happens(this.weather.doubled) ? 2 : 1;
    for (let copy = 0; copy < copies; copy += 1) {
      if (this.chance.happens(this.weather.lost)) continue;
      this.timeline.after(this.delayMs(), () => {
        if (!this.isBlocked(from, to)) arrive();
      });
    }
  }

  /** Opens a stream between two ends; the first is told its side by what this returns, the second by `accepted`. */
  open(near: StreamEnd, far: StreamEnd): { readonly near: Stream; readonly far: Stream } {
    const there = new Lane(this, near.place, far);
    const back = new Lane(this, far.place, near);
    this.#lanes.add(there);
    this.#lanes.add(back);
    return { near: this.#side(there, back), far: this.#side(back, there) };
  }

  /** A process is gone, and what it sent may be gone in part; those whom it talked with hear of it soon, late or not. */
  vanished(place: Place): void {
    for (const lane of [...this.#lanes]) {
      if (lane.to.place === place) this.#forget(lane);
      else if (lane.from === place) this.#orphan(lane);
    }
  }

  /** Breaks every stream between two places; each end hears of it on its own. */
  reset(a: Place, b: Place): void {
    for (const lane of [...this.#lanes]) {
      const isBetween = (lane.from === a && lane.to.place === b) || (lane.from === b && lane.to.place === a);
      if (isBetween) this.#orphan(lane);
    }
  }

  #side(out: Lane, back: Lane): Stream {
    return {
      send: (bytes) => out.send(bytes),
      get backlogBytes() {
        return out.backlogBytes;
      },
      end: () => {
        this.#forget(back);
        out.end(() => this.#forget(out));
      },
    };
  }

  #orphan(lane: Lane): void {
    lane.cutShort();
    const isSoon = this.chance.happens(0.7);
    const delayMs = this.chance.wait(isSoon ? HEARD_SOON_MS : HEARD_LATE_MS);
    this.timeline.after(delayMs, () => lane.end(() => this.#forget(lane)));
  }

  #forget(lane: Lane): void {
    lane.drop();
    this.#lanes.delete(lane);
  }

  #goOn(lane: Lane): void {
    this.timeline.after(this.chance.wait(RETRANSMISSION_MS), () => lane.goOn());
  }
}
