import type { Logger } from '@reeve/base';
import type { Journal, LogFault, LogListener } from '@reeve/journal';
import type { AuditNote, ConnectionId, QuotaNote, Replica, ReplicaEvent, SessionNote } from '@reeve/replica';
import { ByteBudget } from './byte-budget.ts';
import type { ClientConnection, ConnectionHost, HeldFrame } from './client-connection.ts';
import type { CoordinatorConfig } from './config.ts';
import { ConnectThrottle, handshakeOf } from './connect-throttle.ts';
import type { TraceMask } from './coordinator-facts.ts';
import { EnsembleDuties } from './ensemble-duties.ts';
import { type AskedWord, answer } from './four-letter-words.ts';
import type { Ports } from './listener.ts';
import { CoordinatorReport } from './report.ts';
import { SparingLog } from './sparing-log.ts';
import type { StorageStatistics } from './storage-statistics.ts';
import { Totals } from './traffic.ts';

/** Reply bytes of one connection in one turn above which its next requests wait for a later one. */
const replyBytesPerTurn = 1024 * 1024;
/** Log bytes waiting for the disk above which every request waits. */
const backlogBytesMax = 32 * 1024 * 1024;
/** How long requests are taken in one turn; then answers go out, and others have theirs taken. */
const turnMsMax = 20;
/** What halves of frames take together, and what clients have not read, before the slowest is given up, bytes. */
const halfFrameBytesMax = 256 * 1024 * 1024;
const unreadBytesMax = 128 * 1024 * 1024;
/** How often in a tick the replica is told that time passed. */
const stepsPerTick = 4;
/** So many short frames in a row share a reading of the clock, which takes 40 ns where a get takes 700. */
const framesPerReading = 8;
const shortFrameBytesMax = 1024;
/** How long a client may take for its first frame. */
const greetingTicksMax = 5;
/** How long stopping waits for the disk, and then for clients to read their last bytes. */
const stopMsMax = 10_000;
const goodbyeMsMax = 1_000;
/** ZooKeeper's (ZooTrace). */
const traceMaskAtStart = 306;
const BEYOND_QUOTA = {
  soft: 'a write went beyond a soft quota: others like it are not told of for a while',
  hard: 'a write beyond a hard quota was refused: others like it are not told of for a while',
} as const;

/** What a member is made of. */
export interface MemberParts {
  readonly config: CoordinatorConfig;
  readonly replica: Replica;
  readonly logger: Logger;
  readonly storage: StorageStatistics;
  /** Takes what the replica notes when its audit is on. */
  readonly audit: ((note: AuditNote) => void) | undefined;
  /** Has the member made anew from its disk. */
  readonly restart: () => void;
}

/**
 * The loop around a replica: steps whatever happens, and performs the outbox once per turn of the event loop, so that
 * everything that arrives in one turn shares one sync and one write per socket.
 */
export class Member implements LogListener, ConnectionHost {
  readonly logger: Logger;
  readonly complaints: SparingLog;
  readonly frameBytesMax: number;
  readonly totals = new Totals();
  /** Where clients connect. */
  ports: Ports = { port: undefined, securePort: undefined };
  readonly #config: CoordinatorConfig;
  readonly #replica: Replica;
  readonly #connections = new Map<ConnectionId, ClientConnection>();
  /** Connections whose next frame waits for a later turn. */
  readonly #waiting = new Set<ConnectionId>();
  readonly #halves: ByteBudget<ClientConnection>;
  readonly #unread = new ByteBudget<ClientConnection>(unreadBytesMax);
  readonly #perform = () => this.#turn();
  readonly #startedMs = Date.now();
  readonly #storage: StorageStatistics;
  readonly #audit: MemberParts['audit'];
  readonly #trace: TraceMask = { value: traceMaskAtStart };
  readonly #throttle: ConnectThrottle | undefined;
  /** What it does for the ensemble, unless it is alone. */
  readonly #duties: EnsembleDuties | undefined;
  #journal: Journal | undefined;
  /** Nothing is performed any more when it is broken. */
  #word: 'kept' | 'broken' = 'kept';
  #turnDue = false;
  /** When the first step of this turn was, and the last one, milliseconds since the epoch. */
  #turnBegunMs = 0;
  #stepMs = 0;
  /** Frames since one read the clock. */
  #frames = 0;
  #ticking: NodeJS.Timeout | undefined;

