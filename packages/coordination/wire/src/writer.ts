import type { Span } from './span.ts';

const TWO_32 = 4294967296;
/** Above this many characters the native encoder is faster than a loop. */
const LOOP_CHARACTERS_MAX = 48;
/** The same for bytes that are only moved, one by one and four by four. */
const LOOP_BYTES_MAX = 32;
const LOOP_WORDS_BYTES_MAX = 512;

/**
 * Writes jute's big-endian primitives into one growing buffer, frame after frame.
 *
 * `take()` hands the bytes written so far to the socket and starts anew: one buffer, and so one write, per turn.
 */
export class Writer {
  #bytes: Buffer;
  /** The same bytes, for integers. */
  #words: DataView;
  #position = 0;
  readonly #capacity: number;

  constructor(capacity = 1024) {
    this.#capacity = capacity;
    this.#bytes = Buffer.allocUnsafe(capacity);
    this.#words = wordsOf(this.#bytes);
  }

  /** Bytes written and not taken yet. */
  get length(): number {
    return this.#position;
  }

  int(value: number): void {
    const at = this.#reserve(4);
    this.#words.setInt32(at, value);
  }

  /** A 64-bit integer from a double; exact for safe integers, negative ones included. */
  long(value: number): void {
    const at = this.#reserve(8);
    const high = Math.floor(value / TWO_32);
    this.#words.setInt32(at, high);
    this.#words.setUint32(at + 4, value - high * TWO_32);
  }

  byte(value: number): void {
    const at = this.#reserve(1);
    this.#bytes[at] = value;
  }

  bool(value: boolean): void {
    const at = this.#reserve(1);
    this.#bytes[at] = value ? 1 : 0;
  }

  buffer(value: Uint8Array | null): void {
    if (value === null) return this.int(-1);
    const at = this.#reserve(4 + value.length);
    this.#words.setInt32(at, value.length);
    this.#bytes.set(value, at + 4);
  }

  /** As `buffer`. */
  span(value: Span): void {
    const { length } = value;
    const at = this.#reserve(4 + length);
    this.#words.setInt32(at, length);
    value.copyTo(this.#bytes, at + 4);
  }

  string(value: string): void {
    const length = value.length;
    if (length > LOOP_CHARACTERS_MAX) return this.#longString(value);
    const at = this.#reserve(4 + length * 3);
    const bytes = this.#bytes;
    for (let i = 0; i < length; i += 1) {
      const character = value.charCodeAt(i);
      if (character > 127) {
        this.#position = at;
        return this.#longString(value);
      }
      bytes[at + 4 + i] = character;
    }
    this.#words.setInt32(at, length);
    this.#position = at + 4 + length;
  }

  /** Bytes as they are, without a length. */
  raw(value: Uint8Array): void {
    const at = this.#reserve(value.length);
    this.#bytes.set(value, at);
  }

  /** `source[start, end)` as it is, without a length. */
  copy(source: Buffer, start: number, end: number): void {
    const at = this.#reserve(end - start);
    if (end - start > LOOP_BYTES_MAX) return void source.copy(this.#bytes, at, start, end);
    const bytes = this.#bytes;
    for (let i = start; i < end; i += 1) bytes[at + i - start] = source[i] as number;
  }

  /** The same from a view: most of what is copied is short, and a call into the engine costs more than the copy. */
  copyWords(source: DataView, start: number, end: number): void {
    const length = end - start;
    const at = this.#reserve(length);
    if (length > LOOP_WORDS_BYTES_MAX) {
      return this.#bytes.set(new Uint8Array(source.buffer, source.byteOffset + start, length), at);
    }
    const words = this.#words;
    let done = 0;
    for (; done + 4 <= length; done += 4) words.setInt32(at + done, source.getInt32(start + done));
    for (; done < length; done += 1) words.setUint8(at + done, source.getUint8(start + done));
  }

  /** Opens a frame: leaves room for its length. Pass what it returns to `endFrame`. */
  beginFrame(): number {
    return this.#reserve(4);
  }

  /** Closes the frame that `beginFrame` opened at `start`. */
  endFrame(start: number): void {
    this.#words.setInt32(start, this.#position - start - 4);
  }

  /** Forgets everything written after `position`: undoes a record that failed half-way. */
  rewind(position: number): void {
    this.#position = position;
  }

  /** The bytes written so far, which now belong to the caller; the writer starts a new buffer. */
  take(): Buffer {
    const taken = this.#bytes.subarray(0, this.#position);
    this.#bytes = Buffer.allocUnsafe(this.#capacity);
    this.#words = wordsOf(this.#bytes);
    this.#position = 0;
    return taken;
  }

  /** The bytes written so far, valid until the next write; for a caller that copies or writes them out at once. */
  view(): Buffer {
    return this.#bytes.subarray(0, this.#position);
  }

  /** The bytes written since `position`, under the same terms. */
  viewFrom(position: number): Buffer {
    return this.#bytes.subarray(position, this.#position);
  }

  /** Bytes that fit without another buffer. */
  get capacity(): number {
    return this.#bytes.length;
  }

  /** Starts anew in the same buffer: whatever `view` returned is void. */
  clear(): void {
    this.#position = 0;
  }

  #longString(value: string): void {
    const length = Buffer.byteLength(value, 'utf8');
    const at = this.#reserve(4 + length);
    this.#words.setInt32(at, length);
    this.#bytes.utf8Write(value, at + 4, length);
  }

  #reserve(length: number): number {
    const at = this.#position;
    const needed = at + length;
    if (needed > this.#bytes.length) this.#grow(needed);
    this.#position = needed;
    return at;
  }

  #grow(needed: number): void {
    const larger = Buffer.allocUnsafe(Math.max(needed, this.#bytes.length * 2));
    this.#bytes.copy(larger, 0, 0, this.#position);
    this.#words = wordsOf(larger);
    this.#bytes = larger;
  }
}

function wordsOf({ buffer, byteOffset, length }: Buffer): DataView {
  return new DataView(buffer, byteOffset, length);
}
