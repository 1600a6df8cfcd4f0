import type { QuotaExcess } from '@reeve/tree';
import { type SessionId, Writer } from '@reeve/wire';
import type { Entry, Membership } from '@reeve/zab';
import type { AuditNote } from './audit.ts';
import type { ConnectionId } from './event.ts';
import { MemberOutbox } from './member-outbox.ts';

/** What became of a session, for the log of those who operate it. */
export interface SessionNote {
  readonly kind: 'opened' | 'reopened' | 'closed' | 'expired' | 'denied' | 'over_watched';
  readonly session: SessionId;
  /** Who asked for it, or was denied because it did not prove who it is; nobody asks a session to expire. */
  readonly connection: ConnectionId | undefined;
}

/** A write went beyond a quota; at most one in a while is told of. */
export interface QuotaNote {
  readonly kind: 'beyond_quota';
  readonly excess: QuotaExcess;
}

/** Buffers that grew beyond these are not kept for the next turn, bytes; the log of a full turn takes 2 MiB. */
const KEPT_BYTES_MAX = 4 * 1024 * 1024;
const KEPT_REPLY_BYTES_MAX = 64 * 1024;
const KEPT_WRITERS_MAX = 1024;

/**
 * What must be done after the steps of one turn. The server performs it once per turn of the event loop, in the
 * order of the fields:
 *
 * 1. `secret` and `membership`, if there is one, are on disk before anything else is done.
 * 2. `zab` is performed, in its own order: `entries` go to the journal, all of them before one fsync; `persisted` is
 *    stepped when that is done.
 * 3. `replies` go to their sockets, one write each. Nothing in them promises what is not on disk: a write's reply is
 *    written here only by the step that showed that a quorum has it there.
 * 4. `closing` connections are closed, after their last bytes.
 */
export class Outbox {
  /** What the passwords of sessions are made of from now on, in the whole ensemble. */
  secret: Buffer | undefined;
  /** Who belongs to the ensemble from now on: to be known before other members are spoken to. */
  membership: Membership | undefined;
  readonly zab = new MemberOutbox();
  /** The connections with bytes to send, each with its one growing buffer of this turn. */
  readonly replies = new Map<ConnectionId, Writer>();
  readonly closing: ConnectionId[] = [];
  /** What is worth a line in the log. Nothing depends on it. */
  readonly notes: (SessionNote | QuotaNote)[] = [];
  /** What was changed and by whom; empty unless `ReplicaOptions.audit` is on. */
  readonly audit: AuditNote[] = [];

  /** Connections with more to be answered than fits into one turn: to be stepped `resumed` when these are sent. */
  readonly stalled: ConnectionId[] = [];
  /** Replies that could not wait for a later turn, bytes. */
  hurriedBytes = 0;
  /** Notifications among the replies, bytes. */
  notificationBytes = 0;

  // Buffers are used again: a turn that leaves nothing to collect does not bring a collection nearer.
  #log = new Writer(KEPT_REPLY_BYTES_MAX);
  readonly #writers: Writer[] = [];

  /** What goes to the journal. */
  get entries(): Entry[] {
    return this.zab.entries;
  }

  /** Where the payloads of this turn's entries are written. */
  get log(): Writer {
    return this.#log;
  }

  /** The buffer of a connection in this turn. */
  writer(connection: ConnectionId): Writer {
    const known = this.replies.get(connection);
    if (known !== undefined) return known;
    const writer = this.#writers.pop() ?? new Writer();
    this.replies.set(connection, writer);
    return writer;
  }

  /** Takes a writer back whose bytes nobody looks at any more. */
  reuse(writer: Writer): void {
    if (writer.capacity > KEPT_REPLY_BYTES_MAX || this.#writers.length >= KEPT_WRITERS_MAX) return;
    writer.clear();
    this.#writers.push(writer);
  }

  /** Forgets what was performed; the writers' bytes were taken. */
  clear(): void {
    this.secret = undefined;
    this.membership = undefined;
    this.zab.clear();
    if (this.#log.capacity > KEPT_BYTES_MAX) this.#log = new Writer(KEPT_REPLY_BYTES_MAX);
    else this.#log.clear();
    this.replies.clear();
    this.stalled.length = 0;
    this.hurriedBytes = 0;
    this.notificationBytes = 0;
    this.closing.length = 0;
    this.notes.length = 0;
    this.audit.length = 0;
  }
}