  constructor({ config, replica, logger, storage, audit, restart }: MemberParts) {
    this.#config = config;
    this.#replica = replica;
    this.#storage = storage;
    this.#audit = audit;
    this.logger = logger;
    this.complaints = new SparingLog(logger);
    this.frameBytesMax = config.frameBytesMax;
    this.#halves = new ByteBudget(Math.max(halfFrameBytesMax, config.frameBytesMax * 2));
    const { dataDirectory, ensemble } = config;
    if (ensemble !== undefined) {
      const step = (event: ReplicaEvent) => this.#step(event);
      this.#duties = new EnsembleDuties({ config: ensemble, dataDirectory, logger, step, restart });
    }
    const { connectThrottle: throttle } = config;
    if (throttle !== undefined) this.#throttle = new ConnectThrottle(throttle, performance.now(), Math.random);
  }

  /**
   * Begins, with what the journal gave back.
   *
   * @throws ServerError when it cannot listen for other members
   */
  async start(journal: Journal): Promise<void> {
    this.#journal = journal;
    const now = Date.now();
    const remembered = this.#replica.start(now);
    await this.#duties?.start(journal, remembered);
    this.#turnSoon(now);
    this.#ticking = setInterval(() => this.#tick(), Math.max(1, this.#config.tickMs / stepsPerTick));
  }

  add(connection: ClientConnection): void {
    this.#connections.set(connection.id, connection);
  }

  opened(connection: ClientConnection): void {
    this.totals.handshakes += 1;
    const { id, address, x509 } = connection;
    this.#step({ kind: 'opened', connection: id, address, ...(x509 === undefined ? {} : { x509 }) });
  }

  frame(connection: ConnectionId, bytes: Buffer, start: number, end: number): void {
    const isRecent = this.#turnDue && this.#frames < framesPerReading && end - start <= shortFrameBytesMax;
    this.#frames = isRecent ? this.#frames + 1 : 1;
    this.#step({ kind: 'frame', connection, bytes, start, end }, isRecent ? this.#stepMs : Date.now());
  }

  heldFrame(connection: ConnectionId, { bytes, start, end, sinceMs }: HeldFrame): void {
    const { requestWaitMsMax = Number.POSITIVE_INFINITY } = this.#config;
    const kind = Date.now() - sinceMs > requestWaitMsMax ? 'late_frame' : 'frame';
    this.#step({ kind, connection, bytes, start, end });
  }

