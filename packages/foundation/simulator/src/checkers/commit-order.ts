import { decodeTxn, type LoggedTxn } from '@reeve/tree';
import { Reader } from '@reeve/wire';
import type { MemberId } from '@reeve/zab';
import type { Member } from '../member.ts';
import type { Violation } from '../violation.ts';

/** A transaction that some member has applied. */
export interface CommittedTxn {
  readonly zxid: number;
  /** The one before it. */
  readonly previous: number;
  readonly payload: Buffer;
  readonly logged: LoggedTxn;
  /** When it was committed for the first time: a position in the order of everything that happened. */
  readonly at: number;
}

/** What the order of commits is checked with. */
export interface CommitOrderParts {
  readonly members: () => Iterable<Member>;
  readonly position: () => number;
  readonly report: (promise: Violation['promise'], message: string) => void;
  /** Is told of each transaction that was committed for the first time anywhere. */
  readonly committed: (txn: CommittedTxn) => void;
}

/**
 * Watches what each member applies: every transaction with the same bytes and behind the same one before it, whoever
 * applies it; and none that less than a quorum has on disk. One zxid has one place in one order.
 */
export class CommitOrder {
  readonly txns = new Map<number, CommittedTxn>();
  readonly #parts: CommitOrderParts;
  /** What each member had applied by its last step; `undefined` while it is being brought to a snapshot. */
  readonly #applied = new Map<MemberId, number | undefined>();

  constructor(parts: CommitOrderParts) {
    this.#parts = parts;
  }

  /** A member starts from its disk: what is in its snapshot is applied, and what is in its log will be. */
  started(member: Member): void {
    this.#applied.set(member.id, member.disk.snapshot?.zxid ?? 0);
  }

  /** A member is being brought to a snapshot of its leader; what that holds is compared at the end. */
  emptied(member: Member): void {
    this.#applied.set(member.id, undefined);
  }

  /** A member has applied everything up to a zxid. */
  applied(member: Member, lastZxid: number): void {
    const before = this.#applied.get(member.id);
    if (lastZxid === before || lastZxid === 0) return;
    this.#applied.set(member.id, lastZxid);
    if (before === undefined) return;
    if (lastZxid < before) return this.#parts.report('one-order', `member ${member.id} goes back to ${hex(lastZxid)}`);
    let previous = before;
    for (const { zxid, payload } of entriesAfter(member, before)) {
      if (zxid > lastZxid) break;
      this.#take(member, { zxid, previous, payload });
      previous = zxid;
    }
  }

  /** The whole order, up to a transaction. */
  upTo(lastZxid: number): CommittedTxn[] {
    const order: CommittedTxn[] = [];
    for (let at = this.txns.get(lastZxid); at !== undefined; at = this.txns.get(at.previous)) order.push(at);
    return order.reverse();
  }

  #take(member: Member, entry: { readonly zxid: number; readonly previous: number; readonly payload: Buffer }): void {
    const { zxid, previous, payload } = entry;
    const known = this.txns.get(zxid);
    if (known === undefined) return this.#first(member, entry);
    if (!known.payload.equals(payload)) {
      this.#parts.report('one-order', `member ${member.id} applied other bytes as ${hex(zxid)} than those before it`);
    }
    if (known.previous !== previous) {
      const message = `member ${member.id} applied ${hex(zxid)} after ${hex(previous)}, others after ${hex(known.previous)}`;
      this.#parts.report('one-order', message);
    }
  }

  #first(member: Member, entry: { readonly zxid: number; readonly previous: number; readonly payload: Buffer }): void {
    const logged = decodeTxn(new Reader().reset(entry.payload));
    const txn = { ...entry, logged, at: this.#parts.position() };
    this.txns.set(entry.zxid, txn);
    this.#checkQuorum(member, entry.zxid);
    this.#parts.committed(txn);
  }

  #checkQuorum(member: Member, zxid: number): void {
    const { members } = member.replica?.status().zab.membership ?? { members: [] };
    const participants = new Set(members.filter(({ role }) => role === 'participant').map(({ id }) => id));
    let holders = 0;
    for (const { id, disk } of this.#parts.members()) if (participants.has(id) && disk.holds(zxid)) holders += 1;
    if (holders * 2 > participants.size) return;
    const message = `member ${member.id} applied ${hex(zxid)}, which ${holders} of ${participants.size} have on disk`;
    this.#parts.report('quorum-holds-what-is-committed', message);
  }
}

/** A zxid as people write it. */
export function hex(zxid: number): string {
  return `0x${zxid.toString(16)}`;
}

function entriesAfter({ disk }: Member, zxid: number): readonly { readonly zxid: number; readonly payload: Buffer }[] {
  const { entries } = disk;
  let from = entries.length;
  while (from > 0 && (entries[from - 1]?.zxid ?? 0) > zxid) from -= 1;
  return entries.slice(from);
}
