import { RecentStrings } from './recent-strings.ts';
import { type Octets, Span } from './span.ts';
import { WireError } from './wire-error.ts';

const TWO_32 = 4294967296;
const NO_BYTES = Buffer.alloc(0);
/** Above this many bytes a native copy is faster than a loop. */
const LOOP_BYTES_MAX = 32;
/** One for all readers: it remembers nothing that changes what is read. */
const recentStrings = new RecentStrings();

/**
 * Reads jute's big-endian primitives from one frame.
 *
 * One reader is reused for many frames (`reset`), so that decoding allocates nothing but what it returns. A read past
 * the end of the frame throws `WireError` `frame_truncated`; lengths are checked before anything is allocated.
 */
export class Reader {
  offset = 0;
  #bytes: Buffer = NO_BYTES;
  /** What the bytes lie in, and where: to ask for it each time is dear. */
  #store: ArrayBufferLike = NO_BYTES.buffer;
  #base = 0;
  #end = 0;

  /** Points the reader at `bytes[start, end)`. The bytes are not copied. */
  reset(bytes: Buffer, start = 0, end = bytes.length): this {
    if (bytes !== this.#bytes) {
      this.#bytes = bytes;
      this.#store = bytes.buffer;
      this.#base = bytes.byteOffset;
    }
    this.offset = start;
    this.#end = end;
    return this;
  }

  /** Bytes not read yet. */
  get remaining(): number {
    return this.#end - this.offset;
  }

  int(): number {
    const at = this.#advance(4);
    const b = this.#bytes;
    return (
      ((b[at] as number) << 24) | ((b[at + 1] as number) << 16) | ((b[at + 2] as number) << 8) | (b[at + 3] as number)
    );
  }

  /** A 64-bit integer as a double: exact below 2^53, which every zxid of an epoch below 2^21 is. */
  long(): number {
    const high = this.int();
    return high * TWO_32 + (this.int() >>> 0);
  }

  byte(): number {
    const at = this.#advance(1);
    return this.#bytes[at] as number;
  }

  bool(): boolean {
    const at = this.#advance(1);
    return this.#bytes[at] !== 0;
  }

  /** A view into the frame, or null. Copy it before the frame's chunk is let go. */
  buffer(): Buffer | null {
    const length = this.int();
    if (length === -1) return null;
    const at = this.#advanceLength(length);
    return this.#bytes.subarray(at, at + length);
  }

  /** The same as a span, for what is copied before the frame's chunk is let go. */
  span(): Span | null {
    const length = this.int();
    if (length === -1) return null;
    const at = this.#advanceLength(length);
    return new Span(this.#store, this.#base + at, length);
  }

  /** The bytes of a buffer copied out of the frame, or null. */
  octets(): Octets | null {
    const length = this.int();
    if (length === -1) return null;
    const at = this.#advanceLength(length);
    return this.#bytes.latin1Slice(at, at + length);
  }

  /** A string; jute's null string (length -1) reads as the empty one. */
  string(): string {
    const length = this.int();
    if (length <= 0) {
      if (length < -1) throw this.malformed(`a length of ${length}`);
      return '';
    }
    const at = this.#advance(length);
    return this.#bytes.utf8Slice(at, at + length);
  }

  /** As `string`, for one that has likely come before: it is not made anew then. */
  recurringString(): string {
    const { offset } = this;
    const length = this.int();
    if (length > 0) return recentStrings.text(this.#bytes, this.#advance(length), this.offset);
    this.offset = offset;
    return this.string();
  }

  /** The count of a vector whose elements take at least `elementBytesMin` bytes each; jute's null vector counts 0. */
  count(elementBytesMin: number): number {
    const count = this.int();
    if (count === -1) return 0;
    if (count < 0 || count * elementBytesMin > this.remaining) {
      throw this.malformed(`a vector of ${count} elements cannot fit in ${this.remaining} bytes`);
    }
    return count;
  }

  /** The next `length` bytes as they are: a view. */
  raw(length: number): Buffer {
    const at = this.#advanceLength(length);
    return this.#bytes.subarray(at, at + length);
  }

  /** Copies all that is left to `target`, from `start` on, where there is room for it. */
  copyTo(target: Buffer, start: number): void {
    const at = this.offset;
    const end = this.#end;
    this.offset = end;
    if (end - at > LOOP_BYTES_MAX) return target.set(new Uint8Array(this.#store, this.#base + at, end - at), start);
    for (let i = at; i < end; i += 1) target[start + i - at] = this.#bytes[i] as number;
  }

  /** Steps over `expected` when it comes next, and says whether it did. */
  skip(expected: Uint8Array): boolean {
    const at = this.offset;
    if (at + expected.length > this.#end) return false;
    for (let i = 0; i < expected.length; i += 1) if (this.#bytes[at + i] !== expected[i]) return false;
    this.offset = at + expected.length;
    return true;
  }

  malformed(what: string): WireError {
    return new WireError({ code: 'frame_malformed', offset: this.offset, what });
  }

  #advanceLength(length: number): number {
    if (length < 0) throw this.malformed(`a length of ${length}`);
    return this.#advance(length);
  }

  #advance(length: number): number {
    const at = this.offset;
    if (at + length > this.#end) {
      throw new WireError({ code: 'frame_truncated', offset: this.#end, needed: at + length - this.#end });
    }
    this.offset = at + length;
    return at;
  }
}
