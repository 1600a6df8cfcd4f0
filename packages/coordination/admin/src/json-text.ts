import type { SessionId } from '@reeve/wire';
import { configure } from 'safe-stable-stringify';

const stringify = configure({ bigint: true, deterministic: false });

/** JSON for programs and people. Integers of 64 bits are written in full, as ZooKeeper does. */
export function jsonText(value: unknown): string {
  return `${stringify(value, null, 2)}\n`;
}

/** A session id as Java has it: a signed number of 64 bits. */
export function signedId(id: SessionId): bigint {
  return BigInt.asIntN(64, BigInt(`0x${id}`));
}
