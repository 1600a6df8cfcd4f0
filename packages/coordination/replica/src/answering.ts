import { invariant, unreachable } from '@reeve/base';
import {
  type AccessList,
  type ApplyObserver,
  apply,
  type ChangeType,
  openList,
  permits,
  read,
  type Tree,
  type Watches,
} from '@reeve/tree';
import {
  type ErrorName,
  errors,
  type OpName,
  ops,
  permissions,
  type RequestOf,
  type SessionId,
  Writer,
} from '@reeve/wire';
import {
  beginAnswer,
  noWelcome,
  type Welcome,
  writeNotification,
  writeOutcome,
  writePartResult,
  writeRefusal,
  writeWelcome,
} from './answers.ts';
import type { Barrier, Connection, Proposal, Question, Refusal } from './connection.ts';
import type { Connections } from './connections.ts';
import type { ConnectionId } from './event.ts';
import type { Outbox } from './outbox.ts';
import { routes } from './routes.ts';
import { addWatch, lookUpWatch, setWatches, type WatchContext, type WatchOp } from './watch-requests.ts';

/** What answers are made of, and where they go. */
export interface AnsweringParts {
  readonly tree: Tree;
  readonly watches: Watches;
  readonly outbox: Outbox;
  readonly connections: Connections;
  readonly sessionPassword: (session: SessionId) => Buffer;
}

/** What a client hears that is to be gone because it did not prove who it is. */
export interface Denial {
  readonly xid: number;
  readonly op: 'sasl' | 'other';
  readonly error: 'auth_failed' | 'session_closed_require_sasl_auth';
}

/** Bytes of notifications in one turn above which those who should get more are disconnected. */
const NOTIFICATION_BYTES_MAX = 256 * 1024 * 1024;

/** Writes answers and notifications, each into the buffer of its connection. */
export class Answering {
  readonly #parts: AnsweringParts;
  /** The results of the multi that is being applied. */
  readonly #results = new Writer();
  /** The notification of the change at hand: made once, however many watch. */
  readonly #notification = new Writer(256);
  readonly #observer: ApplyObserver;
  #applying: Proposal | undefined;
  /** The access list of the znode whose change is being told. */
  #changedAcl: AccessList = openList;

  constructor(parts: AnsweringParts) {
    this.#parts = parts;
    const { watches } = parts;
    this.#observer = {
      replaying: false,
      get watching() {
        return watches.size > 0;
      },
      changed: (type, path, acl) => this.#changed(type, path, acl),
      partApplied: (part, position) => {
        const op = this.#applying?.parts[position];
        if (op !== undefined) writePartResult(this.#results, parts.tree, op, part);
      },
    };
  }

