import type { Lifetime } from '@reeve/tree';
import type { Reader } from '@reeve/wire';

/** What the protocol does not tell of a znode, and what identifies it. */
export interface ZnodeOrigin {
  readonly czxid: number;
  readonly lifetime: Lifetime;
  /** Milliseconds without change after which a `ttl` znode goes; 0 for the others. */
  readonly ttlMs: number;
}

const containerOwner = 0x80000000;
const ttlMark = 0xff000000;
const reservedBits = 0x00ffff00;
const TWO_32 = 4294967296;

/**
 * Reads an `ephemeralOwner` as ZooKeeper stores it (EphemeralType): no owner, a session, the one number that stands for
 * containers, or a time to live in the lower 40 bits below a mark.
 */
export function readOwner(reader: Reader): Pick<ZnodeOrigin, 'lifetime' | 'ttlMs'> {
  const high = reader.int() >>> 0;
  const low = reader.int() >>> 0;
  if (high === 0 && low === 0) return { lifetime: 'persistent', ttlMs: 0 };
  if (high === containerOwner && low === 0) return { lifetime: 'container', ttlMs: 0 };
  const isTtl = high >= ttlMark && (high & reservedBits) === 0;
  return isTtl ? { lifetime: 'ttl', ttlMs: (high & 0xff) * TWO_32 + low } : { lifetime: 'ephemeral', ttlMs: 0 };
}
