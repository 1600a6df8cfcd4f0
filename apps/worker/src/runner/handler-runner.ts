import { AsyncLocalStorage } from 'node:async_hooks';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { messageOf, unreachable } from '@reeve/base';
import { check, type Handler } from '@reeve/sdk/handlers';
import type { LedgerWriter } from '../ledger.ts';
import type { RunnerSettings, RunOrder, ToRunner } from '../message.ts';
import { Attempt, abortError, type Outcome, timeoutError } from './attempt.ts';
import type { Reporter } from './reporter.ts';
import { isPointlessToRetry, taskErrorOf } from './task-error.ts';

/** How long it may run attempts without a look at what came in, milliseconds. */
const DEAF_MS_MAX = 5;

/** What a runner of handlers is made of. */
export interface HandlerRunnerParts {
  readonly handlers: ReadonlyMap<string, Handler>;
  readonly reporter: Reporter;
  readonly ledger: LedgerWriter;
  readonly settings: RunnerSettings;
  /** Ends this process for good. */
  readonly leave: (exitCode: number) => never;
}

/** Runs the attempts that it is sent, one at a time, in their order. */
export class HandlerRunner {
  readonly #parts: HandlerRunnerParts;
  readonly #inbox: RunOrder[] = [];
  readonly #owner = new AsyncLocalStorage<Attempt>();
  #current: Attempt | undefined;
  #working = false;
  /** Set when a handler left this process in a doubtful state: it leaves after the attempt that runs. */
  #spoiled = false;

  constructor(parts: HandlerRunnerParts) {
    this.#parts = parts;
  }

  receive(message: ToRunner): void {
    switch (message.kind) {
      case 'run':
        this.#inbox.push(message);
        if (!this.#working) void this.#work();
        return;
      case 'abort':
        if (this.#current?.order.n === message.n) this.#current.abort(abortError(message.reason));
        return;
      default:
        unreachable(message);
    }
  }

  /** The worker is gone: stops as soon as the attempt that runs lets it. */
  orphaned(): void {
    this.#spoiled = true;
    this.#inbox.length = 0;
    if (this.#current === undefined) this.#leave(0);
    else this.#current.abort(abortError('session_lost'));
  }

  /** An exception or a rejection that nobody caught: it belongs to the attempt that caused it, ended or not. */
  uncaught(thrown: unknown, context: string): void {
    const owner = this.#owner.getStore();
    this.#spoiled = true;
    if (owner !== undefined && !owner.ended) {
      owner.end({ kind: 'failed', error: taskErrorOf(thrown, context), hope: hopeOf(thrown) });
      return;
    }
    const stack = thrown instanceof Error ? thrown.stack : undefined;
    this.#note(owner, `${context}${stack ?? messageOf(thrown)}`);
    if (this.#current === undefined) this.#leave(1);
  }

  /** User code called `process.exit`: the attempt ends, then the process; another one's attempt is not hurt. */
  exitCalled(exitCode: number): never {
    const owner = this.#owner.getStore() ?? this.#current;
    if (owner === undefined) return this.#leave(exitCode);
    if (owner !== this.#current) {
      this.#spoiled = true;
      this.#note(owner, `called process.exit(${exitCode}) after it had ended`);
      throw new LateExit();
    }
    const error = { code: 'handler_exited', message: `the handler called process.exit(${exitCode})`, exitCode };
    this.#report(owner, { kind: 'failed', error, hope: 'retry' });
    return this.#leave(exitCode);
  }

  async #work(): Promise<void> {
    this.#working = true;
    // What came in one packet is in the inbox before the first attempt starts.
    await undefined;
    let heardAt = performance.now();
    for (let order = this.#inbox.shift(); order !== undefined; order = this.#inbox.shift()) {
      await this.#attempt(order);
      if (this.#spoiled) this.#leave(0);
      if (performance.now() - heardAt < DEAF_MS_MAX) continue;
      await nextTurn();
      heardAt = performance.now();
    }
    this.#parts.reporter.flush();
    this.#working = false;
  }

  async #attempt(order: RunOrder): Promise<void> {
    const { reporter, ledger } = this.#parts;
    const attempt = new Attempt(order, Date.now());
    reporter.started(order.n, attempt.startedAt);
    if (ledger.isRevoked(order.n)) return reporter.report({ kind: 'declined', n: order.n });
    this.#current = attempt;
    const timer = order.timeoutMs > 0 ? this.#startTimer(attempt) : undefined;
    this.#start(attempt);
    const outcome = attempt.outcome();
    this.#report(attempt, outcome instanceof Promise ? await outcome : outcome);
    clearTimeout(timer);
    this.#current = undefined;
  }

  #startTimer(attempt: Attempt): NodeJS.Timeout {
    const { timeoutMs } = attempt.order;
    return setTimeout(() => attempt.abort(timeoutError(timeoutMs)), timeoutMs);
  }

  #start(attempt: Attempt): void {
    const { work } = attempt.order;
    const handler = work.kind === 'handler' ? this.#parts.handlers.get(work.handler) : undefined;
    if (handler === undefined || work.kind !== 'handler') {
      const name = work.kind === 'handler' ? work.handler : work.kind;
      const known = [...this.#parts.handlers.keys()].join(', ');
      attempt.end(failed('handler_unknown', `there is no handler ${name}; this worker has: ${known}`, 'retry'));
      return;
    }
    const plain = handler.payload === undefined && handler.result === undefined;
    this.#owner.run(attempt, plain ? runPlain : runChecked, handler, work.payload, attempt);
  }

  #report(attempt: Attempt, outcome: Outcome): void {
    const { reporter, settings } = this.#parts;
    const head = { n: attempt.order.n, at: attempt.startedAt, ms: attempt.ranMs };
    if (outcome.kind === 'failed') return reporter.report({ ...head, ...outcome });
    const recorded = recordable(outcome.result, settings.resultBytesMax);
    if (recorded.kind === 'failed') reporter.report({ ...head, ...recorded });
    else reporter.succeeded(head, recorded.json);
  }

  #note(owner: Attempt | undefined, message: string): void {
    const { reporter } = this.#parts;
    reporter.report(owner === undefined ? { kind: 'note', message } : { kind: 'note', taskId: owner.taskId, message });
  }

