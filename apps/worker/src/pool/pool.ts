import { type Backoff, backoffMs, CodedError, type Logger } from '@reeve/base';
import type { TaskId } from '@reeve/tasks';
import { type AbortReason, monotonicMs, type RunnerSettings } from '../message.ts';
import { abortError } from '../runner/attempt.ts';
import { CommandHost } from './command-host.ts';
import { DurationAverages } from './duration-averages.ts';
import type { Execution, ExecutionEnd, OnEnd } from './execution.ts';
import { lastWords } from './exit-error.ts';
import { HandlerSlot } from './handler-slot.ts';
import type { RunnerExit } from './runner-process.ts';

/** How often runners are looked after, milliseconds: the precision of hard time-outs. */
const SWEEP_MS = 100;

/** So much work, milliseconds, goes to one runner before an idle one is woken: fewer packets, warmer code. */
const PACK_MS = 1;

/** Another runner is started when the work that waits would take the present ones longer than this, milliseconds. */
const BACKLOG_MS = 20;

/** Loading the handlers takes no longer than this, milliseconds. */
const LOAD_MS_MAX = 60_000;

const restartBackoff: Backoff = { baseMs: 200, factor: 2, ceilingMs: 10_000, jitter: 0.2 };

/** What a pool is made of. */
export interface PoolOptions {
  /** The most attempts that run at the same time; `resize` changes it. */
  readonly slots: number;
  readonly settings: RunnerSettings;
  readonly memoryMaxMb: number | undefined;
  readonly logger: Logger;
  readonly onEnd: OnEnd;
  /** The folder that holds the programs of the runners. */
  readonly runners?: URL;
}

/** Facts of a pool that cannot start. */
export interface PoolFacts {
  readonly code: 'handlers_unusable';
  readonly module: string;
}

/** The handlers cannot be used; the message names the file and the reason. */
export class PoolError extends CodedError<PoolFacts> {}

/** Runs executions in child processes, at most `slots` of them at a time; the others wait in their order. */
export class Pool {
  readonly #options: PoolOptions;
  readonly #runners: URL;
  readonly #averages = new DurationAverages();
  #waiting = new Map<TaskId, Execution>();
  #handlers: ReadonlySet<string> = new Set();
  readonly #slots = new Set<HandlerSlot>();
  #slotsMax: number;
  #commands: CommandHost | undefined;
  #leaseMs = Number.MAX_SAFE_INTEGER;
  #sweeper: NodeJS.Timeout | undefined;
  #dispatching = false;
  #failures = 0;
  #restartTimer: NodeJS.Timeout | undefined;
  #stopped = false;
  #onLoaded: { resolve: (handlers: readonly string[]) => void; reject: (error: PoolError) => void } | undefined;
  #onIdle: (() => void)[] = [];

  constructor(options: PoolOptions) {
    this.#options = options;
    this.#slotsMax = options.slots;
    this.#runners = options.runners ?? new URL('../runner/', import.meta.url);
  }