  handshake(bytes: Buffer): 'goes_on' | 'throttled' | 'unknown' {
    if (this.#throttle === undefined) return 'goes_on';
    const kind = handshakeOf(bytes);
    if (kind === 'unknown') return 'unknown';
    if (this.#throttle.admits(kind, performance.now())) return 'goes_on';
    this.totals.connectionsRejected += 1;
    return 'throttled';
  }

  answer(word: AskedWord): Promise<string> {
    return answer(word, this.report(), this.#config.fourLetterWords);
  }

  mustWait(connection: ConnectionId): boolean {
    const replies = this.#replica.outbox.replies.get(connection);
    const mayGoOn =
      this.#stepMs - this.#turnBegunMs < turnMsMax &&
      (replies === undefined || replies.length < replyBytesPerTurn) &&
      !this.#replica.congested(connection) &&
      (this.#journal?.backlogBytes ?? 0) < backlogBytesMax;
    if (!mayGoOn) this.#waiting.add(connection);
    return !mayGoOn;
  }

  goOn(connection: ConnectionId): void {
    if (this.#replica.stalled(connection)) this.#step({ kind: 'resumed', connection });
  }

  heldHalf(connection: ClientConnection, bytes: number): void {
    if (bytes === 0) return this.#halves.release(connection);
    this.#halves.hold(connection, bytes)?.giveUp('too many clients have begun large frames and not ended them');
  }

  leftUnread(connection: ClientConnection, bytes: number): void {
    if (bytes === 0) return this.#unread.release(connection);
    this.#unread.hold(connection, bytes)?.giveUp('too many clients do not read what they asked for');
  }

  closed(connection: ClientConnection): void {
    this.#halves.release(connection);
    this.#unread.release(connection);
    this.totals.connectionsDropped += 1;
    this.#connections.delete(connection.id);
    this.#waiting.delete(connection.id);
    if (connection.greeted) this.#step({ kind: 'closed', connection: connection.id });
  }

  persisted(zxid: number): void {
    this.#step({ kind: 'persisted', zxid });
  }

  failed(fault: LogFault): void {
    // What was to be appended in this turn shares the fate of what was being written.
    this.#replica.outbox.entries.length = 0;
    this.#step({ kind: 'journal_failed', fault });
  }

  recovered(): void {
    this.#step({ kind: 'journal_recovered' });
  }

  /** What there is to say at this moment. */
  report(): CoordinatorReport {
    const status = this.#replica.status();
    const statuses = new Map([...status.eachConnection()].map((one) => [one.id, one] as const));
    const connections = [...this.#connections.values()].map((connection) => {
      const { address, port, transport, sinceMs, conversation } = connection;
      return { address, port, transport, sinceMs, conversation, status: statuses.get(connection.id) };
    });
    const nowMs = Date.now();
    return new CoordinatorReport({
      config: this.#config,
      ports: this.ports,
      nowMs,
      uptimeMs: nowMs - this.#startedMs,
      totals: this.totals,
      storage: this.#storage,
      status,
      connections,
      links: this.#duties?.links ?? [],
      backlogBytes: this.#journal?.backlogBytes ?? 0,
      trace: this.#trace,
    });
  }

  /** Answers what has been asked, then lets everyone go. Nobody may be added any more. */
  async stop(): Promise<void> {
    clearInterval(this.#ticking);
    this.#duties?.stop();
    for (const connection of this.#connections.values()) connection.pause();
    this.#turn();
    await withDeadline(this.#journal?.close(), stopMsMax);
    this.#turn();
    this.#journal = undefined;
    const open = [...this.#connections.values()];
    for (const connection of open) connection.end();
    await withDeadline(Promise.all(open.map(({ gone }) => gone)), goodbyeMsMax);
    for (const connection of open) connection.destroy();
  }

  #step(event: ReplicaEvent, nowMs = Date.now()): void {
    this.#stepMs = nowMs;
    this.#replica.step(event, nowMs);
    this.#turnSoon(nowMs);
  }

  #turnSoon(now: number): void {
    if (this.#turnDue) return;
    this.#turnDue = true;
    this.#turnBegunMs = now;
    setImmediate(this.#perform);
  }

  /** Performs the outbox, in the order that its type lays down. */
  #turn(): void {
    this.#turnDue = false;
    this.#turnBegunMs = this.#stepMs;
    const { outbox } = this.#replica;
    const journal = this.#journal;
    if (journal === undefined || this.#word === 'broken') return;
    const duties = this.#duties;
    if (duties?.keep(outbox) === 'not_kept') {
      this.#word = 'broken';
      return;
    }
    if (outbox.entries.length > 0) journal.append(outbox.entries);
    duties?.send(outbox.zab);
    for (const [id, writer] of outbox.replies) {
      if (this.#connections.get(id)?.send(writer.view()) !== 'under_way') outbox.reuse(writer);
    }
    for (const id of outbox.closing) this.#connections.get(id)?.end();
    for (const id of outbox.stalled) this.#waiting.add(id);
    for (const note of outbox.notes) this.#note(note);
    for (const note of outbox.audit) this.#audit?.(note);
    outbox.clear();
    duties?.wakeIn(this.#replica.wakeInMs);
    if (journal.snapshotDue && this.#replica.isSettled) void journal.snapshot(this.#replica.snapshot());
    if (this.#waiting.size > 0) this.#wake();
  }

  #note(note: SessionNote | QuotaNote): void {
    if (note.kind === 'beyond_quota') return this.logger.warn({ ...note.excess }, BEYOND_QUOTA[note.excess.limit]);
    const { kind, session, connection: id } = note;
    if (kind === 'expired') this.totals.sessionsExpired += 1;
    else if (kind === 'denied') this.totals.authFailures += 1;
    const connection = id === undefined ? undefined : this.#connections.get(id);
    const client = connection === undefined ? undefined : `${connection.address}:${connection.port}`;
    const facts = { session: `0x${session}`, client };
    if (kind === 'over_watched') this.complaints.warn(facts, 'client closed: of too many watches it has the most');
    else if (kind === 'denied') this.complaints.warn(facts, 'client closed: it did not prove who it is');
    else this.logger.debug(facts, `session ${kind}`);
  }

  /** Lets those who wait go on, each in its turn: who must wait again comes after all the others. */
  #wake(): void {
    for (const id of [...this.#waiting]) {
      if (this.#stepMs - this.#turnBegunMs >= turnMsMax) return;
      this.#waiting.delete(id);
      this.#connections.get(id)?.resume();
    }
  }

  #tick(): void {
    this.#step({ kind: 'tick' });
    const silentSince = Date.now() - greetingTicksMax * this.#config.tickMs;
    for (const connection of this.#connections.values()) {
      if (connection.conversation.begun || connection.sinceMs >= silentSince) continue;
      this.totals.silentConnections += 1;
      connection.destroy();
    }
  }
}

/** Waits for `promise`, but not for ever: who stops wants to stop. */
async function withDeadline(promise: Promise<unknown> | undefined, deadlineMs: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise((resolve) => {
    timer = setTimeout(resolve, deadlineMs);
  });
  await Promise.race([promise, deadline]);
  clearTimeout(timer);
}