  #leave(exitCode: number): never {
    this.#parts.reporter.flush();
    return this.#parts.leave(exitCode);
  }
}

/** Thrown through the caller of a `process.exit` that came too late: that function must not return. */
class LateExit extends Error {
  override readonly name = 'LateExit';
}

/** Runs a handler that has no schemas, with as few promises as can be. */
function runPlain(handler: Handler, payload: unknown, attempt: Attempt): void {
  try {
    const value = handler.run(payload, attempt);
    if (isThenable(value))
      value.then(
        (result) => succeed(attempt, result),
        (thrown) => fail(attempt, thrown),
      );
    else succeed(attempt, value);
  } catch (thrown) {
    fail(attempt, thrown);
  }
}

function runChecked(handler: Handler, payload: unknown, attempt: Attempt): void {
  checkedOutcome(handler, payload, attempt).then(
    (outcome) => attempt.end(outcome),
    (thrown) => fail(attempt, thrown),
  );
}

async function checkedOutcome(handler: Handler, payload: unknown, attempt: Attempt): Promise<Outcome> {
  const input = await check(handler.payload, payload);
  if (!input.ok) return failed('payload_invalid', `the payload does not fit the handler: ${input.message}`, 'give_up');
  const output = await check(handler.result, await handler.run(input.value, attempt));
  if (!output.ok) return failed('result_invalid', `the result does not fit the handler: ${output.message}`, 'retry');
  return { kind: 'succeeded', result: output.value };
}

function succeed(attempt: Attempt, result: unknown): void {
  attempt.end({ kind: 'succeeded', result });
}

function fail(attempt: Attempt, thrown: unknown): void {
  attempt.end({ kind: 'failed', error: taskErrorOf(thrown), hope: hopeOf(thrown) });
}

type Recordable = { readonly kind: 'json'; readonly json: string | undefined } | Extract<Outcome, { kind: 'failed' }>;

/** A result as JSON; refused when it is none, or too large for a znode. */
function recordable(result: unknown, bytesMax: number): Recordable {
  try {
    const json = JSON.stringify(result) as string | undefined;
    // A character takes three bytes at most.
    const bytes = json === undefined || json.length * 3 <= bytesMax ? 0 : Buffer.byteLength(json);
    if (bytes <= bytesMax) return { kind: 'json', json };
    return failed('result_invalid', `the result has ${bytes} bytes of JSON; ${bytesMax} are allowed`, 'give_up');
  } catch (error) {
    return failed('result_invalid', `the result is no JSON: ${messageOf(error)}`, 'give_up');
  }
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function';
}

function hopeOf(thrown: unknown): 'retry' | 'give_up' {
  return isPointlessToRetry(thrown) ? 'give_up' : 'retry';
}

function failed(code: string, message: string, hope: 'retry' | 'give_up'): Extract<Outcome, { kind: 'failed' }> {
  return { kind: 'failed', error: { code, message }, hope };
}
