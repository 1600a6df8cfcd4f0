import type { Codec } from './jute.ts';
import type { Octets } from './reader.ts';

/**
 * Bytes in the midst of others, which nobody writes to as long as they are looked at: to be copied to where they stay. An
 * object of three fields, where a string or a view of the bytes would cost a call into the engine as well.
 */
export class Span {
  readonly store: ArrayBufferLike;
  /** Where in the store it begins, bytes. */
  readonly start: number;
  /** Bytes. */
  readonly length: number;

  constructor(store: ArrayBufferLike, start: number, length: number) {
    this.store = store;
    this.start = start;
    this.length = length;
  }

  /** All of a buffer. */
  static of({ buffer, byteOffset, length }: Uint8Array): Span {
    return new Span(buffer, byteOffset, length);
  }

  /** Copies it to `target`, from `at` on, where there is room for it. */
  copyTo(target: Uint8Array, at: number): void {
    target.set(new Uint8Array(this.store, this.start, this.length), at);
  }

  /** A view of it. */
  view(): Buffer {
    return Buffer.from(this.store, this.start, this.length);
  }

  /** A copy of it. */
  octets(): Octets {
    return this.view().latin1Slice();
  }
}

/** jute `buffer` as a span of the frame. */
export const span: Codec<Span | null> = {
  bytesMin: 4,
  encode: (writer, value) => (value === null ? writer.int(-1) : writer.span(value)),
  decode: (reader) => reader.span(),
};

/** The data that a request brings: who asks has a buffer, and who is asked reads a span of the frame. */
export const data: Codec<Buffer | Span | null> = {
  bytesMin: span.bytesMin,
  encode: (writer, value) => (value instanceof Span ? writer.span(value) : writer.buffer(value)),
  decode: span.decode,
};
