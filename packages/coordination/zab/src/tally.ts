import type { Transition } from './role.ts';
import type { Timing, ZabTally } from './status.ts';

/** Times that are added up. */
class Times implements Timing {
  count = 0;
  sumMs = 0;
  minMs = 0;
  maxMs = 0;

  note(ms: number): void {
    this.minMs = this.count === 0 ? ms : Math.min(this.minMs, ms);
    this.maxMs = Math.max(this.maxMs, ms);
    this.count += 1;
    this.sumMs += ms;
  }
}

/** Counts and times what a member does, for those who operate it. Nothing is decided by it. */
export class Tally implements ZabTally {
  searches = 0;
  readonly elections = new Times();
  readonly outages = new Times();
  readonly syncs = new Times();
  proposals = 0;
  commits = 0;
  received = 0;
  differencesSent = 0;
  snapshotsSent = 0;
  proposalBytesLast = -1;
  proposalBytesMin = -1;
  proposalBytesMax = -1;
  readonly quorumAcks = new Times();
  /** Since when it serves; undefined while it does not. */
  servingSinceMs: number | undefined;
  /** Since when it does not. */
  #outSinceMs: number | undefined;
  /** The proposal that is being timed, 0 when none is: one at a time is enough to know how long they take. */
  #timedZxid = 0;
  #timedSinceMs = 0;

  /** Its role ends, and with it its service. */
  turned(to: Transition['to'], nowMs: number): void {
    if (to === 'looking') this.searches += 1;
    this.#outSinceMs ??= nowMs;
    this.servingSinceMs = undefined;
    this.#timedZxid = 0;
  }

  serves(nowMs: number): void {
    if (this.#outSinceMs !== undefined) this.outages.note(nowMs - this.#outSinceMs);
    this.#outSinceMs = undefined;
    this.servingSinceMs = nowMs;
  }

  proposed(zxid: number, bytes: number, nowMs: number): void {
    this.proposals += 1;
    this.proposalBytesLast = bytes;
    this.proposalBytesMin = this.proposalBytesMin === -1 ? bytes : Math.min(this.proposalBytesMin, bytes);
    this.proposalBytesMax = Math.max(this.proposalBytesMax, bytes);
    if (this.#timedZxid !== 0) return;
    this.#timedZxid = zxid;
    this.#timedSinceMs = nowMs;
  }

  /** @param entries how many more are agreed on, now that all up to `zxid` are */
  committed(zxid: number, entries: number, nowMs: number): void {
    this.commits += entries;
    if (this.#timedZxid === 0 || zxid < this.#timedZxid) return;
    this.quorumAcks.note(nowMs - this.#timedSinceMs);
    this.#timedZxid = 0;
  }
}
