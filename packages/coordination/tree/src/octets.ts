import type { Octets } from '@reeve/wire';

const ASCII_MAX = 127;

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
