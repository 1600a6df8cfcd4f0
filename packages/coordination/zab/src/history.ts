import { Reader } from '@reeve/wire';
import type { Entry, ZabHost } from './host.ts';
import type { MemberId, Membership } from './membership.ts';
import type { ZabOutbox } from './outbox.ts';
import { type EntryHead, type RecentLimits, RecentLog } from './recent-log.ts';

/** Is told of a membership that came into force. */
type Changed = (membership: Membership) => void;

/** Where a new epoch begins in the log: nothing beyond goes to the disk before all up to `after`, and the epoch, are there. */
interface Gate {
  readonly epoch: number;
  readonly after: number;
}

/**
 * The log of a member: its recent part in memory, and how far it is handed to the journal, on disk, agreed on and
 * applied. Always applied <= committed, and persisted <= journaled <= last. What is beyond `journaled` waits in memory:
 * behind a gate, or until the journal has been cut or replaced. What is committed is applied as soon as it is journaled:
 * a quorum has it on disk, and whoever waits for the own disk as well waits for the slowest of them. So a journal that
 * fails may end before what is applied; the difference comes again from whoever leads.
 */
export class History {
  readonly recent: RecentLog;
  readonly #reader = new Reader();
  readonly #outbox: ZabOutbox;
  readonly #gates: Gate[] = [];
  #disk: 'open' | 'truncating' | 'replacing' = 'open';
  #cuts = 0;
  #cutAfter = 0;
  #journaled = 0;
  #persisted = 0;
  #committed = 0;
  #applied = 0;
  /** Since when the disk has been silent although something is on its way to it. */
  #silentSinceMs: number | undefined;

  constructor(outbox: ZabOutbox, limits: RecentLimits) {
    this.#outbox = outbox;
    this.recent = new RecentLog(limits);
  }

  get last(): number {
    return this.recent.last;
  }

  get persisted(): number {
    return this.#persisted;
  }

  get committed(): number {
    return this.#committed;
  }

  get applied(): number {
    return this.#applied;
  }

