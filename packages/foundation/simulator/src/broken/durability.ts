import type { Member } from '../member.ts';
import type { Sabotage } from '../sabotage.ts';
import { messageIn, soon } from './messages.ts';

/** Forgets in a crash what it has promised. */
export function forgetsEpochs(): Sabotage {
  return {
    outbox(_member, { zab }) {
      zab.epochs = undefined;
    },
  };
}

/** Says that entries are on disk when they were only handed over. */
export function acknowledgesBeforeFsync(): Sabotage {
  const early = new EarlyPersisted();
  return {
    event: (member, event) => (event.kind === 'persisted' && early.isOld(member, event.zxid) ? undefined : event),
    outbox(member, { zab }) {
      early.handedOver(member, zab.truncate, zab.entries.at(-1)?.zxid);
      early.tell(member);
    },
    restarting: (member) => early.forget(member),
  };
}

/** The same, only while it is brought to its leader's history: the epoch may be on disk before the log is. */
export function epochBeforeLog(): Sabotage {
  const early = new EarlyPersisted();
  return {
    event(member, event) {
      if (messageIn(event)?.message.kind === 'new_leader') early.tellNow(member);
      return event.kind === 'persisted' && early.isOld(member, event.zxid) ? undefined : event;
    },
    outbox(member, { zab }) {
      early.handedOver(member, zab.truncate, zab.entries.at(-1)?.zxid);
    },
    restarting: (member) => early.forget(member),
  };
}

/** Loses in a crash the last of what its disk said it had. */
export function losesSyncedEntries(): Sabotage {
  return { restarting: ({ disk }) => disk.lose(2) };
}

/** Leaves in its log what its leader told it to cut off. */
export function skipsTruncation(): Sabotage {
  return {
    outbox(member, { zab }) {
      if (zab.truncate === undefined) return;
      zab.truncate = undefined;
      soon(member, () => member.truncated());
    },
  };
}

/** Never writes the snapshot from which it goes on. */
export function keepsSnapshotsInMemory(): Sabotage {
  return {
    outbox(member, { zab }) {
      if (zab.install === undefined) return;
      zab.install = undefined;
      soon(member, () => member.installed());
    },
  };
}

/** What members were told to be on disk too early: when it really is, they are not told again. */
class EarlyPersisted {
  readonly #handed = new Map<Member, number>();
  readonly #told = new Map<Member, number>();

  handedOver(member: Member, truncated: number | undefined, last: number | undefined): void {
    if (truncated !== undefined) this.#told.set(member, truncated);
    if (last !== undefined) this.#handed.set(member, last);
  }

  tell(member: Member): void {
    soon(member, () => this.tellNow(member));
  }

  tellNow(member: Member): void {
    const handed = this.#handed.get(member) ?? 0;
    if (handed <= (this.#told.get(member) ?? 0)) return;
    member.persisted(handed);
    this.#told.set(member, handed);
  }

  isOld(member: Member, zxid: number): boolean {
    return zxid <= (this.#told.get(member) ?? 0);
  }

  forget(member: Member): void {
    this.#handed.delete(member);
    this.#told.delete(member);
  }
}
