import { type Logger, unreachable } from '@reeve/base';
import type { TaskError } from '@reeve/tasks';
import { Ledger } from '../ledger.ts';
import type { AbortReason, Finished, FromRunner, RunnerSettings } from '../message.ts';
import { abortError, timeoutError } from '../runner/attempt.ts';
import type { Execution, ExecutionEnd } from './execution.ts';
import { exitError } from './exit-error.ts';
import { type RunnerExit, RunnerProcess } from './runner-process.ts';

/** So many attempts may stand in a runner's inbox. */
const INBOX_MAX = 64;

/** Attempts that are expected to run longer than this, milliseconds, are sent one by one. */
const SHORT_MS = 5;

/** Without news for so long, milliseconds, a runner is asked through its ledger. */
const STALL_MS = 50;

/** What a slot is made of. */
export interface HandlerSlotOptions {
  readonly entry: URL;
  readonly settings: RunnerSettings;
  readonly memoryMaxMb: number | undefined;
  readonly leaseMs: number;
  readonly logger: Logger;
  readonly events: HandlerSlotEvents;
}

/** What a slot tells the pool. */
interface HandlerSlotEvents {
  ready(handlers: readonly string[]): void;
  unloadable(module: string, message: string): void;
  ended(execution: Execution, end: ExecutionEnd, ms: number): void;
  /** Executions that certainly have not started, to be run elsewhere. */
  returned(executions: readonly Execution[]): void;
  /** The last of its events. */
  gone(slot: HandlerSlot, exit: RunnerExit): void;
}

interface Sent {
  readonly n: number;
  readonly execution: Execution;
  readonly expectedMs: number;
  startedAt: number | undefined;
}

/** One runner of handlers, and what it has been sent. Its inbox is worked off in order, so only the head can run. */
export class HandlerSlot {
  readonly #options: HandlerSlotOptions;
  readonly #ledger = new Ledger();
  readonly #runner: RunnerProcess;
  readonly #inbox: Sent[] = [];
  #state: 'starting' | 'ready' | 'gone' = 'starting';
  #wasReady = false;
  #sent = 0;
  #backlogMs = 0;
  /** When the head became the head: it started then, or up to a report's delay before. */
  #headMs = 0;
  #newsMs = 0;
  /** The head was asked to stop, then. */
  #aborted: { readonly error: TaskError; readonly atMs: number } | undefined;
  /** Why we killed the runner. */
  #killedFor: TaskError | undefined;

