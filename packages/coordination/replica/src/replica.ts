import { invariant, unreachable } from '@reeve/base';
import {
  apply,
  decodeTxn,
  nobody,
  Pending,
  prepare,
  prepareClose,
  releaseTxn,
  type Snapshot,
  SnapshotLoader,
  Tree,
  type Txn,
  takeSnapshot,
  Watches,
  type WriteOp,
} from '@reeve/tree';
import {
  type ConnectRequest,
  connectRequest,
  type Identity,
  type MultiPart,
  noSession,
  type OpName,
  opName,
  ops,
  Reader,
  type RequestOf,
  type SessionId,
  WireError,
} from '@reeve/wire';
import { Agreement } from './agreement.ts';
import { Answering } from './answering.ts';
import { noWelcome } from './answers.ts';
import { authenticate } from './authenticate.ts';
import { type Barrier, Connection, type Proposal, type Question, type Refusal, type Waiting } from './connection.ts';
import type { ConnectionId, JournalFault, ReplicaEvent } from './event.ts';
import type { ReplicaOptions } from './options.ts';
import { type Entry, Outbox } from './outbox.ts';
import { Reaper } from './reaper.ts';
import { routes } from './routes.ts';
import { type Session, Sessions } from './sessions.ts';
import { type ReplicaStatus, statusOf } from './status.ts';

const NO_PARTS: readonly MultiPart['op'][] = [];
/** The member itself, when it ends what has outlived its time. */
const itself: readonly Identity[] = [{ scheme: 'super', id: '' }];

type FrameEvent = Extract<ReplicaEvent, { kind: 'frame' }>;
type Origin = Pick<Proposal, 'session' | 'xid' | 'op' | 'connection'> & { readonly parts?: Proposal['parts'] };

/**
 * One ensemble member, whole: sessions, order of answers, tree and agreement. Everything it learns comes through `step`
 * and everything it wants done is in `outbox` afterwards, which is to be performed, and cleared, before much time goes
 * by; several steps may share one outbox.
 *
 * @example
 * replica.step({ kind: 'frame', connection, bytes, start, end }, now);
 * journal.append(replica.outbox.entries);
 */
export class Replica {
  readonly outbox = new Outbox();
  readonly #options: ReplicaOptions;
  readonly #tree = new Tree();
  readonly #pending = new Pending(this.#tree);
  readonly #watches = new Watches();
  readonly #connections = new Map<ConnectionId, Connection>();
  readonly #sessions: Sessions;
  readonly #agreement: Agreement;
  readonly #answering: Answering;
  readonly #reaper: Reaper;
  readonly #reader = new Reader();
  #phase: 'loading' | 'running' = 'loading';
  #fault: JournalFault | undefined;
  #now = 0;

