import { invariant, unreachable } from '@reeve/base';
import {
  apply,
  decodeTxn,
  nobody,
  QuotaGuard,
  type Snapshot,
  SnapshotLoader,
  Tree,
  takeSnapshot,
  unbound,
  Watches,
} from '@reeve/tree';
import {
  type Codec,
  type ConnectRequest,
  connectRequest,
  noSession,
  opName,
  ops,
  Reader,
  type RequestOf,
  WireError,
} from '@reeve/wire';
import { Agreement } from './agreement.ts';
import { Answering } from './answering.ts';
import { AuditTrail } from './audit.ts';
import { Connection, type Proposal, type Question } from './connection.ts';
import { Connections } from './connections.ts';
import type { ConnectionId, JournalFault, ReplicaEvent } from './event.ts';
import { Leader, type WriteRequest } from './leader.ts';
import type { ReplicaOptions } from './options.ts';
import { type Entry, Outbox } from './outbox.ts';
import { Proofs } from './proofs.ts';
import { Reaper } from './reaper.ts';
import { isThrottled, routes } from './routes.ts';
import { SessionEnds } from './session-ends.ts';
import { SessionOrder } from './session-order.ts';
import { Sessions } from './sessions.ts';
import { type ReplicaStatus, statusOf } from './status.ts';