  /** Applies a committed transaction and writes its notifications: they precede every answer that shows the change. */
  apply(proposal: Proposal): void {
    this.#applying = proposal;
    this.#results.clear();
    apply(this.#parts.tree, proposal, proposal.txn, this.#observer);
  }

  /** Answers the write that was applied last. */
  outcome(connection: Connection, proposal: Proposal): void {
    writeOutcome(this.#writer(connection), this.#parts.tree, proposal, this.#results);
  }

  /** Answers a request without looking into it. */
  refusal(connection: Connection, { xid, error }: Refusal): void {
    // As ZooKeeper does: an operation that does not exist is answered with no zxid.
    const zxid = error === 'unimplemented' ? -1 : this.#parts.tree.lastZxid;
    writeRefusal(this.#writer(connection), { xid, zxid }, error);
  }

  /** Answers a request from what is there. Says how much the connection gets in this turn by now, bytes. */
  question(connection: Connection, { op, xid, request, asker }: Question): number {
    const writer = this.#writer(connection);
    const { tree, watches } = this.#parts;
    const start = this.#missed(connection, op, request, writer);
    const frame = beginAnswer(writer, xid, tree.lastZxid);
    const route = routes[op];
    let refused: ErrorName | undefined;
    if (route.by === 'read') refused = read({ tree, watches, asker, writer }, route.op, request as never);
    else if (route.by === 'watch') refused = watch({ tree, watches, connection, writer }, route.op, request);
    else if (route.by === 'sync') ops.sync.reply.encode(writer, request as RequestOf<'sync'>);
    if (refused === undefined) {
      writer.endFrame(frame);
    } else {
      writer.rewind(start);
      writeRefusal(writer, { xid, zxid: tree.lastZxid }, refused);
    }
    return writer.length;
  }

  /** Answers what waited for the barrier of a sync; says as much as `question`. */
  barrier({ connection, xid, path }: Barrier): number {
    return this.question(connection, { kind: 'question', op: 'sync', xid, request: { path }, asker: connection });
  }

  /** Ends the handshake of a connection that has a session. */
  welcome(connection: Connection, kind: 'opened' | 'reopened', may: 'write' | 'read' = 'write'): void {
    const { standing } = connection;
    invariant(standing !== undefined, 'only a connection with a session is welcome');
    const { id, timeoutMs } = standing;
    this.#parts.outbox.notes.push({ kind, session: id, connection: connection.id });
    const password = this.#parts.sessionPassword(id);
    this.#greet(connection, { timeoutMs, sessionId: id, password, readOnly: may === 'read' });
  }

  /** Ends the handshake of a connection whose session is not known, has ended, or is not its own. */
  turnAway(connection: Connection): void {
    this.#greet(connection, noWelcome);
  }

  /** Says that an identity is proved. As every answer about identities it is not part of any order, and has no zxid. */
  proved(connection: Connection, xid: number): void {
    const writer = this.#writer(connection);
    writer.endFrame(beginAnswer(writer, xid, 0));
  }

  /** Goes on with a SASL exchange; no token ends it. */
  saslToken(connection: Connection, xid: number, token: Buffer | null): void {
    const writer = this.#writer(connection);
    const frame = beginAnswer(writer, xid, 0);
    writer.buffer(token);
    writer.endFrame(frame);
  }

  /** Tells a connection that it has not proved who it is. */
  denial(connection: Connection, { xid, op, error }: Denial): void {
    const { outbox } = this.#parts;
    outbox.notes.push({ kind: 'denied', session: connection.session, connection: connection.id });
    const writer = this.#writer(connection);
    const frame = writer.beginFrame();
    writer.int(xid);
    writer.long(0);
    writer.int(errors[error].code);
    // As ZooKeeper does: the only refusal with a body.
    if (op === 'sasl') writer.buffer(null);
    writer.endFrame(frame);
  }

  /** The events that setWatches finds to have been missed come before its answer. Says where the answer begins. */
  #missed(connection: Connection, op: OpName, request: unknown, writer: Writer): number {
    if (op === 'setWatches' || op === 'setWatches2') {
      const { tree, watches } = this.#parts;
      setWatches({ tree, watches, connection, writer }, request as RequestOf<'setWatches'>);
    }
    return writer.length;
  }

  #greet(connection: Connection, welcome: Welcome): void {
    writeWelcome(this.#writer(connection), welcome, connection.client);
  }

  #writer(connection: Connection): Writer {
    connection.sent += 1;
    return this.#parts.outbox.writer(connection.id);
  }

  #changed(type: ChangeType, path: string, acl: AccessList): void {
    this.#notification.clear();
    this.#changedAcl = acl;
    this.#parts.watches.fire(type, path, this.#notify);
  }

  readonly #notify = (watcher: ConnectionId, type: ChangeType, path: string): void => {
    const connection = this.#parts.connections.get(watcher);
    if (connection === undefined || !permits(this.#changedAcl, permissions.read, connection.identities)) return;
    if (this.#notification.length === 0) {
      writeNotification(this.#notification, type, path, this.#applying?.zxid ?? -1);
    }
    const { outbox, connections } = this.#parts;
    // One change may be told to a great many: who hears of nothing more comes back and asks what it missed.
    if (outbox.notificationBytes > NOTIFICATION_BYTES_MAX) return connections.close(connection);
    outbox.notificationBytes += this.#notification.length;
    this.#writer(connection).raw(this.#notification.view());
  };
}

function watch(context: WatchContext, op: WatchOp, request: unknown): ErrorName | undefined {
  switch (op) {
    case 'addWatch':
      return addWatch(context, request as RequestOf<'addWatch'>);
    case 'checkWatches':
    case 'removeWatches':
      return lookUpWatch(context, op, request as RequestOf<'checkWatches'>);
    case 'setWatches':
    case 'setWatches2':
      return undefined;
    default:
      return unreachable(op);
  }
}
