import type { Codec, Writer } from '@reeve/wire';

/** Bytes, one per character (latin1): while they wait for the tree they cost their length and one object. */
export type Octets = string;

const ASCII_MAX = 127;

/** Copies bytes out of a frame. Null stays null, which is not the same as empty. */
export function octets(bytes: Buffer | null): Octets | null {
  return bytes === null ? null : bytes.latin1Slice(0, bytes.length);
}

/** A text as the octets of its UTF-8 form; most names are their own. */
export function octetsOf(text: string): Octets {
  for (let i = 0; i < text.length; i += 1) {
    if (text.charCodeAt(i) > ASCII_MAX) {
      const bytes = Buffer.from(text, 'utf8');
      return bytes.latin1Slice(0, bytes.length);
    }
  }
  return text;
}

/** Writes a jute `buffer`. */
function writeOctets(writer: Writer, value: Octets | null): void {
  if (value === null) return writer.int(-1);
  writer.int(value.length);
  writer.latin1(value);
}

/** Octets as a jute `buffer`. */
export const octetsCodec: Codec<Octets | null> = {
  bytesMin: 4,
  encode: writeOctets,
  decode: (reader) => octets(reader.buffer()),
};
