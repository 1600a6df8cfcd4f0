import type { Logger } from '@reeve/base';
import type { Journal, LogFault, LogListener } from '@reeve/journal';
import type { ConnectionId, Replica, ReplicaEvent, SessionNote } from '@reeve/replica';
import type { ClientConnection, ConnectionHost } from './client-connection.ts';
import type { CoordinatorConfig } from './config.ts';
import { answer, type CoordinatorFacts, type FourLetterWord } from './four-letter-words.ts';
import { Totals } from './traffic.ts';

/** Reply bytes of one connection in one turn above which its next requests wait for a later one. */
const replyBytesPerTurn = 1024 * 1024;
/** Log bytes waiting for the disk above which every request waits. */
const backlogBytesMax = 32 * 1024 * 1024;
/** How often in a tick the replica is told that time passed. */
const stepsPerTick = 4;
/** How long a client may take for its first bytes. */
const greetingTicksMax = 5;
/** How long stopping waits for the disk, and then for clients to read their last bytes. */
const stopMsMax = 10_000;
const goodbyeMsMax = 1_000;

/** What a member is made of. */
export interface MemberParts {
  readonly config: CoordinatorConfig;
  readonly replica: Replica;
  readonly logger: Logger;
}

/**
 * The loop around a replica: steps whatever happens, and performs the outbox once per turn of the event loop, so that
 * everything that arrives in one turn shares one sync and one write per socket.
 */
export class Member implements LogListener, ConnectionHost {
  readonly logger: Logger;
  readonly frameBytesMax: number;
  readonly totals = new Totals();
  /** Where clients connect. */
  port = 0;
  readonly #config: CoordinatorConfig;
  readonly #replica: Replica;
  readonly #connections = new Map<ConnectionId, ClientConnection>();
  /** Connections whose next frame waits for a later turn. */
  readonly #waiting = new Set<ConnectionId>();
  readonly #perform = () => this.#turn();
  readonly #startedMs = Date.now();
  #journal: Journal | undefined;
  #turnDue = false;
  #ticking: NodeJS.Timeout | undefined;

  constructor({ config, replica, logger }: MemberParts) {
    this.#config = config;
    this.#replica = replica;
    this.logger = logger;
    this.frameBytesMax = config.frameBytesMax;
  }

  /** Begins, with what the journal gave back. */
  start(journal: Journal): void {
    this.#replica.start();
    this.#journal = journal;
    this.#ticking = setInterval(() => this.#tick(), Math.max(1, this.#config.tickMs / stepsPerTick));
  }

  add(connection: ClientConnection): void {
    this.#connections.set(connection.id, connection);
  }

  opened(connection: ClientConnection): void {
    this.#step({ kind: 'opened', connection: connection.id, address: connection.address });
  }

  frame(connection: ConnectionId, bytes: Buffer, start: number, end: number): void {
    this.#step({ kind: 'frame', connection, bytes, start, end });
  }

  answer(word: FourLetterWord): Promise<string> {
    return answer(word, this.#facts());
  }

  mustWait(connection: ConnectionId): boolean {
    const replies = this.#replica.outbox.replies.get(connection);
    const mayGoOn =
      (replies === undefined || replies.length < replyBytesPerTurn) &&
      !this.#replica.congested(connection) &&
      (this.#journal?.backlogBytes ?? 0) < backlogBytesMax;
    if (!mayGoOn) this.#waiting.add(connection);
    return !mayGoOn;
  }

  closed(connection: ClientConnection): void {
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

  /** Answers what has been asked, then lets everyone go. Nobody may be added any more. */
  async stop(): Promise<void> {
    clearInterval(this.#ticking);
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

  #step(event: ReplicaEvent): void {
    this.#replica.step(event, Date.now());
    if (this.#turnDue) return;
    this.#turnDue = true;
    setImmediate(this.#perform);
  }

  /** Performs the outbox, in the order that its type lays down. */
  #turn(): void {
    this.#turnDue = false;
    const { outbox } = this.#replica;
    const journal = this.#journal;
    if (journal === undefined) return;
    if (outbox.entries.length > 0) journal.append(outbox.entries);
    for (const [id, writer] of outbox.replies) this.#connections.get(id)?.send(writer.take());
    for (const id of outbox.closing) this.#connections.get(id)?.end();
    for (const note of outbox.notes) this.#note(note);
    outbox.clear();
    if (journal.snapshotDue) void journal.snapshot(this.#replica.snapshot());
    if (this.#waiting.size > 0) this.#wake();
  }

  #note({ kind, session, connection: id }: SessionNote): void {
    if (kind === 'expired') this.totals.sessionsExpired += 1;
    const connection = id === undefined ? undefined : this.#connections.get(id);
    const client = connection === undefined ? undefined : `${connection.address}:${connection.port}`;
    this.logger.debug({ session: `0x${session}`, client }, `session ${kind}`);
  }

  #facts(): CoordinatorFacts {
    const status = this.#replica.status();
    const statuses = new Map([...status.eachConnection()].map((one) => [one.id, one] as const));
    const connections = [...this.#connections.values()].map((connection) => {
      const { address, port, sinceMs, conversation } = connection;
      return { address, port, sinceMs, conversation, status: statuses.get(connection.id) };
    });
    const uptimeMs = Date.now() - this.#startedMs;
    return { config: this.#config, port: this.port, uptimeMs, totals: this.totals, status, connections };
  }

  #wake(): void {
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const id of waiting) this.#connections.get(id)?.resume();
  }

  #tick(): void {
    this.#step({ kind: 'tick' });
    const silentSince = Date.now() - greetingTicksMax * this.#config.tickMs;
    for (const connection of this.#connections.values()) {
      if (!connection.greeted && connection.sinceMs < silentSince) connection.destroy();
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