  /** Starts a first runner, which loads the handlers, and says their names. Rejects with a `PoolError`. */
  async start(): Promise<readonly string[]> {
    this.#sweeper = setInterval(() => this.#sweep(), SWEEP_MS);
    if (this.#options.settings.modules.length === 0) return [];
    const slot = this.#startSlot();
    const impatient = setTimeout(() => slot.kill('draining'), LOAD_MS_MAX);
    const handlers = await new Promise<readonly string[]>((resolve, reject) => {
      this.#onLoaded = { resolve, reject };
    }).finally(() => clearTimeout(impatient));
    this.#handlers = new Set(handlers);
    return handlers;
  }

  /** How many executions have been sent to runners and have not ended. */
  get busy(): number {
    let busy = this.#commands?.length ?? 0;
    for (const slot of this.#slots) busy += slot.length;
    return busy;
  }

  /** How many executions wait for a slot. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /** Runs so many attempts at the same time from now on. What runs goes on; runners that are too many stay idle. */
  resize(slots: number): void {
    this.#slotsMax = slots;
    this.#dispatchSoon();
  }

  /** Takes an execution; it starts as soon as a slot is free. */
  add(execution: Execution): void {
    this.#waiting.set(execution.taskId, execution);
    this.#dispatchSoon();
  }

  /** Stops an execution: it ends at once if it waits, and else when its handler does, or by force after the grace. */
  abort(execution: Execution, reason: AbortReason): void {
    if (this.#waiting.get(execution.taskId) === execution) {
      this.#waiting.delete(execution.taskId);
      this.#options.onEnd(execution, { kind: 'failed', error: abortError(reason), hope: 'retry' });
      this.#dispatchSoon();
      return;
    }
    for (const slot of this.#slots) if (slot.abort(execution, reason) === 'aborting') return;
    this.#commands?.abort(execution, reason);
  }

  /** Takes executions out that have been waiting since before `queuedMs`: they will not be started here. */
  takeWaiting(queuedMs: number): readonly Execution[] {
    const taken: Execution[] = [];
    for (const execution of this.#waiting.values()) {
      if (execution.queuedMs > queuedMs) break;
      taken.push(execution);
    }
    for (const { taskId } of taken) this.#waiting.delete(taskId);
    return taken;
  }

  /** Takes out everything that has not started, from the inboxes of runners too. */
  takeUnstarted(): readonly Execution[] {
    for (const slot of this.#slots) this.#requeue(slot.takeBack());
    return this.takeWaiting(Number.POSITIVE_INFINITY);
  }

  /** Forgets what has not started, and stops what runs. Resolves when nothing runs any more. */
  async abortAll(reason: AbortReason): Promise<void> {
    this.takeUnstarted();
    for (const slot of this.#slots) slot.abortAny(reason);
    this.#commands?.abortAny(reason);
    await this.idle();
  }

  /** Resolves when nothing waits and nothing runs. */
  async idle(): Promise<void> {
    if (this.#isIdle()) return;
    await new Promise<void>((resolve) => this.#onIdle.push(resolve));
  }

  /** Lets the runners live until `leaseMs` of the monotonic clock; then they end by themselves. */
  renewLease(leaseMs: number): void {
    this.#leaseMs = leaseMs;
    for (const slot of this.#slots) slot.renewLease(leaseMs);
    this.#commands?.renewLease(leaseMs);
  }

  /** Ends all runners, whatever they do. Resolves when their processes are gone. */
  async stop(): Promise<void> {
    this.#stopped = true;
    clearInterval(this.#sweeper);
    clearTimeout(this.#restartTimer);
    this.#waiting.clear();
    for (const slot of this.#slots) {
      if (slot.length === 0) slot.release();
      else slot.kill('draining');
    }
    if (this.#commands?.length === 0) this.#commands.release();
    else this.#commands?.kill();
    const impatient = setTimeout(() => {
      for (const slot of this.#slots) slot.kill('draining');
      this.#commands?.kill();
    }, this.#options.settings.graceMs);
    while (this.#slots.size > 0 || this.#commands !== undefined) {
      await new Promise<void>((resolve) => this.#onIdle.push(resolve));
    }
    clearTimeout(impatient);
  }

  #isIdle(): boolean {
    return this.#waiting.size === 0 && this.busy === 0;
  }

  // One dispatch for all that comes and ends in one turn of the event loop.
  #dispatchSoon(): void {
    if (this.#dispatching) return;
    this.#dispatching = true;
    setImmediate(() => {
      this.#dispatching = false;
      this.#dispatch();
    });
  }

  #dispatch(): void {
    for (const [taskId, execution] of this.#waiting) {
      if (!this.#place(execution)) break;
      this.#waiting.delete(taskId);
    }
    for (const slot of this.#slots) slot.flush();
    this.#commands?.flush();
    this.#startMore();
    if (this.#isIdle()) this.#announceIdle();
  }

  #place(execution: Execution): boolean {
    const { work } = execution;
    if (work.kind === 'handler') return this.#placeHandler(execution, work.handler);
    if (this.#taken() >= this.#slotsMax) return false;
    this.#commands ??= this.#startCommands();
    this.#commands.push(execution);
    return true;
  }

  #placeHandler(execution: Execution, handler: string): boolean {
    if (!this.#handlers.has(handler)) {
      const known = [...this.#handlers].join(', ');
      const error = { code: 'handler_unknown', message: `there is no handler ${handler} here; there are: ${known}` };
      this.#options.onEnd(execution, { kind: 'failed', error, hope: 'retry' });
      return true;
    }
    const expectedMs =
      execution.repeat === 'repeatable' ? this.#averages.expectedMs(handler) : Number.POSITIVE_INFINITY;
    const slot = this.#slotFor(expectedMs);
    slot?.push(execution, expectedMs);
    return slot !== undefined;
  }

  /** How many slots are in use. */
  #taken(): number {
    let taken = this.#commands?.length ?? 0;
    for (const slot of this.#slots) if (slot.length > 0) taken += 1;
    return taken;
  }

  /** A busy runner that will be free at once; else an idle one; else the one that will be free first. */
  #slotFor(expectedMs: number): HandlerSlot | undefined {
    let idle: HandlerSlot | undefined;
    let least: HandlerSlot | undefined;
    for (const slot of this.#slots) {
      if (slot.state !== 'ready' || slot.isFull) continue;
      if (slot.length === 0) idle ??= slot;
      else if (slot.backlogMs + expectedMs <= PACK_MS) return slot;
      else if (least === undefined || slot.backlogMs < least.backlogMs) least = slot;
    }
    if (idle !== undefined && this.#taken() < this.#slotsMax) return idle;
    return least !== undefined && least.backlogMs + expectedMs <= BACKLOG_MS ? least : undefined;
  }

  /** Starts one more runner when those there are cannot keep up. */
  #startMore(): void {
    const [first] = this.#waiting.values();
    if (first?.work.kind !== 'handler' || this.#stopped || this.#restartTimer !== undefined) return;
    if (this.#slots.size >= this.#slotsMax || this.#taken() >= this.#slotsMax) return;
    // Runners that start, and those that are busy with short attempts, will take what waits before long.
    let capable = 0;
    for (const slot of this.#slots) if (slot.state === 'starting' || slot.backlogMs <= BACKLOG_MS) capable += 1;
    const backlogMs = this.#waiting.size * this.#averages.expectedMs(first.work.handler);
    if (capable < this.#waiting.size && (capable === 0 || backlogMs > BACKLOG_MS * capable)) this.#startSlot();
  }

  #startSlot(): HandlerSlot {
    const { settings, memoryMaxMb, logger } = this.#options;
    const slot = new HandlerSlot({
      entry: new URL('handlers-main.js', this.#runners),
      settings,
      memoryMaxMb,
      leaseMs: this.#leaseMs,
      logger,
      events: {
        ready: (handlers) => this.#onReady(handlers),
        unloadable: (module, message) => this.#onUnloadable(module, message),
        returned: (executions) => this.#requeue(executions),
        ended: (execution, end, ms) => this.#onEnded(execution, end, ms),
        gone: (gone, exit) => this.#onGone(gone, exit),
      },
    });
    this.#slots.add(slot);
    return slot;
  }

  #startCommands(): CommandHost {
    const { settings, logger } = this.#options;
    return new CommandHost({
      entry: new URL('commands-main.js', this.#runners),
      settings,
      leaseMs: this.#leaseMs,
      logger,
      onEnd: (execution, end) => this.#onEnded(execution, end, 0),
      onGone: () => {
        this.#commands = undefined;
        this.#announceIdle();
        this.#dispatchSoon();
      },
    });
  }

  #onReady(handlers: readonly string[]): void {
    this.#failures = 0;
    this.#onLoaded?.resolve(handlers);
    this.#onLoaded = undefined;
    this.#dispatchSoon();
  }

  #onUnloadable(module: string, message: string): void {
    this.#onLoaded?.reject(new PoolError({ code: 'handlers_unusable', module }, message));
    if (this.#onLoaded === undefined) this.#options.logger.error({ module }, message);
    this.#onLoaded = undefined;
  }

  #onEnded(execution: Execution, end: ExecutionEnd, ms: number): void {
    if (execution.work.kind === 'handler' && end.startedAt !== undefined) {
      this.#averages.record(execution.work.handler, ms);
    }
    this.#options.onEnd(execution, end);
    this.#dispatchSoon();
  }

  /** Puts executions before those that wait. */
  #requeue(executions: readonly Execution[]): void {
    if (executions.length === 0) return;
    const first = executions.map((execution) => [execution.taskId, execution] as const);
    this.#waiting = new Map([...first, ...this.#waiting]);
    this.#dispatchSoon();
  }

  #onGone(slot: HandlerSlot, exit: RunnerExit): void {
    this.#slots.delete(slot);
    if (!slot.wasReady) this.#onStillborn(exit);
    // The next attempt should find a warm runner.
    else if (this.#slots.size === 0 && !this.#stopped && monotonicMs() < this.#leaseMs) this.#startSlot();
    this.#announceIdle();
    this.#dispatchSoon();
  }

  #onStillborn(exit: RunnerExit): void {
    const message = `a runner ended before it was ready (${exit.signal ?? exit.code})${lastWords(exit.stderr)}`;
    const [module = ''] = this.#options.settings.modules;
    if (this.#onLoaded !== undefined) return this.#onUnloadable(module, message);
    if (this.#stopped) return;
    this.#failures += 1;
    const waitMs = backoffMs(restartBackoff, this.#failures, Math.random);
    this.#options.logger.error({ waitMs }, message);
    this.#restartTimer = setTimeout(() => {
      this.#restartTimer = undefined;
      this.#dispatchSoon();
    }, waitMs);
  }

  #sweep(): void {
    const nowMs = performance.now();
    for (const slot of this.#slots) slot.sweep(nowMs);
  }

  #announceIdle(): void {
    const waiters = this.#onIdle.splice(0);
    for (const resolve of waiters) resolve();
  }
}
