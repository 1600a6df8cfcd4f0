import type { Preparation } from '@reeve/tree';
import type { Identity, Reader, SessionId } from '@reeve/wire';
import type { MemberId, Zab } from '@reeve/zab';
import type { Agreement } from './agreement.ts';
import type { Connections } from './connections.ts';
import type { Leader } from './leader.ts';
import { type Condition, isSame } from './leading.ts';
import { type MemberMessage, readMemberMessage, writeMemberMessage } from './member-messages.ts';
import { operationOf } from './routes.ts';
import type { SessionEnds } from './session-ends.ts';
import type { Session, Sessions } from './sessions.ts';
import type { Syncs } from './syncs.ts';

/** No member: they are numbered from 1. */
const NOBODY: MemberId = 0;

type Message<K extends MemberMessage['kind']> = Extract<MemberMessage, { kind: K }>;

/** What a leader serves learners with. */
export interface LearnerRequestParts {
  readonly zab: Zab;
  readonly condition: Condition;
  readonly sessionPassword: (session: SessionId) => Buffer;
  readonly sessions: Sessions;
  readonly connections: Connections;
  readonly agreement: Agreement;
  readonly leader: Leader;
  readonly ends: SessionEnds;
  readonly syncs: Syncs;
}

/** Does, on the leader, what the clients of learners ask for. */
export class LearnerRequests {
  readonly #parts: LearnerRequestParts;
  /** Who the sessions of learners have proved to be. */
  readonly #identities = new Map<SessionId, readonly Identity[]>();

  constructor(parts: LearnerRequestParts) {
    this.#parts = parts;
  }

  /**
   * Takes what a learner says.
   *
   * @throws WireError when it is not understood
   */
  told(learner: MemberId, reader: Reader): void {
    const message = readMemberMessage(reader);
    switch (message.kind) {
      case 'write':
        return this.#write(learner, message, reader);
      case 'heard':
        return this.#heard(learner, message);
      case 'identify':
        return this.#identify(learner, message);
      case 'open':
        return this.#open(learner, message);
      case 'reopen':
        return this.#reopen(learner, message);
      case 'close':
        return this.#close(learner, message);
      case 'sync':
        return this.#parts.syncs.ask({ learner, request: message.request });
      default:
        throw reader.malformed(`a learner does not say ${message.kind}`);
    }
  }

  /** Tells a learner something, if it is still there. */
  tell(learner: MemberId, message: MemberMessage): void {
    const { zab } = this.#parts;
    const writer = zab.carry(learner);
    if (writer === undefined) return;
    writeMemberMessage(writer, message);
    zab.endCarry();
  }

  /** Tells a learner that a session speaks through another member now. */
  moved(learner: MemberId, session: SessionId): void {
    this.#identities.delete(session);
    this.tell(learner, { kind: 'moved', session });
  }

  /** A session is no more. */
  ended(session: SessionId): void {
    this.#identities.delete(session);
  }

  /** This member leads no more. */
  forget(): void {
    this.#identities.clear();
  }

  #write(learner: MemberId, { request: number, session: id, xid, op: code }: Message<'write'>, reader: Reader): void {
    const { agreement, condition, leader, sessions } = this.#parts;
    const operation = operationOf(code);
    if (operation?.route.by !== 'write') throw reader.malformed(`operation ${code} is no write`);
    if (!agreement.hasRoom) return this.#declineWrite(learner, { request: number, session: id });
    const origin = { member: learner, request: number };
    const client: Preparation['asker'] = { session: id, identities: this.#identities.get(id) ?? [] };
    const request = operation.request.decode(reader);
    const asked = { client, connection: undefined, origin, xid, op: operation.route.op, request };
    const session = sessions.get(id);
    if (session?.phase !== 'open') return leader.refuse(asked, 'session_expired', condition.nowMs);
    session.owner ??= learner;
    if (session.owner !== learner) return leader.refuse(asked, 'session_moved', condition.nowMs);
    sessions.touch(session);
    leader.write(asked, condition.nowMs);
  }

  /** What the client sent after it must not be done either: its session has no owner until it has come back. */
  #declineWrite(learner: MemberId, { request, session: id }: { request: number; session: SessionId }): void {
    const session = this.#parts.sessions.get(id);
    if (session !== undefined && (session.owner ?? learner) === learner) session.owner = NOBODY;
    this.tell(learner, { kind: 'declined', request });
  }

  #identify(learner: MemberId, { session: id, identities }: Message<'identify'>): void {
    const owner = this.#parts.sessions.get(id)?.owner;
    if (owner === undefined || owner === learner) this.#identities.set(id, identities);
  }

  #heard(learner: MemberId, { sessions: ids }: Message<'heard'>): void {
    const { sessions } = this.#parts;
    for (const id of ids) {
      const session = sessions.get(id);
      if (session === undefined) continue;
      session.owner ??= learner;
      if (session.owner === learner) sessions.touch(session);
    }
  }

  #open(learner: MemberId, { request, session: id, timeoutMs }: Message<'open'>): void {
    const { agreement, condition, leader, sessions } = this.#parts;
    if (!agreement.hasRoom || sessions.get(id) !== undefined) return this.tell(learner, { kind: 'declined', request });
    const session = sessions.open(id, timeoutMs);
    session.owner = learner;
    leader.openSession(session, { connection: undefined, origin: { member: learner, request } }, condition.nowMs);
  }

  #reopen(learner: MemberId, { request, session: id, password, timeoutMs }: Message<'reopen'>): void {
    const { sessionPassword, sessions } = this.#parts;
    const session = sessions.get(id);
    // Its end is proposed, and may come to nothing: who asks again is told when that is known.
    if (session?.phase === 'closing') return this.tell(learner, { kind: 'declined', request });
    if (session?.phase !== 'open' || !isSame(sessionPassword(id), password)) {
      return this.tell(learner, { kind: 'reopened', request, timeoutMs: 0 });
    }
    session.timeoutMs = timeoutMs;
    sessions.touch(session);
    this.#take(learner, session);
    this.tell(learner, { kind: 'reopened', request, timeoutMs });
  }

  /** Who spoke for a session until now does so no more. */
  #take(learner: MemberId, session: Session): void {
    const { connections } = this.#parts;
    const here = connections.of(session);
    if (here !== undefined) connections.close(here);
    const { owner } = session;
    if (owner !== undefined && owner !== learner) this.moved(owner, session.id);
    session.owner = learner;
  }

  #close(learner: MemberId, { request, session: id, xid }: Message<'close'>): void {
    const { agreement, condition, ends, sessions } = this.#parts;
    const session = sessions.get(id);
    const isItsOwn = session?.owner === undefined || session.owner === learner;
    if (session === undefined || !isItsOwn || !agreement.hasRoom) {
      return this.tell(learner, { kind: 'declined', request });
    }
    ends.propose(session, { xid, connection: undefined, origin: { member: learner, request } }, condition.nowMs);
  }
}