  constructor(options: HandlerSlotOptions) {
    this.#options = options;
    this.#runner = new RunnerProcess({
      entry: options.entry,
      settings: options.settings,
      ...(options.memoryMaxMb === undefined ? {} : { memoryMaxMb: options.memoryMaxMb }),
      ledger: this.#ledger.descriptor,
      leaseMs: options.leaseMs,
      logger: options.logger,
      onReport: (report) => this.#onReport(report),
      onExit: (exit) => this.#onExit(exit),
    });
  }

  get state(): 'starting' | 'ready' | 'gone' {
    return this.#state;
  }

  /** Whether its runner has loaded the handlers, ended since or not. */
  get wasReady(): boolean {
    return this.#wasReady;
  }

  /** How many executions it has. */
  get length(): number {
    return this.#inbox.length;
  }

  /** How long what it has is expected to take, milliseconds: infinite when nothing may stand behind what runs. */
  get backlogMs(): number {
    return this.#backlogMs;
  }

  /** Whether its inbox takes no more for now. */
  get isFull(): boolean {
    return this.#inbox.length >= INBOX_MAX;
  }

  /** Puts an execution into the inbox; `flush` sends it. */
  push(execution: Execution, expectedMs: number): void {
    const { taskId, queue, attempt, workerId, fence, timeoutMs, work } = execution;
    this.#sent += 1;
    const n = this.#sent;
    if (this.#inbox.length === 0) this.#newHead();
    this.#inbox.push({ n, execution, expectedMs, startedAt: undefined });
    this.#backlogMs += expectedMs < SHORT_MS ? expectedMs : Number.POSITIVE_INFINITY;
    this.#runner.send({ kind: 'run', n, taskId, queue, attempt, workerId, fence, timeoutMs, work });
  }

  flush(): void {
    this.#runner.flush();
  }

  renewLease(leaseMs: number): void {
    this.#runner.renewLease(leaseMs);
  }

  /** Stops an execution if it has it: what is not running is taken out, what runs is asked, and later made, to end. */
  abort(execution: Execution, reason: AbortReason): 'aborting' | 'unknown' {
    if (!this.#inbox.some((sent) => sent.execution === execution)) return 'unknown';
    const unstarted = this.takeBack();
    const others = unstarted.filter((one) => one !== execution);
    if (others.length > 0) this.#options.events.returned(others);
    if (others.length < unstarted.length) {
      this.#options.events.ended(execution, { kind: 'failed', error: abortError(reason), hope: 'retry' }, 0);
    } else if (this.#inbox[0]?.execution === execution) this.#abortHead(reason);
    return 'aborting';
  }

  /** Stops whatever runs here. */
  abortAny(reason: AbortReason): void {
    if (this.#inbox.length > 0) this.#abortHead(reason);
  }

  /** Takes back what has not started. The runner cannot start it any more, even if its event loop is blocked. */
  takeBack(): readonly Execution[] {
    if (this.#inbox.length === 0) return [];
    this.#ledger.revoke(this.#sent);
    this.#readLedger();
    const kept = this.#inbox[0]?.startedAt === undefined ? 0 : 1;
    // What runs now may run for long: nothing is put behind it again.
    this.#backlogMs = kept === 0 ? 0 : Number.POSITIVE_INFINITY;
    return this.#inbox.splice(kept).map((sent) => sent.execution);
  }

  /** Looks after a runner that has been silent: frees what waits behind a long attempt, ends one whose time is up. */
  sweep(nowMs: number): void {
    if (this.#inbox.length === 0 || nowMs - this.#newsMs < STALL_MS) return;
    if (this.#inbox.length > 1) {
      const unstarted = this.takeBack();
      if (unstarted.length > 0) this.#options.events.returned(unstarted);
    }
    const overdue = this.#overdue(nowMs);
    if (overdue === undefined) return;
    // It may have ended meanwhile, and be unable to say so.
    const head = this.#inbox[0];
    this.#readLedger();
    if (this.#inbox[0] !== head) return;
    this.#killedFor = overdue;
    this.#runner.kill();
  }

  /** Lets the runner end when it is idle. */
  release(): void {
    this.#runner.release();
  }

  kill(reason: AbortReason): void {
    this.#killedFor ??= abortError(reason);
    this.#runner.kill();
  }

  #abortHead(reason: AbortReason): void {
    const [head] = this.#inbox;
    if (head === undefined || this.#aborted !== undefined) return;
    this.#aborted = { error: abortError(reason), atMs: performance.now() };
    this.#runner.send({ kind: 'abort', n: head.n, reason });
    this.#runner.flush();
  }

  #overdue(nowMs: number): TaskError | undefined {
    const { graceMs } = this.#options.settings;
    const timeoutMs = this.#inbox[0]?.execution.timeoutMs ?? 0;
    if (timeoutMs > 0 && nowMs > this.#headMs + timeoutMs + graceMs) return timeoutError(timeoutMs);
    if (this.#aborted !== undefined && nowMs > this.#aborted.atMs + graceMs) return this.#aborted.error;
    return undefined;
  }

  #newHead(): void {
    this.#headMs = performance.now();
    this.#newsMs = this.#headMs;
    this.#aborted = undefined;
    if (this.#inbox.length === 0) this.#backlogMs = 0;
  }

  #readLedger(): void {
    for (const report of this.#ledger.read()) this.#onReport(report);
  }

  #onReport(report: FromRunner): void {
    switch (report.kind) {
      case 'ready':
        this.#state = 'ready';
        this.#wasReady = true;
        return this.#options.events.ready(report.handlers);
      case 'unloadable':
        return this.#options.events.unloadable(report.module, report.message);
      case 'note':
        return this.#options.logger.warn({ runner: this.#runner.pid, taskId: report.taskId }, report.message);
      case 'started':
        if (this.#inbox[0]?.n === report.n) this.#inbox[0].startedAt = report.at;
        return;
      case 'declined':
        return this.#onDeclined(report.n);
      case 'succeeded':
      case 'failed':
        return this.#onFinished(report);
      default:
        return unreachable(report);
    }
  }

  // What the pipe brings may have been in the ledger before, and what was taken back is not here any more.
  #onFinished(report: Finished): void {
    if (this.#inbox[0]?.n !== report.n) return;
    const { execution, expectedMs } = this.#inbox.shift() as Sent;
    this.#backlogMs -= expectedMs;
    this.#newHead();
    this.#options.events.ended(execution, endOf(report), report.ms);
  }

  #onDeclined(n: number): void {
    if (this.#inbox[0]?.n !== n) return;
    const { execution, expectedMs } = this.#inbox.shift() as Sent;
    const error = this.#aborted?.error;
    this.#backlogMs -= expectedMs;
    this.#newHead();
    // What was taken back to be aborted, just as it was about to start, must not start elsewhere.
    if (error === undefined) this.#options.events.returned([execution]);
    else this.#options.events.ended(execution, { kind: 'failed', error, hope: 'retry' }, 0);
  }

  #onExit(exit: RunnerExit): void {
    this.#state = 'gone';
    this.#readLedger();
    this.#ledger.close();
    const [head] = this.#inbox;
    const victim = head?.startedAt === undefined ? undefined : this.#inbox.shift();
    const { events, memoryMaxMb } = this.#options;
    events.returned(this.#inbox.splice(0).map((sent) => sent.execution));
    if (victim !== undefined) {
      const error = this.#killedFor ?? exitError(exit, memoryMaxMb);
      const startedAt = victim.startedAt ?? Date.now();
      const ranMs = performance.now() - this.#headMs;
      events.ended(victim.execution, { kind: 'failed', error, hope: 'retry', startedAt }, ranMs);
    }
    events.gone(this, exit);
  }
}

function endOf(report: Finished): ExecutionEnd {
  if (report.kind === 'failed') {
    return { kind: 'failed', error: report.error, hope: report.hope, startedAt: report.at };
  }
  return { kind: 'succeeded', result: report.result, startedAt: report.at };
}
