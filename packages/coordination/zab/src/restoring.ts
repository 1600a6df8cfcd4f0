import type { Member } from './member.ts';

/**
 * A learner that takes a snapshot. The host loads it; as it may hold traces of entries that came later, these are
 * committed over it; then the host is exact, and its own snapshot replaces everything on disk. Until that is there
 * nothing goes to the journal and nothing more is applied.
 */
export class Restoring {
  readonly #member: Member;
  readonly #zxid: number;
  #stage: 'loading' | 'catching_up' | 'installing' = 'loading';
  #lastZxidSeen = 0;

  constructor(member: Member, zxid: number) {
    this.#member = member;
    this.#zxid = zxid;
    member.history.beginReplacing();
    member.host.restore();
  }

  get stage(): 'loading' | 'catching_up' | 'installing' {
    return this.#stage;
  }

  slice(bytes: Buffer): void {
    this.#member.host.restoreSlice(bytes);
  }

  end(lastZxidSeen: number): void {
    this.#member.host.restored();
    this.#member.history.restored(this.#zxid);
    this.#lastZxidSeen = lastZxidSeen;
    this.#stage = 'catching_up';
    this.deliver();
  }

  /** Applies what the snapshot may have traces of, and no more; then asks for the disk's content to be replaced. */
  deliver(): void {
    if (this.#stage !== 'catching_up') return;
    const { history, host, outbox } = this.#member;
    const until = Math.min(history.committed, this.#lastZxidSeen);
    history.deliver(this.#member, until, (change) => this.#member.reconfigure(change));
    if (history.applied < this.#lastZxidSeen) return;
    this.#stage = 'installing';
    outbox.install = host.snapshot();
  }
}
