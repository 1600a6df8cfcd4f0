import { WireError } from './wire-error.ts';

const HEADER_BYTES = 4;
const NO_BYTES = Buffer.alloc(0);

/** ZooKeeper's own default of `jute.maxbuffer`: frames longer than this are refused. */
export const FRAME_BYTES_MAX = 0xfffff;

/** Receives one frame: `bytes[start, end)`, a view that is valid during the call only. */
export type FrameSink = (bytes: Buffer, start: number, end: number) => void;

/**
 * Cuts a stream of chunks into length-prefixed frames.
 *
 * Whole frames are handed on in place; only a frame that spans chunks is copied, once, into a buffer of its own size
 * that grows with the bytes that really arrive, so that an announced length allocates nothing.
 */
export class FrameSplitter {
  readonly #bytesMax: number;
  #carry: Buffer = NO_BYTES;
  #carried = 0;

  constructor(bytesMax: number = FRAME_BYTES_MAX) {
    this.#bytesMax = bytesMax;
  }

  /**
   * Takes the next chunk and hands every frame that is now whole to `sink`.
   *
   * @throws WireError `frame_too_large` when a length above the limit, or a negative one, is announced
   */
  push(chunk: Buffer, sink: FrameSink): void {
    let offset = 0;
    while (this.#carried > 0 && offset < chunk.length) offset = this.#continueCarried(chunk, offset, sink);
    while (offset < chunk.length) {
      const end = this.#frameEnd(chunk, offset, chunk.length);
      if (end > chunk.length) return this.#keep(chunk, offset, chunk.length);
      sink(chunk, offset + HEADER_BYTES, end);
      offset = end;
    }
  }

  /** Bytes held back because their frame is not whole yet. */
  get pending(): number {
    return this.#carried;
  }

  #continueCarried(chunk: Buffer, offset: number, sink: FrameSink): number {
    const headerDue = HEADER_BYTES - this.#carried;
    const due = headerDue > 0 ? headerDue : this.#frameEnd(this.#carry, 0, this.#carried) - this.#carried;
    const taken = Math.min(due, chunk.length - offset);
    this.#keep(chunk, offset, offset + taken);
    if (this.#carried >= HEADER_BYTES && this.#frameEnd(this.#carry, 0, this.#carried) === this.#carried) {
      const whole = this.#carry;
      const end = this.#carried;
      this.#carry = NO_BYTES;
      this.#carried = 0;
      sink(whole, HEADER_BYTES, end);
    }
    return offset + taken;
  }

  /** Where the frame that starts at `offset` ends; beyond `available` while not even its length is there. */
  #frameEnd(bytes: Buffer, offset: number, available: number): number {
    if (available - offset < HEADER_BYTES) return Number.POSITIVE_INFINITY;
    const length = bytes.readInt32BE(offset);
    if (length < 0 || length > this.#bytesMax) {
      throw new WireError({ code: 'frame_too_large', length, limit: this.#bytesMax });
    }
    return offset + HEADER_BYTES + length;
  }

  #keep(chunk: Buffer, start: number, end: number): void {
    const needed = this.#carried + end - start;
    if (needed > this.#carry.length) {
      const larger = Buffer.allocUnsafe(Math.max(needed, this.#carry.length * 2));
      this.#carry.copy(larger, 0, 0, this.#carried);
      this.#carry = larger;
    }
    chunk.copy(this.#carry, this.#carried, start, end);
    this.#carried = needed;
  }
}
