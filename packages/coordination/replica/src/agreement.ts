import { BoundedQueue, invariant } from '@reeve/base';
import { encodeTxn } from '@reeve/tree';
import { nextZxid } from '@reeve/zab';
import type { Barrier, Proposal } from './connection.ts';
import type { Outbox } from './outbox.ts';

/**
 * The order of transactions, as an ensemble of one agrees on it: what is on its own disk is agreed. It numbers
 * proposals, hands them to the journal, and gives them back, in order, when they are committed.
 */
export class Agreement {
  readonly #outbox: Outbox;
  readonly #outstanding: BoundedQueue<Proposal | Barrier>;
  #lastProposed = 0;

  /** @param outstandingMax proposals and barriers for which there is room, far above what congests connections */
  constructor(outbox: Outbox, outstandingMax: number) {
    this.#outbox = outbox;
    this.#outstanding = new BoundedQueue(outstandingMax);
  }

  /** The last zxid given away; everything new comes after it. */
  get lastProposed(): number {
    return this.#lastProposed;
  }

  /** The zxid of the next proposal. */
  get nextZxid(): number {
    return nextZxid(this.#lastProposed);
  }

  /** Proposals and barriers that are not committed yet. */
  get outstanding(): number {
    return this.#outstanding.length;
  }

  /** Whether there is room for a proposal. */
  get hasRoom(): boolean {
    return this.#outstanding.length < this.#outstanding.limit;
  }

  /** Says which zxid the log ends with. */
  continueAfter(zxid: number): void {
    this.#lastProposed = Math.max(this.#lastProposed, zxid);
  }

  /** Puts a proposal with `nextZxid` to the vote: here, on its way to the disk. */
  propose(proposal: Proposal): void {
    invariant(proposal.zxid === this.nextZxid, 'proposals are numbered without gaps');
    this.#lastProposed = proposal.zxid;
    const { entries, log } = this.#outbox;
    const start = log.length;
    encodeTxn(log, proposal, proposal.txn);
    entries.push({ zxid: proposal.zxid, payload: log.viewFrom(start) });
    invariant(this.#outstanding.offer(proposal), 'there is room for a proposal');
  }

  /** Queues a barrier behind everything proposed so far. */
  wait(barrier: Barrier): void {
    invariant(this.#outstanding.offer(barrier), 'there is room for a barrier');
  }

  /** The next proposal or barrier that is committed once everything up to `zxid` is on disk. */
  takeCommitted(zxid: number): Proposal | Barrier | undefined {
    const next = this.#outstanding.peek();
    return next !== undefined && next.zxid <= zxid ? this.#outstanding.take() : undefined;
  }

  /** Gives up everything outstanding, and says what it was: it will not be committed. Its zxids are not used again. */
  abandon(): (Proposal | Barrier)[] {
    const abandoned: (Proposal | Barrier)[] = [];
    for (let next = this.#outstanding.take(); next !== undefined; next = this.#outstanding.take()) abandoned.push(next);
    return abandoned;
  }
}
