import { invariant } from '@reeve/base';
import type { Watches } from '@reeve/tree';
import type { Connection } from './connection.ts';
import type { ConnectionId } from './event.ts';
import type { Outbox } from './outbox.ts';
import type { Session } from './sessions.ts';

/** The client connections of this member. */
export class Connections {
  readonly #byId = new Map<ConnectionId, Connection>();
  readonly #outbox: Outbox;
  readonly #watches: Watches;

  /** Schemes one of which a connection must have proved. */
  readonly #requiredSchemes: ReadonlySet<string>;

  constructor(parts: {
    readonly outbox: Outbox;
    readonly watches: Watches;
    readonly requiredSchemes: ReadonlySet<string>;
  }) {
    this.#outbox = parts.outbox;
    this.#watches = parts.watches;
    this.#requiredSchemes = parts.requiredSchemes;
  }

  get size(): number {
    return this.#byId.size;
  }

  get(id: ConnectionId): Connection | undefined {
    return this.#byId.get(id);
  }

  /** The connection through which a session speaks. */
  of(session: Session | undefined): Connection | undefined {
    return session?.connection === undefined ? undefined : this.#byId.get(session.connection);
  }

  values(): MapIterator<Connection> {
    return this.#byId.values();
  }

  add(connection: Connection): void {
    invariant(!this.#byId.has(connection.id), 'connection numbers are not used again');
    this.#byId.set(connection.id, connection);
  }

  /** Makes a connection the one through which its session speaks. */
  attach(connection: Connection, session: Session): void {
    session.connection = connection.id;
    connection.session = session.id;
    connection.standing = session;
    connection.phase = this.phaseOf(connection);
  }

  /** Whether a connection with a session has proved enough to ask for anything. */
  phaseOf({ identities }: Connection): 'open' | 'proving' {
    const required = this.#requiredSchemes;
    return required.size === 0 || identities.some(({ scheme }) => required.has(scheme)) ? 'open' : 'proving';
  }

  /** Has a connection closed once its last answers are written. */
  close(connection: Connection): void {
    if (connection.phase === 'closed') return;
    this.#outbox.closing.push(connection.id);
    this.forget(connection);
  }

  /** Lets go of a connection that is gone: its watches go with it, its session stays. */
  forget(connection: Connection): void {
    connection.phase = 'closed';
    this.#byId.delete(connection.id);
    this.#watches.removeWatcher(connection.id);
    if (connection.standing?.connection === connection.id) connection.standing.connection = undefined;
  }
}
