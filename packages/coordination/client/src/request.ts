import { type ErrorName, type OpName, ops } from '@reeve/wire';
import { type ClientErrorCode, clientError, type Outcome } from './client-error.ts';

/** What a request is, before it is made: an operation, its body, and what its answer becomes. */
export interface Call<T> {
  readonly op: OpName;
  readonly body: unknown;
  /** The path as the caller gave it, for messages. */
  readonly path?: string | undefined;
  /** Turns the decoded reply into what the caller gets; may throw a `ClientError`. */
  readonly finish: (reply: never) => T;
  /** A refusal that is an answer: the caller gets `undefined`. */
  readonly undefinedAt?: ErrorName | undefined;
  /** Called when the answer is there, in the order of the server and before anyone sees it. */
  readonly answered?: ((error: ErrorName) => void) | undefined;
  /** Called instead when nobody waits for the answer any more. */
  readonly answeredLate?: ((error: ErrorName) => void) | undefined;
}

// These change nothing that a second time would change again, so they outlive the connection they were sent on.
const repeatableWrites: ReadonlySet<OpName> = new Set(['sync', 'addWatch', 'removeWatches']);

/** One request on its way, from the call to the answer. */
export class Request {
  readonly call: Call<unknown>;
  /** When it fails, by the client's clock. */
  readonly deadline: number;
  /** The number of the operation in the wire. */
  readonly code: number;
  xid = 0;
  /** When it was handed to the socket, or a little before. */
  sentAt = 0;
  /** How many connections were lost when it was its turn to be answered, and nothing of an answer was there. */
  losses = 0;
  /** How many of these the server has closed in an orderly way. */
  closings = 0;
  phase: 'waiting' | 'sent' | 'settled' = 'waiting';
  /** Called once when it is settled. */
  onSettled: (() => void) | undefined;
  readonly #resolve: (value: never) => void;
  readonly #reject: (error: unknown) => void;

  constructor(
    call: Call<unknown>,
    deadline: number,
    settle: { readonly resolve: (value: never) => void; readonly reject: (error: unknown) => void },
  ) {
    this.call = call;
    this.deadline = deadline;
    this.code = ops[call.op].code;
    this.#resolve = settle.resolve;
    this.#reject = settle.reject;
  }

  /** Whether it may be sent again on another connection. */
  get repeatable(): boolean {
    return ops[this.call.op].kind === 'read' || repeatableWrites.has(this.call.op);
  }

  succeed(reply: unknown): void {
    if (this.phase === 'settled') return;
    this.#settled();
    try {
      this.#resolve(this.call.finish(reply as never) as never);
    } catch (error) {
      this.#reject(error);
    }
  }

  /** Ends it with an error of the client; `detail` replaces what the code says by itself. */
  fail(code: ClientErrorCode, detail?: string): void {
    this.#fail(code, this.phase === 'sent' && !this.repeatable ? 'unknown' : 'failed', detail);
  }

  /** Ends it with the server's refusal. */
  refuse(name: Exclude<ErrorName, 'ok'>, detail?: string): void {
    if (name !== this.call.undefinedAt) {
      // The connection between the servers was lost: the one that answers does not know either.
      const lost = name === 'connection_loss' || name === 'operation_timeout' || name === 'request_timeout';
      this.#fail(name === 'unimplemented' ? 'engine_unsupported' : name, lost ? 'unknown' : 'failed', detail);
      return;
    }
    if (this.phase === 'settled') return;
    this.#settled();
    this.#resolve(undefined as never);
  }

  #fail(code: ClientErrorCode, outcome: Outcome, detail: string | undefined): void {
    if (this.phase === 'settled') return;
    this.#settled();
    const { op, path } = this.call;
    this.#reject(clientError({ code, outcome, op, ...(path !== undefined && { path }) }, detail));
  }

  #settled(): void {
    this.phase = 'settled';
    this.onSettled?.();
  }
}
