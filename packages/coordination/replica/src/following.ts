import type { Txn } from '@reeve/tree';
import { type ConnectRequest, ops, type Reader, type RequestOf, type SessionId } from '@reeve/wire';
import type { MemberId, Zab } from '@reeve/zab';
import type { Agreement } from './agreement.ts';
import type { Answering } from './answering.ts';
import type { AuditTrail } from './audit.ts';
import type { Barrier, Connection, Forwarded, Proposal, Question } from './connection.ts';
import type { Connections } from './connections.ts';
import type { Course, Frame } from './course.ts';
import { partsOf } from './leader.ts';
import { type MemberMessage, readMemberMessage, writeMemberMessage } from './member-messages.ts';
import type { Outbox } from './outbox.ts';
import type { SessionOrder } from './session-order.ts';
import type { Session, Sessions } from './sessions.ts';

/** A client's request, behind its xid and operation. */
const REQUEST_HEAD_BYTES = 8;

/** A client that asked for the session it had before, and waits for the leader's word. */
interface Returning {
  readonly kind: 'returning';
  readonly connection: Connection;
  readonly session: SessionId;
}

/** What a learner's course is made of. */
export interface FollowingParts {
  readonly leader: MemberId;
  readonly zab: Zab;
  readonly sessions: Sessions;
  readonly connections: Connections;
  readonly agreement: Agreement;
  readonly answering: Answering;
  readonly order: SessionOrder;
  readonly audit: AuditTrail | undefined;
  readonly outbox: Outbox;
  /** The first number for a request: none that an earlier process of this member may have used. */
  readonly firstRequest: number;
  /** How many requests may wait. */
  readonly outstandingMax: number;
  /** The last transaction applied. */
  readonly lastApplied: () => number;
}

/** The course of a member that follows or observes: what changes anything goes to the leader and comes back as an entry. */
export class Following implements Course {
  readonly #parts: FollowingParts;
  /** By their numbers, counted from the first: small numbers are found sooner. */
  readonly #sent = new Map<number, Forwarded | Barrier | Returning>();
  #request: number;
  /** When the leader was last told which sessions were heard of, on their clock. */
  #toldMs = Number.NEGATIVE_INFINITY;

  constructor(parts: FollowingParts) {
    this.#parts = parts;
    this.#request = parts.firstRequest;
  }

  /** The first number that was not used. */
  get nextRequest(): number {
    return this.#request;
  }

  /** How many requests wait: for the leader's word, or for what is to be applied before a sync is answered. */
  get outstanding(): number {
    return this.#sent.size + this.#parts.agreement.outstanding;
  }

  open(connection: Connection, _request: ConnectRequest, timeoutMs: number): void {
    const { connections, sessions } = this.#parts;
    const session = sessions.open(sessions.newId(), timeoutMs);
    connections.attach(connection, session);
    const request = this.#forward({ kind: 'forwarded', op: 'connect', parts: [], connection });
    if (request !== undefined) this.#tell({ kind: 'open', request, session: session.id, timeoutMs });
  }

  reopen(connection: Connection, { sessionId, password }: ConnectRequest, timeoutMs: number): void {
    const { connections, sessions } = this.#parts;
    const earlier = connections.of(sessions.get(sessionId));
    if (earlier !== undefined) connections.close(earlier);
    const request = this.#number({ kind: 'returning', connection, session: sessionId });
    if (request === undefined) return;
    connection.phase = 'returning';
    this.#tell({ kind: 'reopen', request, session: sessionId, password, timeoutMs });
  }

  write(connection: Connection, { xid, op, request }: Pick<Question, 'xid' | 'op' | 'request'>, frame: Frame): void {
    this.#identify(connection);
    const item: Forwarded = { kind: 'forwarded', op, parts: partsOf(op, request), connection };
    const number = this.#forward(item);
    if (number === undefined) return;
    this.#parts.audit?.proposed(item, request);
    const head = { kind: 'write', request: number, session: connection.session, xid, op: ops[op].code } as const;
    this.#tell(head, frame);
  }

  sync(connection: Connection, xid: number, { path }: RequestOf<'sync'>): void {
    const zxid = Number.POSITIVE_INFINITY;
    const request = this.#forward({ kind: 'barrier', zxid, xid, path, connection, phase: 'waiting' });
    if (request !== undefined) this.#tell({ kind: 'sync', request });
  }

  close(connection: Connection, xid: number): void {
    const { outbox } = this.#parts;
    const { session } = connection;
    outbox.notes.push({ kind: 'closed', session, connection: connection.id });
    connection.phase = 'ending';
    const request = this.#forward({ kind: 'forwarded', op: 'closeSession', parts: [], connection });
    if (request !== undefined) this.#tell({ kind: 'close', request, session, xid });
  }

