import type { Codec, Writer } from '@reeve/wire';

/**
 * Bytes that are kept for long, one per character (latin1). A string of a hundred bytes costs its bytes; a `Buffer`
 * costs three times as much beside them, or holds on to the slab or frame it was cut from.
 */
export type Octets = string;

/** Where a value is laid out on its way into a writer. Larger ones, which are rare, get a buffer of their own. */
const scratch = Buffer.allocUnsafe(4096);

/** Copies bytes out of a frame. Null stays null, which is not the same as empty. */
export function octets(bytes: Buffer | null): Octets | null {
  return bytes === null ? null : bytes.latin1Slice(0, bytes.length);
}

/** Writes a jute `buffer`. */
export function writeOctets(writer: Writer, value: Octets | null): void {
  if (value === null) return writer.int(-1);
  const length = value.length;
  writer.int(length);
  const room = length <= scratch.length ? scratch : Buffer.allocUnsafe(length);
  room.latin1Write(value, 0, length);
  writer.raw(room.subarray(0, length));
}

/** Octets as a jute `buffer`. */
export const octetsCodec: Codec<Octets | null> = {
  bytesMin: 4,
  encode: writeOctets,
  decode: (reader) => octets(reader.buffer()),
};
