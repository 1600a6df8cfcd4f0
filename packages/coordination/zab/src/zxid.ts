import { invariant } from '@reeve/base';

const TWO_32 = 2 ** 32;
/** Above it a zxid would not be exact as a double. */
const EPOCH_MAX = 2 ** 21 - 1;

/** The epoch of a zxid: its upper 32 bits. */
export function epochOf(zxid: number): number {
  return Math.floor(zxid / TWO_32);
}

/** The counter of a zxid within its epoch: its lower 32 bits. */
export function counterOf(zxid: number): number {
  return zxid % TWO_32;
}

/** The zxid of the first entry that a leader proposes in an epoch. */
export function firstZxid(epoch: number): number {
  return epoch * TWO_32 + 1;
}

/** The zxid that follows. A used-up counter begins the next epoch, at 1: no outage, and no zxid twice. */
export function nextZxid(zxid: number): number {
  if (counterOf(zxid) < TWO_32 - 1) return zxid + 1;
  invariant(epochOf(zxid) < EPOCH_MAX, 'epochs do not run out');
  return firstZxid(epochOf(zxid) + 1);
}
