import type { Octets } from '@reeve/wire';

const ASCII_MAX = 127;

/** The data of a request as octets, as which it was most likely read. Null stays null, which is not the same as empty. */
export function dataOctets(data: Buffer | Octets | null): Octets | null {
  return data === null || typeof data === 'string' ? data : data.latin1Slice(0, data.length);
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
