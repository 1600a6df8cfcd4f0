import { setTimeout } from 'node:timers/promises';
import { sliceHeadBytes, writeSliceHead } from './snapshot-format.ts';

/** The share of the time that making a snapshot takes. */
const share = 0.1;
const portionMsMin = 1;
const portionBytesMin = 512 * 1024;
const portionBytesMax = 4 * 1024 * 1024;

/** The state as of some zxid, in slices that are made while writes go on. */
export interface SnapshotSource {
  /** Everything up to and including this zxid is in it; later entries may be, and are replayed over it. */
  readonly zxid: number;
  /** Each of them is there until the next one is taken. */
  readonly slices: Iterable<Buffer>;
  /** The last zxid that may have left a trace in the slices; asked when the last one has been taken. */
  lastZxidSeen(): number;
}

/** How slices are made: beside other work, or as fast as they are taken; and what calls it off. */
export interface SnapshotPace {
  readonly pace: 'beside_others' | 'alone';
  readonly signal: AbortSignal;
}

/** Some slices of a snapshot, in one buffer that is used again for the next portion. */
export interface Portion {
  /** As a snapshot file has them: each behind its length and checksum. */
  readonly bytes: Buffer;
  readonly slices: readonly Buffer[];
}

/**
 * The slices of a snapshot, some at a time, for the disk or for another member. Beside others they are made in a tenth of
 * the time, however long whoever takes them is busy with a portion.
 *
 * @throws the reason of `signal` when that calls it off
 */
export async function* portionsOf(source: SnapshotSource, { pace, signal }: SnapshotPace): AsyncGenerator<Portion> {
  const portions = new Portions(source.slices);
  for (let portion = portions.next(); portion.slices.length > 0; portion = portions.next()) {
    yield portion;
    if (pace === 'alone') signal.throwIfAborted();
    else await setTimeout(portions.pauseMs, undefined, { signal });
  }
}

/**
 * Makes slices in a share of the time: the longer the last portion took the longer the pause after it, and the later that
 * ended under load the larger the next portion. So a snapshot gets ahead under any load, and is hardly felt.
 */
class Portions {
  readonly #slices: Iterator<Buffer>;
  /** One buffer for all portions: new ones would have the rest of the process collect them. */
  #bytes = Buffer.allocUnsafe(portionBytesMin);
  #length = 0;
  #endedMs = performance.now();
  #tookMs = 0;

  constructor(slices: Iterable<Buffer>) {
    this.#slices = slices[Symbol.iterator]();
  }

  /** How long others should have their turn now, milliseconds. */
  get pauseMs(): number {
    return this.#tookMs * (1 / share - 1);
  }

  /** Some slices, there until the next portion is made; none after the last. */
  next(): Portion {
    const begunMs = performance.now();
    const lateMs = begunMs - this.#endedMs - this.pauseMs;
    const untilMs = begunMs + Math.max(portionMsMin, lateMs * share);
    this.#length = 0;
    const ends: number[] = [];
    while (this.#length === 0 || (this.#length < portionBytesMax && performance.now() < untilMs)) {
      const slice = this.#slices.next();
      if (slice.done === true) break;
      this.#add(slice.value);
      ends.push(this.#length);
    }
    this.#endedMs = performance.now();
    this.#tookMs = this.#endedMs - begunMs;
    const slices = ends.map((end, index) => this.#bytes.subarray((ends[index - 1] ?? 0) + sliceHeadBytes, end));
    return { bytes: this.#bytes.subarray(0, this.#length), slices };
  }

  #add(slice: Buffer): void {
    const at = this.#length;
    this.#length = at + sliceHeadBytes + slice.length;
    if (this.#length > this.#bytes.length) this.#grow(at);
    writeSliceHead(this.#bytes, at, slice);
    slice.copy(this.#bytes, at + sliceHeadBytes);
  }

  #grow(used: number): void {
    const larger = Buffer.allocUnsafe(Math.max(this.#length, this.#bytes.length * 2));
    this.#bytes.copy(larger, 0, 0, used);
    this.#bytes = larger;
  }
}
