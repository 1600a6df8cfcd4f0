import { BoundedQueue, invariant } from '@reeve/base';
import { encodeTxn } from '@reeve/tree';
import type { Membership, Origin, Zab } from '@reeve/zab';
import type { Barrier, Proposal } from './connection.ts';
import type { Outbox } from './outbox.ts';

/** What was put to the vote here, in order, until it is agreed on. */
export class Agreement {
  readonly #zab: Zab;
  readonly #outbox: Outbox;
  readonly #outstanding: BoundedQueue<Proposal | Barrier>;

  /** @param outstandingMax proposals and barriers for which there is room, far above what congests connections */
  constructor(parts: { readonly zab: Zab; readonly outbox: Outbox; readonly outstandingMax: number }) {
    this.#zab = parts.zab;
    this.#outbox = parts.outbox;
    this.#outstanding = new BoundedQueue(parts.outstandingMax);
  }

  /** The last zxid given away; everything new comes after it. */
  get lastProposed(): number {
    return this.#zab.lastProposed;
  }

  /** The zxid of the next proposal. */
  get nextZxid(): number {
    return this.#zab.nextZxid;
  }

  /** Proposals and barriers that are not committed yet. */
  get outstanding(): number {
    return this.#outstanding.length;
  }

  /** Whether there is room for a proposal. */
  get hasRoom(): boolean {
    return this.#outstanding.length < this.#outstanding.limit;
  }

  /** Puts a proposal with `nextZxid` to the vote, and with it who belongs to the ensemble from then on, if it says so. */
  propose(proposal: Proposal, origin: Origin | undefined, membership: Membership | undefined): void {
    const { log } = this.#outbox;
    const start = log.length;
    encodeTxn(log, proposal, proposal.txn);
    this.#zab.propose({ zxid: proposal.zxid, payload: log.viewFrom(start) }, origin, membership);
    invariant(this.#outstanding.offer(proposal), 'there is room for a proposal');
  }

  /** Queues a barrier behind everything proposed so far. */
  wait(barrier: Barrier): void {
    invariant(this.#outstanding.offer(barrier), 'there is room for a barrier');
  }

  /** The next proposal or barrier that is committed once everything up to `zxid` is agreed on. */
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
