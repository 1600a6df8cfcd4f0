/** Bytes, one per character (latin1): names, which are compared and hashed as paths are. */
export type Octets = string;

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