  constructor(options: ReplicaOptions) {
    this.#options = options;
    this.#sessions = new Sessions(options.firstSessionId, options.tickMs);
    this.#agreement = new Agreement(this.outbox, options.writesMax);
    this.#reaper = new Reaper(options);
    const { outbox } = this;
    this.#answering = new Answering({
      tree: this.#tree,
      watches: this.#watches,
      outbox,
      connections: this.#connections,
    });
  }

  /** Says that everything on disk has been loaded: from now on there are steps. */
  start(): void {
    invariant(this.#phase === 'loading', 'a replica starts once');
    this.#phase = 'running';
    for (const [id, timeoutMs] of this.#tree.sessions) this.#sessions.open(id, timeoutMs);
    this.#agreement.continueAfter(this.#tree.lastZxid);
  }

  /**
   * Takes what happened.
   *
   * @param now milliseconds since the epoch; the time of every change that this step proposes
   */
  step(event: ReplicaEvent, now: number): void {
    invariant(this.#phase === 'running', 'a replica is started before its first step');
    this.#now = now;
    this.#sessions.advance(now);
    switch (event.kind) {
      case 'frame':
        return this.#frame(event);
      case 'persisted':
        return this.#persisted(event.zxid);
      case 'opened':
        return this.#opened(event);
      case 'closed':
        return this.#closed(event.connection);
      case 'tick':
        return this.#tick();
      case 'journal_failed':
        return this.#journalFailed(event.fault);
      case 'journal_recovered':
        return this.#journalRecovered();
      default:
        return unreachable(event);
    }
  }

  /**
   * Whether so much of a connection is unanswered that the server should read no more from it for now. To be asked
   * after each turn, of connections that are being read and of those that are not.
   */
  congested(id: ConnectionId): boolean {
    const waiting = this.#connections.get(id)?.waiting.length ?? 0;
    if (waiting > this.#options.requestsPerConnectionMax) return true;
    return waiting > 0 && this.#agreement.outstanding > this.#options.writesMax;
  }

  /** Facts for those who operate it. */
  status(): ReplicaStatus {
    return statusOf({
      tree: this.#tree,
      watches: this.#watches,
      connections: this.#connections,
      sessions: this.#sessions,
      outstanding: this.#agreement.outstanding,
      fault: this.#fault,
    });
  }

  /** Begins a snapshot, whose slices may be taken while steps go on. */
  snapshot(): Snapshot {
    return takeSnapshot(this.#tree);
  }

  /**
   * Prepares to load a snapshot: give it the slices, then `finish`, then `replay` the entries after it. Before `start`
   * only.
   */
  restore(): SnapshotLoader {
    return new SnapshotLoader(this.#tree);
  }

  /**
   * Applies an entry of the journal again. Before `start` only, in order; entries that the snapshot is known to hold are
   * passed over.
   *
   * @throws WireError when its payload is not a transaction
   */
  replay(entry: Entry): void {
    if (entry.zxid <= this.#tree.lastZxid) return;
    const { session, xid, timeMs, txn } = decodeTxn(this.#reader.reset(entry.payload));
    apply(this.#tree, { session, xid, timeMs, zxid: entry.zxid }, txn, nobody);
  }

  #opened({ connection: id, address, x509 }: Extract<ReplicaEvent, { kind: 'opened' }>): void {
    invariant(!this.#connections.has(id), 'connection numbers are not used again');
    const connection = new Connection(id, address, this.#options.requestsPerConnectionMax);
    if (x509 !== undefined) connection.prove({ scheme: 'x509', id: x509 });
    this.#connections.set(id, connection);
  }

  #closed(id: ConnectionId): void {
    const connection = this.#connections.get(id);
    if (connection !== undefined) this.#forget(connection);
  }

  #frame(event: FrameEvent): void {
    const connection = this.#connections.get(event.connection);
    if (connection === undefined) return;
    connection.received += 1;
    if (connection.phase === 'open') this.#request(connection, event);
    else if (connection.phase === 'greeting') this.#greeting(connection, event);
  }

  #greeting(connection: Connection, { bytes, start, end }: FrameEvent): void {
    let request: ConnectRequest;
    try {
      request = connectRequest.decode(this.#reader.reset(bytes, start, end));
    } catch (error) {
      return this.#closeMalformed(connection, error);
    }
    // The client has seen what this member has not: it is to go where it saw it.
    if (request.lastZxidSeen > this.#tree.lastZxid) return this.#close(connection);
    connection.phase = 'open';
    connection.readOnlyKnown = request.readOnly !== undefined;
    const { sessionTimeoutMinMs, sessionTimeoutMaxMs } = this.#options;
    const timeoutMs = Math.min(Math.max(request.timeoutMs, sessionTimeoutMinMs), sessionTimeoutMaxMs);
    if (request.sessionId === noSession) this.#openSession(connection, timeoutMs);
    else this.#reopenSession(connection, request, timeoutMs);
  }

  #openSession(connection: Connection, timeoutMs: number): void {
    // Without a journal a session could be promised, but not kept.
    if (this.#fault !== undefined) return this.#close(connection);
    const session = this.#sessions.open(this.#sessions.newId(), timeoutMs);
    attach(session, connection);
    this.#propose({ session: session.id, xid: 0, op: 'connect', connection }, { kind: 'create_session', timeoutMs });
  }

  #reopenSession(connection: Connection, request: ConnectRequest, timeoutMs: number): void {
    const session = this.#sessions.get(request.sessionId);
    // Before the password is looked at, as ZooKeeper does: a client may come back before its old connection is seen dead.
    if (session?.connection !== undefined) this.#close(session.connection);
    const password = this.#options.sessionPassword(request.sessionId);
    if (session?.phase !== 'open' || !isSame(password, request.password)) {
      this.#answering.welcome(connection, noWelcome);
      return this.#close(connection);
    }
    session.timeoutMs = timeoutMs;
    this.#sessions.touch(session);
    attach(session, connection);
    this.#answering.welcome(connection, { timeoutMs, sessionId: session.id, password });
  }

  #request(connection: Connection, { bytes, start, end }: FrameEvent): void {
    if (connection.standing !== undefined) this.#sessions.touch(connection.standing);
    const reader = this.#reader.reset(bytes, start, end);
    if (reader.remaining < REQUEST_HEAD_BYTES) return this.#close(connection);
    const xid = reader.int();
    const op = opName(reader.int());
    if (op === undefined) return this.#refuseAndLeave(connection, xid);
    let request: unknown;
    try {
      request = ops[op].request.decode(reader);
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
      return this.#serve(connection, { kind: 'refusal', xid, error: 'marshalling_error', next: 'stay' });
    }
    this.#dispatch(connection, { xid, op, request });
  }

  #dispatch(connection: Connection, asked: { xid: number; op: OpName; request: unknown }): void {
    const { xid, op, request } = asked;
    const route = routes[op];
    switch (route.by) {
      case 'read':
      case 'watch':
      case 'ping':
        return this.#serve(connection, { kind: 'question', xid, op, request });
      case 'write':
        return this.#write(connection, xid, { op: route.op, request });
      case 'sync':
        return this.#sync(connection, xid, request as RequestOf<'sync'>);
      case 'close':
        return this.#closeSession(connection, xid);
      case 'auth':
        return this.#auth(connection, xid, request as RequestOf<'auth'>);
      case 'sasl':
        return this.#answering.proof(connection, xid, 'no_sasl');
      case 'nobody':
        return this.#refuseAndLeave(connection, xid);
      default:
        return unreachable(route);
    }
  }

  #write(connection: Connection, xid: number, { op, request }: { op: WriteOp; request: unknown }): void {
    if (this.#fault !== undefined) return this.#refuseReadOnly(connection, xid);
    if (!this.#agreement.hasRoom) return this.#close(connection);
    const zxid = this.#agreement.nextZxid;
    const preparation = { pending: this.#pending, asker: connection, rules: this.#options, zxid };
    const txn = prepare(preparation, op, request as never);
    const parts = op === 'multi' ? (request as RequestOf<'multi'>).map((part) => part.op) : NO_PARTS;
    this.#propose({ session: connection.session, xid, op, connection, parts }, txn);
  }

  // Writes nothing, but is answered in the order of writes.
  #sync(connection: Connection, xid: number, request: RequestOf<'sync'>): void {
    if (this.#agreement.outstanding === 0) {
      return this.#serve(connection, { kind: 'question', xid, op: 'sync', request });
    }
    if (!this.#agreement.hasRoom) return this.#close(connection);
    const zxid = this.#agreement.lastProposed;
    const barrier = { kind: 'barrier', zxid, xid, path: request.path, connection } as const;
    this.#agreement.wait(barrier);
    this.#await(connection, barrier);
  }

  #closeSession(connection: Connection, xid: number): void {
    if (this.#fault !== undefined) return this.#refuseReadOnly(connection, xid);
    const session = connection.standing;
    invariant(session !== undefined, 'an open connection has a session');
    this.#endSession(session, { xid, connection });
  }

  #auth(connection: Connection, xid: number, request: RequestOf<'auth'>): void {
    const outcome = authenticate(connection, request, this.#options);
    this.#answering.proof(connection, xid, outcome);
    if (outcome === 'failed') this.#close(connection);
  }

  /** Answers now, or in its turn behind what the connection waits for. */
  #serve(connection: Connection, item: Question | Refusal): void {
    if (connection.waiting.length > 0) return this.#await(connection, item);
    this.#answer(connection, item);
  }

  #await(connection: Connection, item: Waiting): void {
    if (!connection.waiting.offer(item)) this.#close(connection);
  }

  #answer(connection: Connection, item: Question | Refusal): void {
    if (item.kind === 'question') return this.#answering.question(connection, item);
    this.#answering.refusal(connection, item);
    if (item.next === 'close') this.#close(connection);
  }

  /** Answers what has come to the front of a connection's order. */
  #drain(connection: Connection): void {
    for (let item = connection.waiting.peek(); isAnswerable(item); item = connection.waiting.peek()) {
      connection.waiting.take();
      this.#answer(connection, item);
    }
  }

  #refuseReadOnly(connection: Connection, xid: number): void {
    this.#serve(connection, { kind: 'refusal', xid, error: 'not_read_only', next: 'stay' });
  }

  #refuseAndLeave(connection: Connection, xid: number): void {
    connection.phase = 'leaving';
    this.#serve(connection, { kind: 'refusal', xid, error: 'unimplemented', next: 'close' });
  }

  #endSession(session: Session, asked: { xid: number; connection: Connection | undefined }): void {
    const zxid = this.#agreement.nextZxid;
    const txn = prepareClose(this.#pending, this.#tree.ephemeralsOf(session.id), { session: session.id, zxid });
    session.phase = 'closing';
    if (session.connection !== undefined) session.connection.phase = 'leaving';
    this.#propose({ session: session.id, op: 'closeSession', ...asked }, txn);
  }

  #propose(origin: Origin, txn: Txn): void {
    const zxid = this.#agreement.nextZxid;
    const { session, xid, op, connection, parts = NO_PARTS } = origin;
    const proposal: Proposal = { kind: 'proposal', zxid, session, xid, timeMs: this.#now, txn, op, parts, connection };
    this.#agreement.propose(proposal);
    if (connection !== undefined) this.#await(connection, proposal);
  }

  #persisted(zxid: number): void {
    for (;;) {
      const next = this.#agreement.takeCommitted(zxid);
      if (next === undefined) return;
      if (next.kind === 'proposal') this.#commit(next);
      else if (next.connection.phase !== 'closed') this.#passBarrier(next);
    }
  }

  #passBarrier(barrier: Barrier): void {
    invariant(barrier.connection.waiting.take() === barrier, 'answers are in the order of requests');
    this.#answering.barrier(barrier);
    this.#drain(barrier.connection);
  }

  #commit(proposal: Proposal): void {
    const { txn, zxid, connection } = proposal;
    this.#answering.apply(proposal);
    releaseTxn(this.#pending, txn, zxid);
    if (connection !== undefined && connection.phase !== 'closed') this.#reply(connection, proposal);
    if (txn.kind === 'close_session') this.#sessionEnded(proposal.session);
  }

  #reply(connection: Connection, proposal: Proposal): void {
    invariant(connection.waiting.take() === proposal, 'answers are in the order of requests');
    if (proposal.op === 'connect') this.#welcome(connection);
    else this.#answering.outcome(connection, proposal);
    this.#drain(connection);
  }

  #welcome(connection: Connection): void {
    const { standing } = connection;
    invariant(standing !== undefined, 'a handshake opens a session');
    const { id, timeoutMs } = standing;
    this.#answering.welcome(connection, { timeoutMs, sessionId: id, password: this.#options.sessionPassword(id) });
  }

  #sessionEnded(id: SessionId): void {
    const session = this.#sessions.get(id);
    this.#sessions.remove(id);
    if (session?.connection !== undefined) this.#close(session.connection);
  }

  #tick(): void {
    if (this.#fault !== undefined) return;
    for (const session of this.#sessions.expired()) {
      if (!this.#agreement.hasRoom) return;
      this.#endSession(session, { xid: 0, connection: undefined });
    }
    for (const path of this.#reaper.due(this.#tree, this.#now)) {
      if (!this.#agreement.hasRoom) return;
      this.#reap(path);
    }
  }

  #reap(path: string): void {
    const asker = { session: noSession, identities: itself };
    const zxid = this.#agreement.nextZxid;
    const preparation = { pending: this.#pending, asker, rules: this.#options, zxid };
    const txn = prepare(preparation, 'deleteContainer', { path });
    if (txn.kind === 'refused') return;
    this.#propose({ session: noSession, xid: 0, op: 'deleteContainer', connection: undefined }, txn);
  }

  /** What is outstanding has no certain fate: whoever waits for it must not hear that it failed (docs/adr/0009). */
  #journalFailed(fault: JournalFault): void {
    this.#fault = fault;
    this.#pending.clear();
    for (const item of this.#agreement.abandon()) {
      if (item.connection !== undefined) this.#close(item.connection);
      if (item.kind === 'proposal') this.#abandonSession(item);
    }
  }

  #abandonSession({ txn, session: id }: Proposal): void {
    const session = this.#sessions.get(id);
    if (session === undefined) return;
    if (txn.kind === 'create_session') this.#sessions.remove(id);
    if (txn.kind !== 'close_session') return;
    session.phase = 'open';
    if (session.connection !== undefined) session.connection.phase = 'open';
  }

  #journalRecovered(): void {
    this.#fault = undefined;
    this.#sessions.touchAll();
  }

  #closeMalformed(connection: Connection, error: unknown): void {
    if (!(error instanceof WireError)) throw error;
    this.#close(connection);
  }

  /** Has a connection closed once its last answers are written. */
  #close(connection: Connection): void {
    if (connection.phase === 'closed') return;
    this.outbox.closing.push(connection.id);
    this.#forget(connection);
  }

  #forget(connection: Connection): void {
    connection.phase = 'closed';
    this.#connections.delete(connection.id);
    this.#watches.removeWatcher(connection.id);
    if (connection.standing?.connection === connection) connection.standing.connection = undefined;
  }
}

/** A request's xid and operation. */
const REQUEST_HEAD_BYTES = 8;

function attach(session: Session, connection: Connection): void {
  session.connection = connection;
  connection.session = session.id;
  connection.standing = session;
}

function isAnswerable(item: Waiting | undefined): item is Question | Refusal {
  return item !== undefined && (item.kind === 'question' || item.kind === 'refusal');
}

/** Compares secrets in a time that does not tell how much of them is right. */
function isSame(secret: Buffer, given: Buffer | null): boolean {
  if (given === null || given.length !== secret.length) return false;
  let difference = 0;
  for (let i = 0; i < secret.length; i += 1) difference |= (secret[i] as number) ^ (given[i] as number);
  return difference === 0;
}
