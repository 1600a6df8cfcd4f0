import type { Codec } from './jute.ts';

/**
 * A session's identity: 64 bits that nobody counts with, so an opaque key of 16 hexadecimal digits (no BigInt on the
 * hot path). `'0000000000000000'` means *none*.
 */
export type SessionId = string & { readonly brand: 'SessionId' };

/** The identity that stands for *no session*. */
export const noSession = '0000000000000000' as SessionId;

/** The session id made of two unsigned 32-bit halves. */
export function sessionIdOf(high: number, low: number): SessionId {
  return (hex32(high) + hex32(low)) as SessionId;
}

/** Ids that were written or read lately, each at a place that follows from its last byte: sessions are numbered. */
const recent = Array.from({ length: 256 }, () => ({ id: noSession, high: 0, low: 0 }));

/** A session id in the wire: a jute `long`. */
export const sessionId: Codec<SessionId> = {
  bytesMin: 8,
  encode(writer, value) {
    const known = recent[((digit(value, 14) << 4) | digit(value, 15)) & 0xff] as (typeof recent)[number];
    if (value !== known.id) {
      known.id = value;
      known.high = Number.parseInt(value.slice(0, 8), 16) | 0;
      known.low = Number.parseInt(value.slice(8), 16) | 0;
    }
    writer.int(known.high);
    writer.int(known.low);
  },
  decode(reader) {
    const high = reader.int();
    const low = reader.int();
    const known = recent[low & 0xff] as (typeof recent)[number];
    if (high !== known.high || low !== known.low) {
      known.id = sessionIdOf(high, low);
      known.high = high;
      known.low = low;
    }
    return known.id;
  },
};

/** The value of a hexadecimal digit, lower case. */
function digit(text: string, at: number): number {
  const character = text.charCodeAt(at);
  return character < 0x40 ? character - 0x30 : character - 0x57;
}

function hex32(value: number): string {
  return (value >>> 0).toString(16).padStart(8, '0');
}
