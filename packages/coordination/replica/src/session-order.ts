import { invariant } from '@reeve/base';
import type { Answering } from './answering.ts';
import type { Barrier, Connection, Proposal, Question, Refusal, Waiting } from './connection.ts';
import type { Connections } from './connections.ts';

/**
 * Answers in the order of requests: what can be answered at once is, unless a write of the same connection is still
 * outstanding; then it waits behind it, and sees what it did.
 */
export class SessionOrder {
  readonly #answering: Answering;
  readonly #connections: Connections;

  constructor(answering: Answering, connections: Connections) {
    this.#answering = answering;
    this.#connections = connections;
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

  /** Answers a write that was applied just now, and what has waited behind it. */
  settle(connection: Connection, proposal: Proposal): void {
    if (connection.phase === 'closed') return;
    invariant(connection.waiting.take() === proposal, 'answers are in the order of requests');
    if (proposal.op === 'connect') this.#answering.welcome(connection, 'opened');
    else this.#answering.outcome(connection, proposal);
    this.#drain(connection);
  }

  /** Answers a sync whose barrier has been reached. */
  pass(barrier: Barrier): void {
    const { connection } = barrier;
    if (connection.phase === 'closed') return;
    invariant(connection.waiting.take() === barrier, 'answers are in the order of requests');
    this.#answering.barrier(barrier);
    this.#drain(connection);
  }

  #drain(connection: Connection): void {
    for (let item = connection.waiting.peek(); isAnswerable(item); item = connection.waiting.peek()) {
      connection.waiting.take();
      this.#answer(connection, item);
    }
  }

  #answer(connection: Connection, item: Question | Refusal): void {
    if (item.kind === 'question') return this.#answering.question(connection, item);
    this.#answering.refusal(connection, item);
    if (item.next === 'close') this.#connections.close(connection);
  }
}

function isAnswerable(item: Waiting | undefined): item is Question | Refusal {
  return item !== undefined && (item.kind === 'question' || item.kind === 'refusal');
}
