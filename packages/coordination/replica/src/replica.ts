import { invariant, unreachable } from '@reeve/base';
import { apply, decodeTxn, nobody, type Snapshot, SnapshotLoader, Tree, takeSnapshot, Watches } from '@reeve/tree';
import {
  type Codec,
  type ConnectRequest,
  connectRequest,
  noSession,
  opName,
  ops,
  Reader,
  type RequestOf,
  type SessionId,
  WireError,
} from '@reeve/wire';
import { Agreement } from './agreement.ts';
import { Answering } from './answering.ts';
import { authenticate } from './authenticate.ts';
import { Connection, type Proposal, type Question } from './connection.ts';
import { Connections } from './connections.ts';
import type { ConnectionId, JournalFault, ReplicaEvent } from './event.ts';
import { Leader, type WriteRequest } from './leader.ts';
import type { ReplicaOptions } from './options.ts';
import { type Entry, Outbox } from './outbox.ts';
import { Reaper } from './reaper.ts';
import { routes } from './routes.ts';
import { SessionOrder } from './session-order.ts';
import { type Session, Sessions } from './sessions.ts';
import { type ReplicaStatus, statusOf } from './status.ts';

type FrameEvent = Extract<ReplicaEvent, { kind: 'frame' }>;

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
  readonly #watches = new Watches();
  readonly #connections = new Connections(this.outbox, this.#watches);
  readonly #sessions: Sessions;
  readonly #agreement: Agreement;
  readonly #leader: Leader;
  readonly #answering: Answering;
  readonly #order: SessionOrder;
  readonly #reaper: Reaper;
  readonly #reader = new Reader();
  #phase: 'loading' | 'running' = 'loading';
  #fault: JournalFault | undefined;
  #now = 0;

  constructor(options: ReplicaOptions) {
    this.#options = options;
    this.#sessions = new Sessions(options.firstSessionId, options.tickMs);
    this.#agreement = new Agreement(this.outbox, options.writesMax);
    this.#leader = new Leader({ tree: this.#tree, rules: options, agreement: this.#agreement });
    this.#answering = new Answering({
      tree: this.#tree,
      watches: this.#watches,
      outbox: this.outbox,
      connections: this.#connections,
      sessionPassword: options.sessionPassword,
    });
    this.#order = new SessionOrder(this.#answering, this.#connections);
    this.#reaper = new Reaper(options);
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
      pendingZnodes: this.#leader.pendingZnodes,
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
    const connection = new Connection(id, address, this.#options.requestsPerConnectionMax);
    if (x509 !== undefined) connection.prove({ scheme: 'x509', id: x509 });
    this.#connections.add(connection);
  }

  #closed(id: ConnectionId): void {
    const connection = this.#connections.get(id);
    if (connection !== undefined) this.#connections.forget(connection);
  }

  #frame(event: FrameEvent): void {
    const connection = this.#connections.get(event.connection);
    if (connection === undefined) return;
    connection.received += 1;
    if (connection.phase === 'open') this.#request(connection, event);
    else if (connection.phase === 'greeting') this.#greeting(connection, event);
  }

  #greeting(connection: Connection, { bytes, start, end }: FrameEvent): void {
    const request = decoded(connectRequest, this.#reader.reset(bytes, start, end));
    // One that has seen what this member has not is to go where it saw it.
    if (request === undefined || request.lastZxidSeen > this.#tree.lastZxid) return this.#connections.close(connection);
    connection.client = request.readOnly === undefined ? 'before 3.4' : 'current';
    const { sessionTimeoutMinMs, sessionTimeoutMaxMs } = this.#options;
    const timeoutMs = Math.min(Math.max(request.timeoutMs, sessionTimeoutMinMs), sessionTimeoutMaxMs);
    if (request.sessionId === noSession) this.#openSession(connection, timeoutMs);
    else this.#reopenSession(connection, request, timeoutMs);
  }

  #openSession(connection: Connection, timeoutMs: number): void {
    // Without a journal a session could be promised, but not kept.
    if (this.#fault !== undefined || !this.#agreement.hasRoom) return this.#connections.close(connection);
    const session = this.#sessions.open(this.#sessions.newId(), timeoutMs);
    this.#connections.attach(connection, session);
    this.#order.wait(connection, this.#leader.openSession(session, connection, this.#now));
  }

  #reopenSession(connection: Connection, request: ConnectRequest, timeoutMs: number): void {
    const session = this.#sessions.get(request.sessionId);
    // Before the password is looked at, as ZooKeeper does: a client may be back before its old connection is seen dead.
    const earlier = this.#connections.of(session);
    if (earlier !== undefined) this.#connections.close(earlier);
    const password = this.#options.sessionPassword(request.sessionId);
    if (session?.phase !== 'open' || !isSame(password, request.password)) {
      this.#answering.turnAway(connection);
      return this.#connections.close(connection);
    }
    session.timeoutMs = timeoutMs;
    this.#sessions.touch(session);
    this.#connections.attach(connection, session);
    this.#answering.welcome(connection, 'reopened');
  }

  #request(connection: Connection, { bytes, start, end }: FrameEvent): void {
    if (connection.standing !== undefined) this.#sessions.touch(connection.standing);
    const reader = this.#reader.reset(bytes, start, end);
    if (reader.remaining < REQUEST_HEAD_BYTES) return this.#connections.close(connection);
    const xid = reader.int();
    const op = opName(reader.int());
    if (op === undefined) return this.#order.refuseAndLeave(connection, xid);
    const request = decoded<unknown>(ops[op].request, reader);
    if (request !== undefined) return this.#dispatch(connection, { xid, op, request });
    this.#order.serve(connection, { kind: 'refusal', xid, error: 'marshalling_error', next: 'stay' });
  }

  #dispatch(connection: Connection, { xid, op, request }: Pick<Question, 'xid' | 'op' | 'request'>): void {
    const route = routes[op];
    switch (route.by) {
      case 'read':
      case 'watch':
      case 'ping':
        return this.#order.serve(connection, { kind: 'question', xid, op, request, asker: connection });
      case 'write':
        return this.#write({ connection, xid, op: route.op, request });
      case 'sync':
        return this.#sync(connection, xid, request as RequestOf<'sync'>);
      case 'close':
        return this.#closeSession(connection, xid);
      case 'auth':
        return this.#auth(connection, xid, request as RequestOf<'auth'>);
      case 'sasl':
        return this.#answering.proof(connection, xid, 'no_sasl');
      case 'nobody':
        return this.#order.refuseAndLeave(connection, xid);
      default:
        return unreachable(route);
    }
  }

  #write(asked: WriteRequest): void {
    const { connection, xid } = asked;
    if (this.#fault !== undefined) return this.#order.refuseReadOnly(connection, xid);
    if (!this.#agreement.hasRoom) return this.#connections.close(connection);
    this.#order.wait(connection, this.#leader.write(asked, this.#now));
  }

  // Writes nothing, but is answered in the order of writes.
  #sync(connection: Connection, xid: number, request: RequestOf<'sync'>): void {
    if (this.#agreement.outstanding === 0) {
      return this.#order.serve(connection, { kind: 'question', xid, op: 'sync', request, asker: connection });
    }
    if (!this.#agreement.hasRoom) return this.#connections.close(connection);
    const zxid = this.#agreement.lastProposed;
    const barrier = { kind: 'barrier', zxid, xid, path: request.path, connection } as const;
    this.#agreement.wait(barrier);
    this.#order.wait(connection, barrier);
  }

  #closeSession(connection: Connection, xid: number): void {
    if (this.#fault !== undefined) return this.#order.refuseReadOnly(connection, xid);
    if (connection.standing === undefined || !this.#agreement.hasRoom) return this.#connections.close(connection);
    this.outbox.notes.push({ kind: 'closed', session: connection.session, connection: connection.id });
    this.#order.wait(connection, this.#endSession(connection.standing, { xid, connection }));
  }

  #auth(connection: Connection, xid: number, request: RequestOf<'auth'>): void {
    const outcome = authenticate(connection, request, this.#options);
    this.#answering.proof(connection, xid, outcome);
    if (outcome === 'failed') this.#connections.close(connection);
  }

  /** Proposes the end of a session; from now on it can ask for nothing. */
  #endSession(session: Session, asked: Pick<Proposal, 'xid' | 'connection'>): Proposal {
    session.phase = 'closing';
    const connection = this.#connections.of(session);
    if (connection !== undefined) connection.phase = 'leaving';
    return this.#leader.closeSession(session, { ...asked, timeMs: this.#now });
  }

  #persisted(zxid: number): void {
    for (;;) {
      const next = this.#agreement.takeCommitted(zxid);
      if (next === undefined) return;
      if (next.kind === 'proposal') this.#commit(next);
      else this.#order.pass(next);
    }
  }

  #commit(proposal: Proposal): void {
    this.#answering.apply(proposal);
    this.#leader.applied(proposal);
    if (proposal.connection !== undefined) this.#order.settle(proposal.connection, proposal);
    if (proposal.txn.kind === 'close_session') this.#sessionEnded(proposal.session);
  }

  #sessionEnded(id: SessionId): void {
    const session = this.#sessions.get(id);
    this.#sessions.remove(id);
    const connection = this.#connections.of(session);
    if (connection !== undefined) this.#connections.close(connection);
  }

  #tick(): void {
    if (this.#fault !== undefined) return;
    for (const session of this.#sessions.expired()) {
      if (!this.#agreement.hasRoom) return;
      this.outbox.notes.push({ kind: 'expired', session: session.id, connection: session.connection });
      this.#endSession(session, { xid: 0, connection: undefined });
    }
    for (const path of this.#reaper.due(this.#tree, this.#now)) {
      if (!this.#agreement.hasRoom) return;
      this.#leader.reap(path, this.#now);
    }
  }

  /** What is outstanding has no certain fate: whoever waits for it must not hear that it failed (docs/adr/0014). */
  #journalFailed(fault: JournalFault): void {
    this.#fault = fault;
    for (const item of this.#leader.abandon()) {
      if (item.connection !== undefined) this.#connections.close(item.connection);
      if (item.kind === 'proposal') this.#abandonSession(item);
    }
  }

  #abandonSession({ txn, session: id }: Proposal): void {
    const session = this.#sessions.get(id);
    if (session === undefined) return;
    if (txn.kind === 'create_session') this.#sessions.remove(id);
    if (txn.kind !== 'close_session') return;
    session.phase = 'open';
    const connection = this.#connections.of(session);
    if (connection !== undefined) connection.phase = 'open';
  }

  #journalRecovered(): void {
    this.#fault = undefined;
    this.#sessions.touchAll();
  }
}

/** A request's xid and operation. */
const REQUEST_HEAD_BYTES = 8;

function decoded<T>(codec: Codec<T>, reader: Reader): T | undefined {
  try {
    return codec.decode(reader);
  } catch (error) {
    if (error instanceof WireError) return undefined;
    throw error;
  }
}

/** Compares secrets in a time that does not tell how much of them is right. */
function isSame(secret: Buffer, given: Buffer | null): boolean {
  if (given === null || given.length !== secret.length) return false;
  let difference = 0;
  for (let i = 0; i < secret.length; i += 1) difference |= (secret[i] as number) ^ (given[i] as number);
  return difference === 0;
}
