import { codeOf } from '@reeve/base';
import { Reader } from '@reeve/wire';

/** Bytes that come in chunks, taken in pieces of any length. Holds no more than a chunk and the piece asked for. */
export class ByteStream {
  readonly #chunks: AsyncIterator<Buffer>;
  readonly #reader = new Reader();
  #held: Buffer = Buffer.alloc(0);
  #at = 0;
  #offset = 0;
  #ended = false;

  constructor(chunks: AsyncIterable<Buffer>) {
    this.#chunks = chunks[Symbol.asyncIterator]();
  }

  /** How many bytes have been taken. */
  get offset(): number {
    return this.#offset;
  }

  /** The next `length` bytes; `undefined` when fewer are left. */
  async take(length: number): Promise<Buffer | undefined> {
    while (this.#held.length - this.#at < length) if (!(await this.#pull())) return undefined;
    return this.#advance(length);
  }

  /**
   * What `decode` makes of the bytes that follow; it may be called again with more of them.
   *
   * @returns the value and the bytes it took; `undefined` when the stream ends in the middle of it
   */
  async decode<T>(decode: (reader: Reader) => T): Promise<{ value: T; bytes: Buffer } | undefined> {
    for (;;) {
      const reader = this.#reader.reset(this.#held, this.#at);
      try {
        const value = decode(reader);
        return { value, bytes: this.#advance(reader.offset - this.#at) };
      } catch (error) {
        if (codeOf(error) !== 'frame_truncated') throw error;
      }
      if (!(await this.#pullMore())) return undefined;
    }
  }

  /** Lets go of the source before its end. */
  async close(): Promise<void> {
    await this.#chunks.return?.();
  }

  #advance(length: number): Buffer {
    const bytes = this.#held.subarray(this.#at, this.#at + length);
    this.#at += length;
    this.#offset += length;
    return bytes;
  }

  /** At least doubles what is held, so that a long record is not tried chunk by chunk. */
  async #pullMore(): Promise<boolean> {
    const wanted = (this.#held.length - this.#at) * 2;
    if (!(await this.#pull())) return false;
    while (this.#held.length - this.#at < wanted) if (!(await this.#pull())) break;
    return true;
  }

  async #pull(): Promise<boolean> {
    if (this.#ended) return false;
    const next = await this.#chunks.next();
    if (next.done === true) {
      this.#ended = true;
      return false;
    }
    const rest = this.#held.subarray(this.#at);
    this.#held = rest.length === 0 ? next.value : Buffer.concat([rest, next.value]);
    this.#at = 0;
    return true;
  }
}
