import { BoundedQueue } from '@reeve/base';
import type { Reading, Txn } from '@reeve/tree';
import { type ErrorName, type Identity, type MultiPart, noSession, type OpName, type SessionId } from '@reeve/wire';
import type { ConnectionId } from './event.ts';
import type { SaslExchange } from './sasl-exchange.ts';
import type { Session } from './sessions.ts';

/** What the write of a request waits for, and what its answer needs to know. */
export interface Proposal {
  readonly kind: 'proposal';
  readonly zxid: number;
  readonly session: SessionId;
  readonly xid: number;
  readonly timeMs: number;
  readonly txn: Txn;
  /** What was asked: decides the form of the answer. `connect` is answered by the end of the handshake. */
  readonly op: OpName | 'connect';
  /** The operations of a multi. */
  readonly parts: readonly MultiPart['op'][];
  /** Who waits for the answer, here; nobody where no client asked, or one of a learner. */
  readonly connection: Connection | undefined;
}

/** A write that was sent to the leader: it is known what it becomes when that is committed. */
export interface Forwarded {
  readonly kind: 'forwarded';
  readonly op: Proposal['op'];
  readonly parts: Proposal['parts'];
  readonly connection: Connection;
}

/** A sync: no transaction, but answered when everything has been applied that was proposed before it. */
export interface Barrier {
  readonly kind: 'barrier';
  /** What is to be applied before; infinite until that is known. */
  zxid: number;
  readonly xid: number;
  readonly path: string;
  readonly connection: Connection;
  /** `passed` when it was answered: a later write of the same connection was committed, which proves no less. */
  phase: 'waiting' | 'passed';
}

/** A request that is answered from what is there, once its turn has come. */
export interface Question {
  readonly kind: 'question';
  readonly xid: number;
  readonly op: OpName;
  readonly request: unknown;
  /** Who asks, as it was known when it asked: what it proves later is for later requests. */
  readonly asker: Reading['asker'];
}

/** A request that is refused without being looked into. */
export interface Refusal {
  readonly kind: 'refusal';
  readonly xid: number;
  readonly error: ErrorName;
  readonly next: 'stay' | 'close';
}

/** What a connection waits for, in the order of its requests. */
export type Waiting = Proposal | Forwarded | Barrier | Question | Refusal;

/** Beyond what a congested connection may still send, because its frames had been read by then. */
const OVERRUN_MAX = 65_536;

/**
 * One client connection. It answers in the order of requests: whatever comes while a write of its own is outstanding
 * waits behind it.
 */
export class Connection {
  readonly id: ConnectionId;
  readonly address: string;
  readonly waiting: BoundedQueue<Waiting>;
  /** What it has proved; its address from the start. */
  identities: readonly Identity[];
  session: SessionId = noSession;
  /** What its leader was told that it has proved. */
  told: readonly Identity[] | undefined = undefined;
  /** The session of that id, once the handshake has named it. */
  standing: Session | undefined = undefined;
  /** How old the client is, as far as the form of answers depends on it. */
  client: 'current' | 'before 3.4' = 'current';
  /** Its SASL exchange, once it has begun one. */
  sasl: SaslExchange | undefined = undefined;
  /**
   * `greeting` until the handshake's request has come; `returning` while the leader is asked about its session; `proving` while it must prove who it is; `ending` when its session
   * is to end, and `leaving` when it is to be closed: it gets its answers and nothing more is taken from it; `closed`
   * when it is to be forgotten.
   */
  phase: 'greeting' | 'returning' | 'proving' | 'open' | 'ending' | 'leaving' | 'closed' = 'greeting';
  /** `stalled` when answers that could be given wait until the client has read those before. */
  answers: 'flowing' | 'stalled' = 'flowing';
  /** Frames taken from it. */
  received = 0;
  /** Answers and notifications written to it. */
  sent = 0;

  constructor(id: ConnectionId, address: string, requestsMax: number) {
    this.id = id;
    this.address = address;
    this.identities = [{ scheme: 'ip', id: address }];
    this.waiting = new BoundedQueue(requestsMax + OVERRUN_MAX);
  }

  /** Who it is now, for a request that is answered later. */
  asNow(): Reading['asker'] {
    return { id: this.id, session: this.session, identities: this.identities };
  }

  /** Adds an identity, once. */
  prove(identity: Identity): void {
    const known = this.identities.some((other) => other.scheme === identity.scheme && other.id === identity.id);
    if (!known) this.identities = [...this.identities, identity];
  }
}
