import { messageIn } from '../message-in.ts';
import type { Sabotage, Victim } from '../sabotage.ts';
import { soon } from './messages.ts';

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
      if (messageIn(event)?.message.kind === 'new_leader') early.tell(member);
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

/** A turn takes less. */
const HANDED_OVER_MS = 1;

/** What members were told to be on disk too early: when it really is, they are not told again. */
class EarlyPersisted {
  readonly #handed = new Map<Victim, number>();
  readonly #told = new Map<Victim, number>();

  handedOver(member: Victim, truncated: number | undefined, last: number | undefined): void {
    if (truncated !== undefined) this.#told.set(member, truncated);
    if (last !== undefined) this.#handed.set(member, last);
  }

  /** Has it told when what was stepped just now has been handed over. */
  tell(member: Victim): void {
    soon(member, () => this.#tell(member), HANDED_OVER_MS);
  }

  #tell(member: Victim): void {
    const handed = this.#handed.get(member) ?? 0;
    if (handed <= (this.#told.get(member) ?? 0)) return;
    member.persisted(handed);
    this.#told.set(member, handed);
  }

  isOld(member: Victim, zxid: number): boolean {
    return zxid <= (this.#told.get(member) ?? 0);
  }

  forget(member: Victim): void {
    this.#handed.delete(member);
    this.#told.delete(member);
  }
}
