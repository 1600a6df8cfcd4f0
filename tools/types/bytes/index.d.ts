// The only thing a core package sees of Node: `Buffer` as a byte value, never as I/O.
// A subset of @types/node's declaration, so core and shell packages agree on the type (docs/adr/0008).
// `slice` is left out of use on purpose: Node's shares memory, the standard's copies. Use `subarray`.

type BufferEncoding = 'utf8' | 'utf-8' | 'latin1' | 'ascii' | 'hex' | 'base64' | 'base64url';

interface Buffer<TArrayBuffer extends ArrayBufferLike = ArrayBufferLike> extends Uint8Array<TArrayBuffer> {
  readonly length: number;
  [index: number]: number;
  subarray(start?: number, end?: number): Buffer<TArrayBuffer>;
  copy(target: Uint8Array, targetStart?: number, sourceStart?: number, sourceEnd?: number): number;
  fill(value: string | Uint8Array | number, offset?: number, end?: number, encoding?: BufferEncoding): this;
  equals(other: Uint8Array): boolean;
  compare(
    target: Uint8Array,
    targetStart?: number,
    targetEnd?: number,
    sourceStart?: number,
    sourceEnd?: number,
  ): -1 | 0 | 1;
  indexOf(value: string | number | Uint8Array, byteOffset?: number, encoding?: BufferEncoding): number;
  toString(encoding?: BufferEncoding, start?: number, end?: number): string;
  latin1Slice(start?: number, end?: number): string;
  utf8Slice(start?: number, end?: number): string;
  latin1Write(text: string, offset?: number, length?: number): number;
  utf8Write(text: string, offset?: number, length?: number): number;
  write(text: string, encoding?: BufferEncoding): number;
  write(text: string, offset: number, encoding?: BufferEncoding): number;
  write(text: string, offset: number, length: number, encoding?: BufferEncoding): number;
  readInt8(offset?: number): number;
  readUInt8(offset?: number): number;
  readInt32BE(offset?: number): number;
  readUInt32BE(offset?: number): number;
  readDoubleBE(offset?: number): number;
  writeInt8(value: number, offset?: number): number;
  writeUInt8(value: number, offset?: number): number;
  writeInt32BE(value: number, offset?: number): number;
  writeUInt32BE(value: number, offset?: number): number;
  writeDoubleBE(value: number, offset?: number): number;
}

interface BufferConstructor {
  alloc(size: number, fill?: string | Uint8Array | number, encoding?: BufferEncoding): Buffer<ArrayBuffer>;
  allocUnsafe(size: number): Buffer<ArrayBuffer>;
  from(text: string, encoding?: BufferEncoding): Buffer<ArrayBuffer>;
  from(bytes: Uint8Array | readonly number[]): Buffer<ArrayBuffer>;
  from<TArrayBuffer extends ArrayBufferLike>(
    buffer: TArrayBuffer,
    byteOffset?: number,
    length?: number,
  ): Buffer<TArrayBuffer>;
  concat(list: readonly Uint8Array[], totalLength?: number): Buffer<ArrayBuffer>;
  byteLength(text: string | Uint8Array, encoding?: BufferEncoding): number;
  isBuffer(value: unknown): value is Buffer;
  compare(a: Uint8Array, b: Uint8Array): -1 | 0 | 1;
}

declare var Buffer: BufferConstructor;
