import { sessionOver, type Tree } from '@reeve/tree';
import type { SessionId } from '@reeve/wire';
import type { Origin } from '@reeve/zab';
import type { Proposal } from './connection.ts';
import type { Connections } from './connections.ts';
import type { Leader } from './leader.ts';
import type { Outbox } from './outbox.ts';
import type { SessionOrder } from './session-order.ts';
import type { Session, Sessions } from './sessions.ts';

/** Who asked for the end of a session, and waits for it. */
type Asked = Pick<Proposal, 'xid' | 'connection'> & { readonly origin: Origin | undefined };

/** What sessions are ended with. */
export interface SessionEndsParts {
  readonly tree: Tree;
  readonly sessions: Sessions;
  readonly connections: Connections;
  readonly leader: Leader;
  readonly order: SessionOrder;
  readonly outbox: Outbox;
}

/** Who asks for the end of a session whose time is over. */
export const nobody: Asked = { xid: 0, connection: undefined, origin: undefined };

/** What one turn may have on its way to the disk for sessions to end in it, bytes; the others wait for a tick. */
const LOG_BYTES_MAX = 16 * 1024 * 1024;

/** Ends sessions: those with very many ephemerals in more than one transaction, the next when one has been applied. */
export class SessionEnds {
  readonly #parts: SessionEndsParts;
  /** Of the sessions whose end takes more than one, or waits. */
  readonly #asked = new Map<SessionId, Asked>();

  constructor(parts: SessionEndsParts) {
    this.#parts = parts;
  }

  /** Whether there is room in this turn for the end of a session. */
  get hasRoom(): boolean {
    return this.#parts.outbox.log.length < LOG_BYTES_MAX;
  }

  /** Proposes the end of a session, or goes on with it; from now on it can ask for nothing. */
  propose(session: Session, asked: Asked, timeMs: number): void {
    const { connections, leader, order } = this.#parts;
    session.phase = 'closing';
    const current = connections.of(session);
    if (current !== undefined && current.phase !== 'leaving') current.phase = 'ending';
    // A client may ask for what goes on already, because nobody has heard of it for long.
    const asker = asked === nobody ? (this.#asked.get(session.id) ?? nobody) : asked;
    if (!this.hasRoom) {
      session.phase = 'over';
      this.#asked.set(session.id, asker);
      return;
    }
    const proposal = leader.closeSession(session, { ...asker, timeMs });
    if (proposal.txn.kind !== 'close_session') this.#asked.set(session.id, asker);
    else if (asker.connection !== undefined) order.wait(asker.connection, proposal);
  }

  /** Some of the end of a session was applied, or the last of it. */
  committed({ session: id, txn }: Proposal, timeMs: number): void {
    const session = this.#parts.sessions.get(id);
    if (session === undefined) return;
    if (txn.kind === 'close_session') this.ended(session);
    else this.propose(session, nobody, timeMs);
  }

  /** Everything outstanding was given up, by a member that does not lead any more. */
  forget(): void {
    this.#asked.clear();
  }

  /** Some of the end of a session was given up: unless it has begun, the session is as it was. */
  abandoned({ session: id }: Proposal): void {
    const { tree, sessions, connections } = this.#parts;
    const waiting = this.#asked.get(id)?.connection;
    if (waiting !== undefined) connections.close(waiting);
    this.#asked.delete(id);
    const session = sessions.get(id);
    if (session === undefined) return;
    session.phase = tree.sessions.get(id) === sessionOver ? 'over' : 'open';
    const connection = connections.of(session);
    if (connection?.phase === 'ending' && session.phase === 'open') connection.phase = connections.phaseOf(connection);
  }

  /** A session has ended, whoever ended it. */
  ended(session: Session): void {
    const { sessions, connections } = this.#parts;
    this.#asked.delete(session.id);
    sessions.remove(session.id);
    const connection = connections.of(session);
    if (connection !== undefined) connections.close(connection);
  }
}
