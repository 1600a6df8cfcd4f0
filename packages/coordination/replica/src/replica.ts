import { invariant, unreachable } from '@reeve/base';
import {
  decodeTxn,
  QuotaGuard,
  type Snapshot,
  type SnapshotLoader,
  Tree,
  takeSnapshot,
  unbound,
  Watches,
} from '@reeve/tree';
import type { Reader, SessionId } from '@reeve/wire';
import { type Entry, type MemberId, type Membership, Zab, type ZabHost } from '@reeve/zab';
import { Agreement } from './agreement.ts';
import { Answering } from './answering.ts';
import { AuditTrail } from './audit.ts';
import { ClientFrames } from './client-frames.ts';
import { Connection, type Forwarded, type Proposal } from './connection.ts';
import { Connections } from './connections.ts';
import type { Course } from './course.ts';
import type { ConnectionId, JournalFault, ReplicaEvent } from './event.ts';
import { Following, unaskedOp } from './following.ts';
import { Leader, NO_PARTS } from './leader.ts';
import { type Condition, Leading } from './leading.ts';
import { LearnerRequests } from './learner-requests.ts';
import type { ReplicaOptions } from './options.ts';
import { Outbox } from './outbox.ts';
import { Proofs } from './proofs.ts';
import { ReadOnly } from './read-only.ts';
import type { Standing } from './reconfiguration.ts';
import { Restoring } from './restoring.ts';
import { SessionEnds } from './session-ends.ts';
import { SessionOrder } from './session-order.ts';
import { Sessions } from './sessions.ts';
import { type ReplicaStatus, statusOf } from './status.ts';
import { Syncs } from './syncs.ts';

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
  readonly #condition: Condition;
  readonly #tree = new Tree();
  readonly #watches = new Watches();
  readonly #connections: Connections;
  readonly #sessions: Sessions;
  readonly #zab: Zab;
  readonly #agreement: Agreement;
  readonly #leader: Leader;
  readonly #answering: Answering;
  readonly #order: SessionOrder;
  readonly #ends: SessionEnds;
  readonly #proofs: Proofs;
  readonly #frames: ClientFrames;
  readonly #syncs: Syncs;
  readonly #learners: LearnerRequests;
  readonly #leading: Leading;
  readonly #audit: AuditTrail | undefined;
  readonly #restoring: Restoring;
  #phase: 'loading' | 'running' = 'loading';
  #following: Following | undefined;
  /** Since when it has had no place in the ensemble, on the clock of sessions. */
  #lookingSinceMs = 0;
  /** The first number for what is asked of a leader. */
  #firstRequest = 0;

  constructor(options: ReplicaOptions) {
    this.#options = options;
    const { outbox } = this;
    const { requiredSchemes } = options;
    const tree = this.#tree;
    const condition: Condition = { nowMs: 0, fault: undefined, secret: options.sessionSecret };
    const sessionPassword = (session: SessionId) => options.sessionPassword(session, condition.secret);
    const connections = new Connections({ outbox, watches: this.#watches, requiredSchemes });
    const sessions = new Sessions(options.firstSessionId, options.tickMs);
    const zab = new Zab(options.zab, this.#host(), outbox.zab);
    const agreement = new Agreement({ zab, outbox, outstandingMax: options.outstandingMax });
    const isChangeable = options.reconfiguration === 'offered' && !isAlone(options);
    const standing = isChangeable ? () => this.#standing() : undefined;
    const leader = new Leader({ tree, rules: options, agreement, quotas: this.#quotaGuard(), standing });
    const answering = new Answering({
      tree,
      watches: this.#watches,
      outbox,
      connections,
      sessionPassword,
    });
    const order = new SessionOrder({ answering, connections, outbox });
    const ends = new SessionEnds({ tree, sessions, connections, leader, order, outbox });
    const audit = options.audit === 'on' ? new AuditTrail(outbox.audit) : undefined;
    const syncs = new Syncs({
      zab,
      agreement,
      connections,
      pass: (barrier) => order.pass(barrier),
      answer: (learner, { request, zxid }) => this.#learners.tell(learner, { kind: 'synced', request, zxid }),
    });
    const shared = { options, condition, sessionPassword, sessions, connections, agreement, leader, ends, syncs };
    this.#learners = new LearnerRequests({ ...shared, zab });
    this.#leading = new Leading({
      ...shared,
      id: options.zab.id,
      tree,
      answering,
      order,
      audit,
      outbox,
      moved: (from, session) => this.#learners.moved(from, session),
    });
    this.#condition = condition;
    this.#connections = connections;
    this.#sessions = sessions;
    this.#zab = zab;
    this.#agreement = agreement;
    this.#leader = leader;
    this.#answering = answering;
    this.#order = order;
    this.#ends = ends;
    this.#syncs = syncs;
    const proofs = new Proofs({ answering, connections, options });
    this.#proofs = proofs;
    this.#frames = new ClientFrames({ options, tree, sessions, connections, order, proofs });
    const holds = isAlone(options) ? 'nothing' : 'back';
    this.#restoring = new Restoring(tree, { holds, readPlace: options.readPlace });
    if (audit !== undefined) this.#audit = audit;
  }

  /**
   * Says that everything on disk has been loaded: from `now` on there are steps.
   *
   * @returns the newest description there of who belongs to the ensemble, agreed on or not
   */
  start(now: number): Membership | undefined {
    invariant(this.#phase === 'loading', 'a replica starts once');
    this.#phase = 'running';
    this.#pass(now);
    this.#firstRequest = now * REQUESTS_PER_MS;
    const remembered = this.#restoring.end(this.#zab);
    this.#zab.start(this.#sessions.elapsedMs);
    return remembered;
  }

  /**
   * Takes what happened.
   *
   * @param now milliseconds since the epoch; the time of every change that this step proposes
   */
  step(event: ReplicaEvent, now: number): void {
    invariant(this.#phase === 'running', 'a replica is started before its first step');
    this.#pass(now);
    switch (event.kind) {
      case 'frame':
        return this.#frames.take(event);
      case 'late_frame':
        return this.#frames.takeLate(event);
      case 'persisted':
        this.#frames.waitingBytes = 0;
        return this.#zab.step(event, this.#sessions.elapsedMs);
      case 'zab':
        return this.#zab.step(event.event, this.#sessions.elapsedMs);
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

  /** When it is to be stepped by the timer of its agreement, if nothing else happens: in so many milliseconds. */
  get wakeInMs(): number | undefined {
    return this.#zab.wakeInMs;
  }

  /**
   * Whether so much of a connection is unanswered that the server should read no more from it for now. To be asked
   * after each turn, of connections that are being read and of those that are not.
   */
  congested(id: ConnectionId): boolean {
    if (this.#outstanding() >= this.#options.requestsMax) return true;
    const connection = this.#connections.get(id);
    if (connection?.phase === 'returning') return true;
    const waiting = connection?.waiting.length ?? 0;
    if (waiting > this.#options.requestsPerConnectionMax) return true;
    if (waiting === 0) return false;
    return this.#outstanding() > this.#options.writesMax || this.#frames.waitingBytes > WAITING_BYTES_MAX;
  }

  /** Whether it leads or follows: only then is what it has whole, so that a snapshot of it can be kept. */
  get isSettled(): boolean {
    const { course } = this.#frames;
    return course !== undefined && !(course instanceof ReadOnly);
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
      outstanding: this.#outstanding(),
      pendingZnodes: this.#leader.pendingZnodes,
      fault: this.#condition.fault,
      zab: this.#zab.status(this.#sessions.elapsedMs),
      service: this.#frames.course instanceof ReadOnly ? 'reading' : 'any',
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
    return this.#restoring.begin();
  }

  /**
   * Takes an entry of the journal back. Before `start` only, in order; entries that the snapshot is known to hold are
   * passed over.
   *
   * @throws WireError when its payload is not a transaction
   */
  replay(entry: Entry): void {
    this.#restoring.replay(entry);
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

  /** Tells of the first write beyond a quota, and then of one in a while: some clients try again at once. */
  #quotaGuard(): QuotaGuard | undefined {
    if (this.#options.quotas === 'counted') return undefined;
    let quietUntil = 0;
    return new QuotaGuard(this.#tree.quotas, (excess) => {
      const { nowMs } = this.#condition;
      if (nowMs < quietUntil) return;
      quietUntil = nowMs + QUOTA_NOTE_INTERVAL_MS;
      this.outbox.notes.push({ kind: 'beyond_quota', excess });
    });
  }

  /** What agreement tells this member; all of it within a step. */
  #host(): ZabHost {
    return {
      agreed: (zxid) => this.#agreed(zxid),
      committed: (zxid, payload, request) => this.#committed(zxid, payload, request),
      leads: () => this.#lead(),
      follows: (leader) => this.#follow(leader),
      looks: () => this.#look(),
      parted: () => undefined,
      carried: (from, reader) => this.#told(from, reader),
      confirmed: (token) => this.#syncs.confirmed(token),
      writeShared: (writer) => writer.buffer(this.#condition.secret),
      readShared: (reader) => this.#adopt(reader.buffer()),
      snapshot: () => takeSnapshot(this.#tree),
      restore: () => this.#forget(),
      restoreSlice: (slice) => this.#restoring.slice(slice),
      restored: () => this.#restoring.finish(),
      reconfigured: (membership) => {
        this.outbox.membership = membership;
      },
    };
  }

  #agreed(zxid: number): void {
    for (;;) {
      const next = this.#agreement.takeCommitted(zxid);
      if (next === undefined) return;
      if (next.kind === 'proposal') this.#commit(next, next);
      else this.#order.pass(next);
    }
  }

  #committed(zxid: number, payload: Reader, request: number | undefined): void {
    const { session, xid, timeMs, txn } = decodeTxn(payload);
    const item = request === undefined ? undefined : this.#following?.take(request);
    const op = item?.op ?? unaskedOp(txn);
    const parts = item?.parts ?? NO_PARTS;
    this.#commit({ kind: 'proposal', zxid, session, xid, timeMs, txn, op, parts, connection: item?.connection }, item);
    this.#following?.applied(zxid);
  }

  #commit(proposal: Proposal, item: Proposal | Forwarded | undefined): void {
    const { connection } = proposal;
    if (connection !== undefined && item !== undefined) this.#order.hurry(connection, item);
    this.#answering.apply(proposal);
    this.#leader.applied(proposal.zxid);
    // What nobody here asked for is told of by the leader alone.
    if (item !== undefined) this.#audit?.committed(proposal, item);
    if (connection !== undefined && item !== undefined) this.#order.settle(connection, proposal, item);
    if (this.#following !== undefined) this.#note(proposal);
    else if (proposal.op === 'closeSession') this.#ends.committed(proposal, this.#condition.nowMs);
    if (proposal.txn.kind === 'close_session') this.#learners.ended(proposal.session);
  }

  /** Keeps a learner's table of sessions, which the leader alone decides about. */
  #note({ session: id, txn }: Proposal): void {
    if (txn.kind === 'create_session') this.#sessions.open(id, txn.timeoutMs);
    const session = txn.kind === 'close_session' ? this.#sessions.get(id) : undefined;
    if (session !== undefined) this.#ends.ended(session);
  }

  #serve(course: Course): void {
    this.#dismiss();
    this.#sessions.reset(this.#tree.sessions);
    this.#frames.course = course;
  }

  /** The tree is emptied for another: until that is whole and this member follows there is nothing to be read here. */
  #forget(): void {
    this.#dismiss();
    this.#frames.course = undefined;
    this.#lookingSinceMs = Number.POSITIVE_INFINITY;
    this.#restoring.begin();
  }

  /** Clients of a time that is over: they come back, here or elsewhere. */
  #dismiss(): void {
    for (const connection of [...this.#connections.values()]) this.#connections.close(connection);
  }

  #lead(): void {
    this.#serve(this.#leading);
    this.#frames.admission = this.#options.leaderServes === 'clients' ? 'open' : 'closed';
    const { membership, role } = this.#zab.status(this.#sessions.elapsedMs);
    if (role !== 'alone') this.#leader.describe(membership, this.#condition.nowMs);
  }

  #standing(): Standing {
    const status = this.#zab.status(this.#sessions.elapsedMs);
    const change = this.#leader.isDescribing ? 'under_way' : 'none';
    return { status, change, readPlace: this.#options.readPlace };
  }

  #follow(leader: MemberId): void {
    this.#following = new Following({
      leader,
      zab: this.#zab,
      sessions: this.#sessions,
      connections: this.#connections,
      agreement: this.#agreement,
      answering: this.#answering,
      order: this.#order,
      audit: this.#audit,
      outbox: this.outbox,
      firstRequest: this.#firstRequest,
      outstandingMax: this.#options.outstandingMax,
      lastApplied: () => this.#tree.lastZxid,
    });
    this.#serve(this.#following);
  }

  /** Neither leads nor follows any more: nothing that clients wait for has a certain fate. */
  #look(): void {
    this.#firstRequest = this.#following?.nextRequest ?? this.#firstRequest;
    this.#following = undefined;
    this.#frames.course = undefined;
    this.#frames.admission = 'open';
    this.#lookingSinceMs = this.#sessions.elapsedMs;
    this.#dismiss();
    this.#leader.abandon();
    this.#audit?.abandoned();
    this.#ends.forget();
    this.#syncs.forget();
    this.#learners.forget();
  }

  #told(from: MemberId, reader: Reader): void {
    if (this.#following === undefined) this.#learners.told(from, reader);
    else this.#following.told(reader);
  }

  /** The leader's secret is everybody's: a session goes on at any member. */
  #adopt(secret: Buffer | null): void {
    if (secret === null || secret.equals(this.#condition.secret)) return;
    this.#condition.secret = Buffer.from(secret);
    this.outbox.secret = this.#condition.secret;
  }

  #outstanding(): number {
    return this.#following?.outstanding ?? this.#agreement.outstanding;
  }

  #pass(now: number): void {
    this.#condition.nowMs = now;
    const sleptMs = this.#sessions.advance(now);
    this.#zab.pass(this.#sessions.elapsedMs);
    if (sleptMs > 0) this.#zab.slept(sleptMs);
  }

  #tick(): void {
    this.#watches.sweep(SWEPT_PER_STEP_MAX);
    if (this.#watches.pairs > this.#options.watchesMax) this.#closeHeaviestWatcher();
    if (this.#frames.course === undefined) this.#offerReading();
    this.#frames.course?.tick();
  }

  /** Who would rather read what may be old than wait for a quorum can do so after a while (ZooKeeper's read-only mode). */
  #offerReading(): void {
    const { readOnlyMode, tickMs } = this.#options;
    const hasWaited = this.#sessions.elapsedMs - this.#lookingSinceMs >= Math.max(READ_ONLY_AFTER_MS, tickMs);
    if (readOnlyMode === 'disabled' || !hasWaited) return;
    this.#frames.course = new ReadOnly({
      sessions: this.#sessions,
      connections: this.#connections,
      answering: this.#answering,
      order: this.#order,
    });
  }

  #closeHeaviestWatcher(): void {
    const connection = this.#connections.get(this.#watches.heaviest() ?? -1);
    if (connection === undefined) return;
    this.outbox.notes.push({ kind: 'over_watched', session: connection.session, connection: connection.id });
    this.#connections.close(connection);
  }

  /** What is outstanding has no certain fate: whoever waits for it must not hear that it failed (docs/adr/0014). */
  #journalFailed(fault: JournalFault): void {
    this.#condition.fault = fault;
    this.#frames.waitingBytes = 0;
    if (!isAlone(this.#options)) return this.#zab.step({ kind: 'journal_failed' }, this.#sessions.elapsedMs);
    this.#audit?.abandoned();
    for (const item of this.#leader.abandon()) {
      if (item.connection !== undefined) this.#connections.close(item.connection);
      if (item.kind !== 'proposal') continue;
      if (item.op === 'connect') this.#sessions.remove(item.session);
      else if (item.op === 'closeSession') this.#ends.abandoned(item);
    }
  }

  #journalRecovered(): void {
    this.#condition.fault = undefined;
    this.#sessions.touchAll();
    if (!isAlone(this.#options)) this.#zab.step({ kind: 'journal_recovered' }, this.#sessions.elapsedMs);
  }
}

/** How long nothing is said of quotas after something was. */
const QUOTA_NOTE_INTERVAL_MS = 1000;
/** How long a member looks for its place before it offers to be read, unless a tick is longer (ZooKeeper's). */
const READ_ONLY_AFTER_MS = 2000;
/** Watches of those who are gone that are disarmed in one step. */
const SWEPT_PER_STEP_MAX = 20_000;
/** Bytes of requests that wait for the disk above which every connection with one of them is congested. */
const WAITING_BYTES_MAX = 64 * 1024 * 1024;
/** More than a learner can ask for in a millisecond: so a new process begins above all numbers of the one before. */
const REQUESTS_PER_MS = 1000;

/** One participant alone: agreed is what is on its own disk. */
function isAlone({ zab }: ReplicaOptions): boolean {
  return zab.membership.members.length === 1;
}
