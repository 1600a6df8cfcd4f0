import { WireError } from './wire-error.ts';

const HEADER_BYTES = 4;
const NO_BYTES = Buffer.alloc(0);
/** Frames of which more has arrived than this are worth a buffer for nearly all of it. */
const LONG_BYTES = 64 * 1024;

/** ZooKeeper's own default of `jute.maxbuffer`: frames longer than this are refused. */
export const FRAME_BYTES_MAX = 0xfffff;

/** Receives one frame: `bytes[start, end)`, which nobody writes to again. */
export type FrameSink = (bytes: Buffer, start: number, end: number) => void;

/**
 * Cuts a stream of chunks into length-prefixed frames.
 *
 * Whole frames are handed on in place; only a frame that spans chunks is copied, into a buffer of its own that grows with
 * the bytes that really arrive, so that an announced length allocates nothing.
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

  /** The memory that is taken by what is held back, bytes. */
  get pendingCapacity(): number {
    return this.#carry.length;
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

  /** The length of the frame whose next bytes are `chunk[start, end)`; 0 while it is not known. */
  #announced(chunk: Buffer, start: number, end: number): number {
    if (this.#carried >= HEADER_BYTES) return this.#carry.readInt32BE(0);
    return this.#carried === 0 && end - start >= HEADER_BYTES ? chunk.readInt32BE(start) : 0;
  }

  #keep(chunk: Buffer, start: number, end: number): void {
    const needed = this.#carried + end - start;
    if (needed > this.#carry.length) {
      // The buffers that were outgrown are garbage: of a long frame there should be few.
      const roomy = needed > LONG_BYTES ? needed * 16 : this.#carry.length * 2;
      const whole = HEADER_BYTES + this.#announced(chunk, start, end);
      const larger = Buffer.allocUnsafe(Math.max(needed, Math.min(roomy, whole)));
      this.#carry.copy(larger, 0, 0, this.#carried);
      this.#carry = larger;
    }
    chunk.copy(this.#carry, this.#carried, start, end);
    this.#carried = needed;
  }
}
