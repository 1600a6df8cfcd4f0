import type { RequestOptions } from '@reeve/client';
import { onAbort } from './on-abort.ts';
import { ReeveError } from './reeve-error.ts';

/** How long an operation may take, and who may call it off. */
export interface CallOptions {
  /** Fires to give up: the operation rejects with `aborted`. */
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds until it rejects with `deadline_exceeded`. */
  readonly timeoutMs?: number | undefined;
}

/** The longest that setTimeout can wait. */
const TIMER_MS_MAX = 2 ** 31 - 1;

/** One operation under way, and what ends it: its deadline, its caller, or `close()`. */
export class Call {
  /** Resolves when the operation is over; `check` then throws. */
  readonly over: Promise<void>;
  readonly #timeoutMs: number;
  readonly #deadline: number;
  readonly #caller: AbortSignal | undefined;
  readonly #closed: AbortSignal;
  readonly #release: readonly (() => void)[];
  readonly #timer: NodeJS.Timeout | undefined;

  constructor({ signal, timeoutMs = Number.POSITIVE_INFINITY }: CallOptions, closed: AbortSignal) {
    this.#timeoutMs = timeoutMs;
    this.#deadline = Date.now() + timeoutMs;
    this.#caller = signal;
    this.#closed = closed;
    const { promise, resolve } = deferred();
    this.over = promise;
    if (Number.isFinite(timeoutMs)) this.#timer = setTimeout(resolve, Math.min(timeoutMs, TIMER_MS_MAX));
    this.#release = [closed, ...(signal === undefined ? [] : [signal])].map((ending) => onAbort(ending, resolve));
    // One that has fired already tells nobody any more.
    if (closed.aborted || signal?.aborted === true) resolve();
  }

  /** What a request of this operation is told. */
  get request(): RequestOptions {
    const remainingMs = Math.max(1, this.#deadline - Date.now());
    return {
      ...(this.#caller === undefined ? {} : { signal: this.#caller }),
      ...(Number.isFinite(remainingMs) ? { timeoutMs: remainingMs } : {}),
    };
  }

  /** Throws when the operation is over: closed, called off, or out of time. */
  check(cause?: unknown): void {
    const options = cause === undefined ? {} : { cause };
    if (this.#closed.aborted) throw new ReeveError({ code: 'closed' }, 'the connection to Reeve was closed', options);
    if (this.#caller?.aborted === true) throw new ReeveError({ code: 'aborted' }, 'it was called off', options);
    if (Date.now() < this.#deadline) return;
    throw new ReeveError({ code: 'deadline_exceeded' }, `it did not happen within ${this.#timeoutMs} ms`, options);
  }

  /** Waits `ms`, or until the operation is over. */
  async pause(ms: number): Promise<void> {
    const { promise, resolve } = deferred();
    const timer = setTimeout(resolve, ms);
    await Promise.race([promise, this.over]);
    clearTimeout(timer);
  }

  /** Lets go of timer and signals; for the end of every operation. */
  dispose(): void {
    clearTimeout(this.#timer);
    for (const release of this.#release) release();
  }
}

/** A promise and what resolves it. */
export function deferred(): { readonly promise: Promise<void>; readonly resolve: () => void } {
  let resolve: () => void = () => {};
  const promise = new Promise<void>((fulfil) => {
    resolve = fulfil;
  });
  return { promise, resolve };
}