  /** How far entries may be applied. */
  get applicable(): number {
    return Math.min(this.#committed, this.#journaled);
  }

  get disk(): 'open' | 'truncating' | 'replacing' {
    return this.#disk;
  }

  get silentSinceMs(): number | undefined {
    return this.#silentSinceMs;
  }

  /** Begins after what is applied for good. */
  startAfter(zxid: number): void {
    this.recent.reset(zxid);
    this.#journaled = zxid;
    this.#persisted = zxid;
    this.#committed = zxid;
    this.#applied = zxid;
  }

  /** Takes what the journal holds already. */
  logged(entry: Entry, membership: Membership | undefined): void {
    const { zxid, payload } = entry;
    this.recent.append({ zxid, origin: undefined, membership }, this.#reader.reset(payload));
    this.#journaled = entry.zxid;
    this.#persisted = entry.zxid;
  }

  /** Adds an entry, and hands it to the journal as soon as that may be. */
  append(head: EntryHead, payload: Reader): void {
    const held = this.#disk !== 'open' || this.#gates.length > 0;
    this.recent.append(head, payload);
    if (!held) this.#journal(this.recent.entryAt(this.recent.end - 1));
  }

  /** Hands an entry to the journal that nobody will ever ask for again. */
  pass(entry: Entry): void {
    this.recent.pass(entry.zxid);
    this.#outbox.entries.push(entry);
    this.#journaled = entry.zxid;
  }

  /** Says that an epoch begins after what the log holds now. */
  beginEpoch(epoch: number): void {
    this.#gates.push({ epoch, after: this.last });
  }

  /** Hands on whatever waits and need not any more; `begun` is told of each epoch whose gate this opens. */
  release(begun: (epoch: number) => void): void {
    while (this.#disk === 'open') {
      const gate = this.#gates[0];
      this.#journalUpTo(gate?.after ?? this.last);
      if (gate === undefined || this.#persisted < gate.after) return;
      this.#gates.shift();
      begun(gate.epoch);
    }
  }

  /** Notes what is on disk now. */
  persist(zxid: number): void {
    if (this.#disk !== 'open') return;
    this.#persisted = Math.max(this.#persisted, Math.min(zxid, this.#journaled));
  }

  /** Notes what is agreed on now. */
  commit(zxid: number): void {
    this.#committed = Math.max(this.#committed, zxid);
  }

  /** Gives a member's host what is committed, up to `zxid`; `changed` is told of each membership on the way. */
  deliver(to: { readonly id: MemberId; readonly host: ZabHost }, zxid: number, changed: Changed): void {
    const { recent } = this;
    for (let index = recent.indexAfter(this.#applied); index < recent.end; index += 1) {
      if (recent.zxidAt(index) > zxid) break;
      const committed = recent.zxidAt(index);
      this.#applied = committed;
      to.host.committed(committed, recent.read(index, this.#reader), recent.requestOf(to.id, index));
      const membership = recent.membershipOf(committed);
      if (membership !== undefined) changed(membership);
    }
    recent.trim(this.#applied);
  }

  /** Notes that the host has been told that everything up to `zxid` is agreed on; says which memberships that brings. */
  applyUpTo(zxid: number): Membership[] {
    const changes = this.recent.membershipsAfter(this.#applied).filter(({ version }) => version <= zxid);
    this.#applied = zxid;
    this.recent.trim(zxid);
    return changes;
  }

  /** Cuts the log after `zxid`, here and on disk. */
  truncate(zxid: number): void {
    this.recent.truncateAfter(zxid);
    // A cut that nobody has begun is replaced.
    if (this.#outbox.truncate === undefined) this.#cuts += 1;
    this.#outbox.truncate = zxid;
    this.#disk = 'truncating';
    this.#cutAfter = zxid;
    this.#journaled = zxid;
    this.#persisted = Math.min(this.#persisted, zxid);
    this.#silentSinceMs = undefined;
  }

  truncated(): void {
    this.#cuts -= 1;
    if (this.#cuts > 0 || this.#disk !== 'truncating') return;
    this.#disk = 'open';
    this.#persisted = this.#cutAfter;
  }

  /** The journal will be replaced by a snapshot: until then nothing goes to it and nothing it says counts. */
  beginReplacing(): void {
    this.#disk = 'replacing';
    this.#gates.length = 0;
  }

  /** The host holds a snapshot: what it has of the log begins after `zxid`. */
  restored(zxid: number): void {
    this.recent.reset(zxid);
    this.#applied = zxid;
    this.#committed = zxid;
  }

  /** The disk holds what is applied, and nothing else. */
  replaced(): void {
    this.#disk = 'open';
    this.#journaled = this.#applied;
    this.#persisted = this.#applied;
    this.#silentSinceMs = undefined;
  }

  /** Forgets what the journal was not given: whoever wanted it to be agreed on does not lead any more. */
  forgetHeld(): void {
    this.#gates.length = 0;
    this.recent.truncateAfter(this.#journaled);
    this.#committed = Math.max(this.#applied, Math.min(this.#committed, this.last));
  }

  /** Forgets what the journal has lost. */
  forgetUnpersisted(): void {
    this.#journaled = this.#persisted;
    this.#silentSinceMs = undefined;
    this.#outbox.entries.length = 0;
    this.forgetHeld();
  }

  /** Watches the disk: to be told the time after each step. */
  watch(nowMs: number, event: 'persisted' | 'other'): void {
    if (this.#persisted >= this.#journaled || this.#disk !== 'open') this.#silentSinceMs = undefined;
    else if (event === 'persisted' || this.#silentSinceMs === undefined) this.#silentSinceMs = nowMs;
  }

  #journalUpTo(zxid: number): void {
    const { recent } = this;
    for (let index = recent.indexAfter(this.#journaled); index < recent.end; index += 1) {
      if (recent.zxidAt(index) > zxid) return;
      this.#journal(recent.entryAt(index));
    }
  }

  #journal(entry: Entry): void {
    this.#outbox.entries.push(entry);
    this.#journaled = entry.zxid;
  }
}
