import type { ConnectRequest, RequestOf } from '@reeve/wire';
import type { Answering } from './answering.ts';
import type { Connection, Question } from './connection.ts';
import type { Connections } from './connections.ts';
import type { Course } from './course.ts';
import type { SessionOrder } from './session-order.ts';
import type { Sessions } from './sessions.ts';

/** What a member that can only be read works with. */
export interface ReadOnlyParts {
  readonly sessions: Sessions;
  readonly connections: Connections;
  readonly answering: Answering;
  readonly order: SessionOrder;
}

/**
 * The course of a member without a quorum: clients that asked for it may read what it has, which may be old. Their
 * sessions are known here alone and end with it.
 */
export class ReadOnly implements Course {
  readonly #parts: ReadOnlyParts;

  constructor(parts: ReadOnlyParts) {
    this.#parts = parts;
  }

  open(connection: Connection, { readOnly }: ConnectRequest, timeoutMs: number): void {
    const { answering, connections, sessions } = this.#parts;
    if (readOnly !== true) return connections.close(connection);
    connections.attach(connection, sessions.open(sessions.newId(), timeoutMs));
    answering.welcome(connection, 'opened', 'read');
  }

  /** A session of the ensemble cannot go on here, nor must it be told to have ended to one who can wait (ZOOKEEPER-3863). */
  reopen(connection: Connection, { readOnly }: ConnectRequest): void {
    const { answering, connections } = this.#parts;
    if (readOnly === true) answering.turnAway(connection);
    connections.close(connection);
  }

  write(connection: Connection, { xid }: Pick<Question, 'xid'>): void {
    this.#parts.order.refuseReadOnly(connection, xid);
  }

  sync(connection: Connection, xid: number, _request: RequestOf<'sync'>): void {
    this.#parts.order.refuseReadOnly(connection, xid);
  }

  close(connection: Connection, xid: number): void {
    const { connections, order, sessions } = this.#parts;
    const request = {};
    order.serve(connection, { kind: 'question', op: 'closeSession', xid, request, asker: connection });
    sessions.remove(connection.session);
    connections.close(connection);
  }

  tick(): void {
    const { connections, sessions } = this.#parts;
    for (const connection of [...connections.values()]) {
      const { standing } = connection;
      const isLate = standing !== undefined && sessions.elapsedMs - standing.lastHeardMs > standing.timeoutMs;
      if (isLate) connections.close(connection);
    }
  }
}
