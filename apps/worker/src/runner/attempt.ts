import type { TaskContext } from '@reeve/sdk/handlers';
import type { TaskError, TaskId } from '@reeve/tasks';
import type { AbortReason, Hope, RunOrder } from '../message.ts';

/** What an attempt came to, as the runner sees it. */
export type Outcome =
  | { readonly kind: 'succeeded'; readonly result: unknown }
  | { readonly kind: 'failed'; readonly error: TaskError; readonly hope: Hope };

/** An attempt that has started: what its handler is told, and its one way to end. */
export class Attempt implements TaskContext {
  readonly order: RunOrder;
  readonly startedAt: number;
  readonly taskId: TaskId;
  readonly queue: string;
  readonly attempt: number;
  readonly workerId: string;
  readonly fence: number;
  readonly #startedMs = performance.now();
  /** Made when somebody asks for the signal: most handlers do not. */
  #controller: AbortController | undefined;
  #aborted: TaskError | undefined;
  #onEnd: ((outcome: Outcome) => void) | undefined;
  #outcome: Outcome | undefined;

  constructor(order: RunOrder, startedAt: number) {
    this.order = order;
    this.startedAt = startedAt;
    this.taskId = order.taskId;
    this.queue = order.queue;
    this.attempt = order.attempt;
    this.workerId = order.workerId;
    this.fence = order.fence;
  }

  get signal(): AbortSignal {
    this.#controller ??= new AbortController();
    if (this.#aborted !== undefined) this.#controller.abort(reasonOf(this.#aborted));
    return this.#controller.signal;
  }

  get ended(): boolean {
    return this.#outcome !== undefined;
  }

  get ranMs(): number {
    return Math.round((performance.now() - this.#startedMs) * 1000) / 1000;
  }

  /** Asks the handler to stop. Whatever it answers from now on, this is how the attempt ends. */
  abort(error: TaskError): void {
    if (this.#aborted !== undefined) return;
    this.#aborted = error;
    this.#controller?.abort(reasonOf(error));
  }

  /** Ends the attempt, once: what comes later is ignored. */
  end(outcome: Outcome): void {
    if (this.#outcome !== undefined) return;
    this.#outcome = this.#aborted === undefined ? outcome : { kind: 'failed', error: this.#aborted, hope: 'retry' };
    this.#onEnd?.(this.#outcome);
  }

  /** Waits for the end. */
  outcome(): Outcome | Promise<Outcome> {
    if (this.#outcome !== undefined) return this.#outcome;
    return new Promise((resolve) => {
      this.#onEnd = resolve;
    });
  }
}

function reasonOf(error: TaskError): DOMException {
  return new DOMException(error.message, error.code === 'timed_out' ? 'TimeoutError' : 'AbortError');
}

/** The error of an attempt that was asked to stop. */
export function abortError(reason: AbortReason): TaskError {
  switch (reason) {
    case 'cancelled':
      return { code: 'cancelled', message: 'the task was cancelled' };
    case 'session_lost':
      return { code: 'worker_lost', message: 'the worker lost its session' };
    case 'draining':
      return { code: 'worker_lost', message: 'the worker was stopped before the attempt had ended' };
  }
}

/** The error of an attempt whose time is up. */
export function timeoutError(timeoutMs: number): TaskError {
  return { code: 'timed_out', message: `it ran longer than its time-out of ${timeoutMs} ms` };
}
