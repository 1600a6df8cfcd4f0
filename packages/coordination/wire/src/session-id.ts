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

/** The ids that were written and read last: requests of one session come in a row. */
const last = { id: noSession, high: 0, low: 0 };
const lastRead = { id: noSession, high: 0, low: 0 };

/** A session id in the wire: a jute `long`. */
export const sessionId: Codec<SessionId> = {
  bytesMin: 8,
  encode(writer, value) {
    if (value !== last.id) {
      last.id = value;
      last.high = Number.parseInt(value.slice(0, 8), 16) | 0;
      last.low = Number.parseInt(value.slice(8), 16) | 0;
    }
    writer.int(last.high);
    writer.int(last.low);
  },
  decode(reader) {
    const high = reader.int();
    const low = reader.int();
    if (high !== lastRead.high || low !== lastRead.low) {
      lastRead.id = sessionIdOf(high, low);
      lastRead.high = high;
      lastRead.low = low;
    }
    return lastRead.id;
  },
};

function hex32(value: number): string {
  return (value >>> 0).toString(16).padStart(8, '0');
}