type FrameEvent = Extract<ReplicaEvent, { kind: 'frame' | 'late_frame' }>;

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
  readonly #connections: Connections;
  readonly #sessions: Sessions;
  readonly #agreement: Agreement;
  readonly #leader: Leader;
  readonly #answering: Answering;
  readonly #order: SessionOrder;
  readonly #ends: SessionEnds;
  readonly #proofs: Proofs;
  readonly #reaper: Reaper;
  readonly #audit: AuditTrail | undefined;
  readonly #reader = new Reader();
  #phase: 'loading' | 'running' = 'loading';
  #fault: JournalFault | undefined;
  #now = 0;
  /** Requests that came since the disk was last heard of, and wait for it, bytes. */
  #waitingBytes = 0;

  constructor(options: ReplicaOptions) {
    this.#options = options;
    const { requiredSchemes } = options;
    this.#connections = new Connections({ outbox: this.outbox, watches: this.#watches, requiredSchemes });
    this.#sessions = new Sessions(options.firstSessionId, options.tickMs);
    this.#agreement = new Agreement(this.outbox, options.outstandingMax);
    this.#leader = new Leader({
      tree: this.#tree,
      rules: options,
      agreement: this.#agreement,
      quotas: this.#quotaGuard(),
    });
    this.#answering = new Answering({
      tree: this.#tree,
      watches: this.#watches,
      outbox: this.outbox,
      connections: this.#connections,
      sessionPassword: options.sessionPassword,
    });
    this.#order = new SessionOrder({
      answering: this.#answering,
      connections: this.#connections,
      outbox: this.outbox,
    });
    this.#ends = new SessionEnds({
      tree: this.#tree,
      sessions: this.#sessions,
      connections: this.#connections,
      leader: this.#leader,
      order: this.#order,
      outbox: this.outbox,
    });
    this.#proofs = new Proofs({ answering: this.#answering, connections: this.#connections, options });
    this.#reaper = new Reaper(options);
    if (options.audit === 'on') this.#audit = new AuditTrail(this.outbox.audit);
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
      case 'late_frame':
        return this.#lateFrame(event);
      case 'persisted':
        return this.#persisted(event.zxid);
      case 'opened':
        return this.#opened(event);
      case 'closed':
        return this.#closed(event.connection);
      case 'resumed':
        return this.#resumed(event.connection);
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
    if (this.#agreement.outstanding >= this.#options.requestsMax) return true;
    const waiting = this.#connections.get(id)?.waiting.length ?? 0;
    if (waiting > this.#options.requestsPerConnectionMax) return true;
    if (waiting === 0) return false;
    return this.#agreement.outstanding > this.#options.writesMax || this.#waitingBytes > WAITING_BYTES_MAX;
  }

  /** Whether a connection waits for answers until it is stepped `resumed`. */
  stalled(id: ConnectionId): boolean {
    return this.#connections.get(id)?.answers === 'stalled';
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
    if (this.#options.accessLists === 'skipped') connection.prove(unbound);
    if (x509 !== undefined) this.#proofs.certified(connection, x509);
    this.#connections.add(connection);
  }

  #closed(id: ConnectionId): void {
    const connection = this.#connections.get(id);
    if (connection !== undefined) this.#connections.forget(connection);
  }

  #resumed(id: ConnectionId): void {
    const connection = this.#connections.get(id);
    if (connection !== undefined) this.#order.resume(connection);
  }

  #frame(event: FrameEvent): void {
    const connection = this.#connections.get(event.connection);
    if (connection === undefined) return;
    connection.received += 1;
    if (connection.phase === 'open') this.#request(connection, event);
    else if (connection.phase === 'greeting') this.#greeting(connection, event);
    else if (connection.phase === 'proving') this.#unproven(connection, event);
    if (connection.waiting.length > 0) this.#waitingBytes += event.end - event.start;
  }

  /** Who must prove who it is can ask for nothing else. */
  #unproven(connection: Connection, event: FrameEvent): void {
    const { bytes, start, end } = event;
    if (end - start < REQUEST_HEAD_BYTES) return this.#connections.close(connection);
    const op = opName(bytes.readInt32BE(start + 4));
    if (op === 'auth' || op === 'sasl') this.#request(connection, event);
    else this.#proofs.demand(connection, bytes.readInt32BE(start));
  }

  /** What waited too long is not done, but refused in its turn; what ends or proves something is done all the same. */
  #lateFrame(event: FrameEvent): void {
    const { bytes, start, end } = event;
    const connection = this.#connections.get(event.connection);
    const isRequest = connection?.phase === 'open' && end - start >= REQUEST_HEAD_BYTES;
    const op = isRequest ? opName(bytes.readInt32BE(start + 4)) : undefined;
    if (connection === undefined || op === undefined || !isThrottled(routes[op])) return this.#frame(event);
    connection.received += 1;
    if (connection.standing !== undefined) this.#sessions.touch(connection.standing);
    this.#order.serve(connection, {
      kind: 'refusal',
      xid: bytes.readInt32BE(start),
      error: 'throttled_op',
      next: 'stay',
    });
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
        return this.#proofs.auth(connection, xid, request as RequestOf<'auth'>);
      case 'sasl':
        return this.#proofs.sasl(connection, xid, request as RequestOf<'sasl'>);
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
    const proposal = this.#leader.write(asked, this.#now);
    this.#audit?.proposed(proposal, asked.request);
    this.#order.wait(connection, proposal);
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
    this.#ends.propose(connection.standing, { xid, connection }, this.#now);
  }

  /** Tells of the first write beyond a quota, and then of one in a while: some clients try again at once. */
  #quotaGuard(): QuotaGuard | undefined {
    if (this.#options.quotas === 'counted') return undefined;
    let quietUntil = 0;
    return new QuotaGuard(this.#tree.quotas, (excess) => {
      if (this.#now < quietUntil) return;
      quietUntil = this.#now + QUOTA_NOTE_INTERVAL_MS;
      this.outbox.notes.push({ kind: 'beyond_quota', excess });
    });
  }

  #persisted(zxid: number): void {
    this.#waitingBytes = 0;
    for (;;) {
      const next = this.#agreement.takeCommitted(zxid);
      if (next === undefined) return;
      if (next.kind === 'proposal') this.#commit(next);
      else this.#order.pass(next);
    }
  }

  #commit(proposal: Proposal): void {
    if (proposal.connection?.answers === 'stalled') this.#order.hurry(proposal.connection);
    this.#answering.apply(proposal);
    this.#leader.applied(proposal.zxid);
    this.#audit?.committed(proposal);
    if (proposal.connection !== undefined) this.#order.settle(proposal.connection, proposal);
    if (proposal.op === 'closeSession') this.#ends.committed(proposal, this.#now);
  }

  #tick(): void {
    this.#watches.sweep(SWEPT_PER_STEP_MAX);
    if (this.#watches.pairs > this.#options.watchesMax) this.#closeHeaviestWatcher();
    if (this.#fault !== undefined) return;
    for (const session of this.#sessions.expired(EXPIRED_PER_STEP_MAX)) {
      if (!this.#agreement.hasRoom || !this.#ends.hasRoom) return;
      const { id, phase, connection } = session;
      if (phase === 'open') this.outbox.notes.push({ kind: 'expired', session: id, connection });
      this.#ends.propose(session, { xid: 0, connection: undefined }, this.#now);
    }
    for (const path of this.#reaper.due(this.#tree, this.#now)) {
      if (!this.#agreement.hasRoom) return;
      this.#leader.reap(path, this.#now);
    }
  }

  #closeHeaviestWatcher(): void {
    const connection = this.#connections.get(this.#watches.heaviest() ?? -1);
    if (connection === undefined) return;
    this.outbox.notes.push({ kind: 'over_watched', session: connection.session, connection: connection.id });
    this.#connections.close(connection);
  }

  /** What is outstanding has no certain fate: whoever waits for it must not hear that it failed (docs/adr/0014). */
  #journalFailed(fault: JournalFault): void {
    this.#fault = fault;
    this.#waitingBytes = 0;
    this.#audit?.abandoned();
    for (const item of this.#leader.abandon()) {
      if (item.connection !== undefined) this.#connections.close(item.connection);
      if (item.kind !== 'proposal') continue;
      if (item.op === 'connect') this.#sessions.remove(item.session);
      else if (item.op === 'closeSession') this.#ends.abandoned(item);
    }
  }

  #journalRecovered(): void {
    this.#fault = undefined;
    this.#sessions.touchAll();
  }
}

/** How long nothing is said of quotas after something was. */
const QUOTA_NOTE_INTERVAL_MS = 1000;
/** Sessions that are ended in one step, and watches of those who are gone that are disarmed in one. */
const EXPIRED_PER_STEP_MAX = 5_000;
const SWEPT_PER_STEP_MAX = 20_000;
/** Bytes of requests that wait for the disk above which every connection with one of them is congested. */
const WAITING_BYTES_MAX = 64 * 1024 * 1024;
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
