import { type SessionId, Writer } from '@reeve/wire';
import type { ConnectionId } from './event.ts';

/** One entry for the journal: opaque to it, in zxid order without gaps of its own making. */
export interface Entry {
  readonly zxid: number;
  readonly payload: Buffer;
}

/** What became of a session, for the log of those who operate it. */
export interface SessionNote {
  readonly kind: 'opened' | 'reopened' | 'closed' | 'expired';
  readonly session: SessionId;
  /** Who asked for it; nobody asks a session to expire. */
  readonly connection: ConnectionId | undefined;
}

/**
 * What must be done after the steps of one turn. The server performs it once per turn of the event loop, in the
 * order of the fields:
 *
 * 1. `entries` go to the journal, all of them before one fsync; `persisted` is stepped when that is done.
 * 2. `replies` go to their sockets, one write each. Nothing in them promises what is not on disk: a write's reply is
 *    written here only by the step of its `persisted`.
 * 3. `closing` connections are closed, after their last bytes.
 */
export class Outbox {
  readonly entries: Entry[] = [];
  /** The connections with bytes to send, each with its one growing buffer of this turn. */
  readonly replies = new Map<ConnectionId, Writer>();
  readonly closing: ConnectionId[] = [];
  /** What is worth a line in the log. Nothing depends on it. */
  readonly notes: SessionNote[] = [];

  /** The buffer of a connection in this turn. */
  writer(connection: ConnectionId): Writer {
    const known = this.replies.get(connection);
    if (known !== undefined) return known;
    const fresh = new Writer();
    this.replies.set(connection, fresh);
    return fresh;
  }

  /** Forgets what was performed; the writers' bytes were taken. */
  clear(): void {
    this.entries.length = 0;
    this.replies.clear();
    this.closing.length = 0;
    this.notes.length = 0;
  }
}
