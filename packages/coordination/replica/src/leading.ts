import type { Tree, WriteOp } from '@reeve/tree';
import type { ConnectRequest, RequestOf, SessionId } from '@reeve/wire';
import type { MemberId } from '@reeve/zab';
import type { Agreement } from './agreement.ts';
import type { Answering } from './answering.ts';
import type { AuditTrail } from './audit.ts';
import type { Connection, Question } from './connection.ts';
import type { Connections } from './connections.ts';
import type { Course } from './course.ts';
import type { JournalFault } from './event.ts';
import type { Leader } from './leader.ts';
import type { ReplicaOptions } from './options.ts';
import type { Outbox } from './outbox.ts';
import { Reaper } from './reaper.ts';
import { nobody, type SessionEnds } from './session-ends.ts';
import type { SessionOrder } from './session-order.ts';
import type { Sessions } from './sessions.ts';
import type { Syncs } from './syncs.ts';

/** The moment of the step, and what is known of the journal: shared by the parts of a replica. */
export interface Condition {
  /** Milliseconds since the epoch. */
  nowMs: number;
  fault: JournalFault | undefined;
  /** What the passwords of sessions are made of: the same for all members. */
  secret: Buffer;
}

/** What a leader's course is made of. */
export interface LeadingParts {
  readonly id: MemberId;
  readonly options: ReplicaOptions;
  readonly condition: Condition;
  readonly tree: Tree;
  readonly sessions: Sessions;
  readonly connections: Connections;
  readonly agreement: Agreement;
  readonly leader: Leader;
  readonly answering: Answering;
  readonly order: SessionOrder;
  readonly ends: SessionEnds;
  readonly syncs: Syncs;
  readonly audit: AuditTrail | undefined;
  readonly outbox: Outbox;
  readonly sessionPassword: (session: SessionId) => Buffer;
  /** Tells the learner through which a session spoke until now that it does so no more. */
  readonly moved: (learner: MemberId, session: SessionId) => void;
}

/** The course of a member that leads: it proposes, decides about sessions, and ends what has outlived its time. */
export class Leading implements Course {
  readonly #parts: LeadingParts;
  readonly #reaper: Reaper;

  constructor(parts: LeadingParts) {
    this.#parts = parts;
    this.#reaper = new Reaper(parts.options);
  }

  open(connection: Connection, _request: ConnectRequest, timeoutMs: number): void {
    const { agreement, condition, connections, id, leader, order, sessions } = this.#parts;
    // Without a journal a session could be promised, but not kept.
    if (condition.fault !== undefined || !agreement.hasRoom) return connections.close(connection);
    const session = sessions.open(sessions.newId(), timeoutMs);
    session.owner = id;
    connections.attach(connection, session);
    order.wait(connection, leader.openSession(session, { connection, origin: undefined }, condition.nowMs));
  }

  reopen(connection: Connection, request: ConnectRequest, timeoutMs: number): void {
    const { answering, connections, id, moved, sessionPassword, sessions } = this.#parts;
    const session = sessions.get(request.sessionId);
    // Before the password is looked at, as ZooKeeper does: a client may be back before its old connection is seen dead.
    const earlier = connections.of(session);
    if (earlier !== undefined) connections.close(earlier);
    // Its end is proposed, and may come to nothing: who asks again is told when that is known.
    if (session?.phase === 'closing') return connections.close(connection);
    const password = sessionPassword(request.sessionId);
    if (session?.phase !== 'open' || !isSame(password, request.password)) {
      answering.turnAway(connection);
      return connections.close(connection);
    }
    session.timeoutMs = timeoutMs;
    sessions.touch(session);
    connections.attach(connection, session);
    if (session.owner !== undefined && session.owner !== id) moved(session.owner, session.id);
    session.owner = id;
    answering.welcome(connection, 'reopened');
  }

  write(connection: Connection, { xid, op, request }: Pick<Question, 'xid' | 'op' | 'request'>): void {
    const { agreement, audit, condition, connections, leader, order } = this.#parts;
    if (condition.fault !== undefined) return order.refuseReadOnly(connection, xid);
    if (!agreement.hasRoom) return connections.close(connection);
    const asked = { client: connection, connection, origin: undefined, xid, op: op as WriteOp, request };
    const proposal = leader.write(asked, condition.nowMs);
    audit?.proposed(proposal, request);
    order.wait(connection, proposal);
  }

  sync(connection: Connection, xid: number, { path }: RequestOf<'sync'>): void {
    const { agreement, connections, order, syncs } = this.#parts;
    if (!agreement.hasRoom) return connections.close(connection);
    const zxid = Number.POSITIVE_INFINITY;
    const barrier = { kind: 'barrier', zxid, xid, path, connection, phase: 'waiting' } as const;
    order.wait(connection, barrier);
    syncs.ask({ barrier });
  }

  close(connection: Connection, xid: number): void {
    const { agreement, condition, connections, ends, order, outbox } = this.#parts;
    if (condition.fault !== undefined) return order.refuseReadOnly(connection, xid);
    if (connection.standing === undefined || !agreement.hasRoom) return connections.close(connection);
    outbox.notes.push({ kind: 'closed', session: connection.session, connection: connection.id });
    ends.propose(connection.standing, { xid, connection, origin: undefined }, condition.nowMs);
  }

  tick(): void {
    const { agreement, condition, ends, leader, outbox, sessions, tree } = this.#parts;
    if (condition.fault !== undefined) return;
    for (const session of sessions.expired(EXPIRED_PER_STEP_MAX)) {
      if (!agreement.hasRoom || !ends.hasRoom) return;
      const { id, phase, connection } = session;
      if (phase === 'open') outbox.notes.push({ kind: 'expired', session: id, connection });
      ends.propose(session, nobody, condition.nowMs);
    }
    for (const path of this.#reaper.due(tree, condition.nowMs)) {
      if (!agreement.hasRoom) return;
      leader.reap(path, condition.nowMs);
    }
  }
}

/** Sessions that are ended in one step. */
const EXPIRED_PER_STEP_MAX = 5_000;

/** Compares secrets in a time that does not tell how much of them is right. */
export function isSame(secret: Buffer, given: Buffer | null): boolean {
  if (given === null || given.length !== secret.length) return false;
  let difference = 0;
  for (let i = 0; i < secret.length; i += 1) difference |= (secret[i] as number) ^ (given[i] as number);
  return difference === 0;
}
