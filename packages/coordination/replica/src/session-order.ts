import { invariant } from '@reeve/base';
import type { Answering } from './answering.ts';
import type { Barrier, Connection, Forwarded, Proposal, Question, Refusal, Waiting } from './connection.ts';
import type { Connections } from './connections.ts';
import type { Outbox } from './outbox.ts';

/** Bytes of answers in one turn after which the other requests that waited with them wait for a later one. */
const ANSWER_BYTES_PER_TURN = 1024 * 1024;
/** Bytes of answers that cannot wait, of one connection and of all, above which a connection is closed instead. */
const HURRIED_BYTES_MAX = 16 * 1024 * 1024;
const HURRIED_BYTES_OF_ALL_MAX = 256 * 1024 * 1024;

/** What orders answers, and who they are for. */
export interface SessionOrderParts {
  readonly answering: Answering;
  readonly connections: Connections;
  readonly outbox: Outbox;
}

/**
 * Answers in the order of requests: what can be answered at once is, unless a write of the same connection is still
 * outstanding; then it waits behind it, and sees what it did.
 */
export class SessionOrder {
  readonly #answering: Answering;
  readonly #connections: Connections;
  readonly #outbox: Outbox;

  constructor({ answering, connections, outbox }: SessionOrderParts) {
    this.#answering = answering;
    this.#connections = connections;
    this.#outbox = outbox;
  }

  /** Answers now, or in its turn. */
  serve(connection: Connection, item: Question | Refusal): void {
    if (connection.waiting.length === 0) this.#answer(connection, item);
    else this.wait(connection, item.kind === 'question' ? { ...item, asker: connection.asNow() } : item);
  }

  /** Refuses a write while the journal takes none. */
  refuseReadOnly(connection: Connection, xid: number): void {
    this.serve(connection, { kind: 'refusal', xid, error: 'not_read_only', next: 'stay' });
  }

  /** Refuses an operation that does not exist, after which ZooKeeper closes the connection. */
  refuseAndLeave(connection: Connection, xid: number): void {
    connection.phase = 'leaving';
    this.serve(connection, { kind: 'refusal', xid, error: 'unimplemented', next: 'close' });
  }

  /** Puts an item behind what its connection waits for already. */
  wait(connection: Connection, item: Waiting): void {
    if (!connection.waiting.offer(item)) this.#connections.close(connection);
  }

  /** Answers a write that was applied just now, for which `item` has waited, and what has waited behind it. */
  settle(connection: Connection, proposal: Proposal, item: Proposal | Forwarded): void {
    if (connection.phase === 'closed') return;
    invariant(connection.waiting.take() === item, 'answers are in the order of requests');
    if (proposal.op === 'connect') this.#answering.welcome(connection, 'opened');
    else this.#answering.outcome(connection, proposal);
    this.#drain(connection);
  }

  /** Answers a sync whose barrier has been reached. */
  pass(barrier: Barrier): void {
    const { connection } = barrier;
    if (barrier.phase === 'passed') return;
    this.hurry(connection, barrier);
    if (connection.phase === 'closed') return;
    invariant(connection.waiting.take() === barrier, 'answers are in the order of requests');
    this.#pass(barrier);
    this.#drain(connection);
  }

  /** Goes on answering a connection that was stalled. */
  resume(connection: Connection): void {
    if (connection.answers !== 'stalled') return;
    connection.answers = 'flowing';
    this.#drain(connection);
  }

  /**
   * Answers at once what a connection has asked before `item`, of which it is its turn: before a write that is about to
   * happen, so that it is not seen by what came before it.
   */
  hurry(connection: Connection, item: Waiting): void {
    if (connection.waiting.peek() === item) return;
    connection.answers = 'flowing';
    let bytes = 0;
    for (let next = connection.waiting.peek(); next !== item; next = connection.waiting.peek()) {
      const isTooMuch = bytes > HURRIED_BYTES_MAX || this.#outbox.hurriedBytes > HURRIED_BYTES_OF_ALL_MAX;
      if (isTooMuch || connection.phase === 'closed') return this.#connections.close(connection);
      connection.waiting.take();
      if (next?.kind === 'barrier') bytes = this.#pass(next);
      else if (isAnswerable(next)) bytes = this.#answer(connection, next);
      else return invariant(false, 'writes are committed in the order of requests');
    }
    this.#outbox.hurriedBytes += bytes;
  }

  #pass(barrier: Barrier): number {
    barrier.phase = 'passed';
    return this.#answering.barrier(barrier);
  }

  #drain(connection: Connection): void {
    let bytes = 0;
    for (let item = connection.waiting.peek(); isAnswerable(item); item = connection.waiting.peek()) {
      if (bytes > ANSWER_BYTES_PER_TURN) {
        connection.answers = 'stalled';
        this.#outbox.stalled.push(connection.id);
        return;
      }
      connection.waiting.take();
      bytes = this.#answer(connection, item);
    }
  }

  /** Says how much the connection gets in this turn by now, as far as it matters, bytes. */
  #answer(connection: Connection, item: Question | Refusal): number {
    if (item.kind === 'question') return this.#answering.question(connection, item);
    this.#answering.refusal(connection, item);
    if (item.next === 'close') this.#connections.close(connection);
    return 0;
  }
}

function isAnswerable(item: Waiting | undefined): item is Question | Refusal {
  return item !== undefined && (item.kind === 'question' || item.kind === 'refusal');
}
