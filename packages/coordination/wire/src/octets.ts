import { buffer, type Codec } from './jute.ts';
import type { Octets } from './reader.ts';

/** jute `buffer` as octets. */
export const octets: Codec<Octets | null> = {
  bytesMin: buffer.bytesMin,
  encode(writer, value) {
    if (value === null) return writer.int(-1);
    writer.int(value.length);
    writer.latin1(value);
  },
  decode: (reader) => reader.octets(),
};

/** The data that a request brings: who asks has bytes, and who is asked reads octets. */
export const data: Codec<Buffer | Octets | null> = {
  bytesMin: buffer.bytesMin,
  encode: (writer, value) => (typeof value === 'string' ? octets.encode(writer, value) : buffer.encode(writer, value)),
  decode: octets.decode,
};