  /** Tells the leader of the sessions that were heard of here: it expires the others. */
  tick(): void {
    const { connections, sessions } = this.#parts;
    const heard: SessionId[] = [];
    for (const { standing } of connections.values()) {
      if (standing !== undefined && standing.lastHeardMs >= this.#toldMs) heard.push(standing.id);
    }
    this.#toldMs = sessions.elapsedMs;
    if (heard.length > 0) this.#tell({ kind: 'heard', sessions: heard });
  }

  /** What waits for the entry that came of a request, unless its client is gone. */
  take(request: number): Forwarded | undefined {
    const item = this.#answered(request);
    return item?.kind === 'forwarded' ? item : undefined;
  }

  /**
   * Takes what the leader says beside entries.
   *
   * @throws WireError when it is not understood
   */
  told(reader: Reader): void {
    const message = readMemberMessage(reader);
    switch (message.kind) {
      case 'declined':
        return this.#declined(message.request);
      case 'reopened':
        return this.#reopened(message.request, message.timeoutMs);
      case 'synced':
        return this.#synced(message.request, message.zxid);
      case 'moved':
        return this.#moved(this.#parts.sessions.get(message.session));
      default:
        throw reader.malformed(`a leader does not say ${message.kind}`);
    }
  }

  /** An entry was applied: syncs that waited for it are answered. */
  applied(zxid: number): void {
    const { agreement, order } = this.#parts;
    for (;;) {
      const next = agreement.takeCommitted(zxid);
      if (next === undefined) return;
      if (next.kind === 'barrier') order.pass(next);
    }
  }

  #identify(connection: Connection): void {
    if (connection.told === connection.identities) return;
    connection.told = connection.identities;
    this.#tell({ kind: 'identify', session: connection.session, identities: connection.identities });
  }

  /** Has an item wait for the leader, and numbers it. */
  #forward(item: Forwarded | Barrier): number | undefined {
    const request = this.#number(item);
    if (request !== undefined) this.#parts.order.wait(item.connection, item);
    return request;
  }

  #number(item: Forwarded | Barrier | Returning): number | undefined {
    if (this.outstanding >= this.#parts.outstandingMax) {
      this.#parts.connections.close(item.connection);
      return undefined;
    }
    const request = this.#request;
    this.#request += 1;
    this.#sent.set(request - this.#parts.firstRequest, item);
    return request;
  }

  #answered(request: number): Forwarded | Barrier | Returning | undefined {
    const key = request - this.#parts.firstRequest;
    const item = this.#sent.get(key);
    this.#sent.delete(key);
    return item;
  }

  #tell(message: MemberMessage, frame?: Frame): void {
    const { leader, zab } = this.#parts;
    const writer = zab.carry(leader);
    if (writer === undefined) return;
    writeMemberMessage(writer, message);
    if (frame !== undefined) writer.copy(frame.bytes, frame.start + REQUEST_HEAD_BYTES, frame.end);
    zab.endCarry();
  }

  #declined(request: number): void {
    const item = this.#answered(request);
    if (item !== undefined) this.#parts.connections.close(item.connection);
  }

  #reopened(request: number, timeoutMs: number): void {
    const { answering, connections, sessions } = this.#parts;
    const item = this.#answered(request);
    if (item?.kind !== 'returning' || item.connection.phase !== 'returning') return;
    const { connection } = item;
    if (timeoutMs === 0) {
      answering.turnAway(connection);
      return connections.close(connection);
    }
    const session = sessions.open(item.session, timeoutMs);
    session.timeoutMs = timeoutMs;
    sessions.touch(session);
    // Two may have come back to it while the leader was asked: it is the later one's.
    const earlier = connections.of(session);
    if (earlier !== undefined) connections.close(earlier);
    connections.attach(connection, session);
    answering.welcome(connection, 'reopened');
  }

  #synced(request: number, zxid: number): void {
    const { agreement, lastApplied, order } = this.#parts;
    const item = this.#answered(request);
    if (item?.kind !== 'barrier') return;
    item.zxid = zxid;
    if (zxid <= lastApplied()) order.pass(item);
    else agreement.wait(item);
  }

  #moved(session: Session | undefined): void {
    const connection = this.#parts.connections.of(session);
    if (connection !== undefined) this.#parts.connections.close(connection);
  }
}

/** What an entry is taken for that no client of this member has asked for. */
export function unaskedOp({ kind }: Txn): Proposal['op'] {
  return kind === 'close_session' ? 'closeSession' : 'connect';
}
