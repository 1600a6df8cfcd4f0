import type { Vote } from './notification.ts';

/** Orders votes: greater than zero when `a` is the better one. Epoch first, then zxid, then the member's number. */
export function compareVotes(a: Vote, b: Vote): number {
  return a.epoch - b.epoch || a.zxid - b.zxid || a.leader - b.leader;
}

/** A vote in a line of the log. */
export function voteText({ leader, epoch, zxid }: Vote): string {
  return `${leader} (epoch ${epoch}, zxid 0x${zxid.toString(16)})`;
}
