import type { MemberId, Zab } from '@reeve/zab';
import type { Agreement } from './agreement.ts';
import type { Barrier } from './connection.ts';
import type { Connections } from './connections.ts';

/** Who waits for a sync: a connection of the leader, or a learner, for one of its own. */
type Asker = { readonly barrier: Barrier } | { readonly learner: MemberId; readonly request: number };

type Asked = Asker & { readonly zxid: number };

/** What syncs are made of. */
export interface SyncParts {
  readonly zab: Zab;
  readonly agreement: Agreement;
  readonly connections: Connections;
  /** A barrier may pass at once. */
  readonly pass: (barrier: Barrier) => void;
  /** A learner may answer once it has applied everything up to `zxid`. */
  readonly answer: (learner: MemberId, synced: { readonly request: number; readonly zxid: number }) => void;
}

/**
 * Syncs on their way through the leader: each waits until a quorum has confirmed, since it came, that this member still
 * leads, and until everything proposed before it is agreed on. So what is read after it is no older than any write that
 * had been acknowledged before it, whoever acknowledged that.
 */
export class Syncs {
  readonly #parts: SyncParts;
  readonly #asked = new Map<number, Asked>();
  #token = 0;

  constructor(parts: SyncParts) {
    this.#parts = parts;
  }

  ask(asker: Asker): void {
    const { zab, agreement } = this.#parts;
    const token = this.#token + 1;
    this.#token = token;
    this.#asked.set(token, { ...asker, zxid: agreement.lastProposed });
    zab.confirm(token);
  }

  confirmed(token: number): void {
    const asked = this.#asked.get(token);
    this.#asked.delete(token);
    if (asked === undefined) return;
    const { agreement, answer, connections, pass } = this.#parts;
    if ('learner' in asked) return answer(asked.learner, asked);
    asked.barrier.zxid = asked.zxid;
    if (agreement.outstanding === 0) pass(asked.barrier);
    // There was room when it was asked for; writes may have taken it since.
    else if (agreement.hasRoom) agreement.wait(asked.barrier);
    else connections.close(asked.barrier.connection);
  }

  /** Gives up what waits, when this member leads no more. */
  forget(): void {
    this.#asked.clear();
  }
}
