import { hostname } from 'node:os';
import { CodedError, codeOf, type Logger, messageOf } from '@reeve/base';
import type { Coordination } from '@reeve/client';
import {
  type AssignedTask,
  type Assignment,
  type Attempt,
  type AttemptResult,
  type Ending,
  type EndingResult,
  endAttempt,
  type Reading,
  type TaskError,
  type TaskId,
  type WorkerRecord,
  type WorkerStore,
} from '@reeve/tasks';
import { monotonicMs } from '../message.ts';
import type { Execution, ExecutionEnd } from '../pool/execution.ts';
import type { Pool } from '../pool/pool.ts';
import { abortError } from '../runner/attempt.ts';
import type { WorkerSettings } from '../worker-options.ts';
import { EndingWriter } from './ending-writer.ts';
import { type Holding, holdingOf, resultOf } from './holding.ts';
import { Intake } from './intake.ts';
import { type Lease, leaseOf } from './lease.ts';
import { LiveSettings } from './live-settings.ts';

/** An assignment that has not started for so long, milliseconds, is handed back: perhaps another worker is free. */
const HAND_BACK_MS = 1_000;

/** How often the lease is renewed and the queue looked through, milliseconds: at most, and per session time-out. */
const TICK_MS_MAX = 250;
const TICKS_PER_SESSION = 20;

/** Assignments held at a time; more are handed back at once. */
const HOLDINGS_MAX = 20_000;

/** What one incarnation of a worker is made of. */
export interface IncarnationParts {
  readonly coordination: Coordination;
  readonly store: WorkerStore;
  readonly pool: Pool;
  readonly settings: WorkerSettings;
  readonly handlers: readonly string[];
  readonly startedAt: number;
  readonly logger: Logger;
  /** The session is lost, or may be before long: called once, before anything is stopped. */
  readonly onLost: (reason: string) => void;
}

/** An incarnation that could not begin. */
class IncarnationError extends CodedError<{ readonly code: 'session_lost' }> {}

/** A worker for the length of one session: its registration, its assignments, and what comes of them. */
export class Incarnation {
  readonly workerId: string;
  readonly #parts: IncarnationParts;
  readonly #intake: Intake;
  readonly #writer: EndingWriter;
  readonly #live: LiveSettings;
  readonly #holdings = new Map<TaskId, Holding>();
  #phase: 'accepting' | 'draining' | 'over' = 'accepting';
  #hasBegun = false;
  /** Whether the servers know what the worker says of itself. */
  #announced: 'all' | 'not yet' = 'all';
  #lease: Lease;
  #ticker: NodeJS.Timeout | undefined;
  #unlisten: (() => void) | undefined;

  constructor(parts: IncarnationParts) {
    const { coordination, store, logger, settings } = parts;
    this.#parts = parts;
    this.workerId = store.workerId;
    this.#lease = leaseOf(coordination, settings.graceMs);
    this.#intake = new Intake({
      coordination,
      store,
      logger,
      events: {
        assigned: (task) => this.#onAssigned(task),
        changed: (taskId, assignment) => this.#onChanged(taskId, assignment),
        gone: (taskId) => this.#onGone(taskId),
      },
    });
    const onReleased = (taskId: TaskId, result: EndingResult | 'handed_back') => this.#onReleased(taskId, result);
    this.#writer = new EndingWriter({ store, logger, onReleased });
    this.#live = new LiveSettings({ coordination, settings, logger, onChange: () => this.#onSettings() });
  }

  /** Registers the worker: it is given tasks from now on. */
  async begin(): Promise<void> {
    const { coordination, pool, settings, store } = this.#parts;
    pool.resize(settings.slots);
    pool.renewLease(this.#lease.endMs);
    const tickMs = Math.min(TICK_MS_MAX, coordination.sessionTimeoutMs / TICKS_PER_SESSION);
    this.#ticker = setInterval(() => this.#tick(), tickMs);
    this.#unlisten = coordination.onSession(({ to }) => {
      if (to === 'connected') this.#onReconnected();
      else if (to !== 'suspended') this.#lose(`the session is ${to}`);
    });
    await this.#intake.open();
    await this.#live.start();
    this.#announced = 'all';
    await store.register(this.#record());
    // Lost before it had begun: whoever begins it is told by this, and only by this.
    if (this.#phase !== 'accepting') throw new IncarnationError({ code: 'session_lost' }, 'the session did not last');
    this.#hasBegun = true;
    // They may have changed since the record was made.
    this.#catchUp();
    const { slots, queues } = this.#live;
    this.#parts.logger.info({ workerId: this.workerId, slots, queues, fleet: settings.fleet }, 'registered');
  }

  /** Takes an execution's end; one of an earlier incarnation is not known here. */
  ended(execution: Execution, end: ExecutionEnd): void {
    const holding = this.#holdings.get(execution.taskId);
    if (holding === undefined || holding.execution !== execution || holding.phase !== 'open') return;
    const result = resultOf(holding, end);
    if (result === 'abandoned') return this.#abandoned(holding);
    this.#finish(holding, result, end.startedAt);
  }

  /** Takes nothing new, hands back what has not started, and waits until what runs has ended and is written. */
  async drain(): Promise<void> {
    if (this.#phase !== 'accepting') return;
    this.#phase = 'draining';
    const { pool } = this.#parts;
    // The phase is advice for the primary; what it assigns nevertheless is handed back.
    this.#announce();
    this.#handBack(pool.takeUnstarted());
    await pool.idle();
    await this.#writer.flushed();
  }

  /** Resolves when nothing is left to be written. */
  flushed(): Promise<void> {
    return this.#writer.flushed();
  }

  /** Ends it: nothing is written any more. What is still assigned moves on when the session is closed. */
  end(): void {
    this.#phase = 'over';
    clearInterval(this.#ticker);
    this.#unlisten?.();
    this.#intake.close();
    this.#writer.stop();
    this.#live.stop().catch(() => undefined);
    this.#holdings.clear();
  }

  /** The configuration wants something else. */
  #onSettings(): void {
    this.#parts.pool.resize(this.#live.slots);
    this.#announced = 'not yet';
    this.#catchUp();
  }

  #catchUp(): void {
    if (this.#hasBegun && this.#announced === 'not yet') this.#announce();
  }

  /** Tells the primary what the worker is now; when that fails, again as soon as a server is in touch. */
  #announce(): void {
    const { store, logger } = this.#parts;
    this.#announced = 'all';
    store.update(this.#record()).catch((error: unknown) => {
      this.#announced = 'not yet';
      const facts = { workerId: this.workerId, code: codeOf(error) };
      logger.warn(facts, `cannot say what the worker is now: ${messageOf(error)}`);
    });
  }

  #onAssigned(task: AssignedTask): void {
    const { taskId, assignment } = task;
    if (assignment.kind === 'unreadable') return this.#refuse(taskId, assignment.error.message);
    const held = this.#holdings.get(taskId);
    if (assignment.kind !== 'found' || held?.fence === assignment.czxid) return;
    if (held !== undefined) this.#onGone(taskId);
    const holding = holdingOf(task, this.workerId, performance.now());
    this.#holdings.set(taskId, holding);
    if (this.#phase !== 'accepting' || this.#holdings.size > HOLDINGS_MAX) return this.#return(holding);
    const error = this.#unfit(task);
    if (holding.assignment.cancel === 'requested') this.#cancelUnstarted(holding);
    else if (error !== undefined) this.#failUnstarted(holding, error);
    else if (holding.execution !== undefined) this.#parts.pool.add(holding.execution);
  }

  /** Why this worker cannot even try. */
  #unfit({ spec }: AssignedTask): TaskError | undefined {
    if (spec.kind === 'missing') return { code: 'spec_invalid', message: 'what was asked is not there any more' };
    if (spec.kind === 'unreadable') return { code: 'spec_invalid', message: spec.error.message };
    if (spec.value.work.kind === 'handler' || this.#parts.settings.commands === 'allowed') return undefined;
    return { code: 'command_refused', message: `worker ${this.workerId} does not run commands` };
  }

  #onChanged(taskId: TaskId, assignment: Reading<Assignment>): void {
    const holding = this.#holdings.get(taskId);
    if (holding?.phase !== 'open' || assignment.kind !== 'found' || assignment.czxid !== holding.fence) return;
    if (assignment.value.cancel !== 'requested' || holding.execution === undefined) return;
    this.#parts.logger.info({ workerId: this.workerId, taskId }, 'the task is to be cancelled');
    this.#parts.pool.abort(holding.execution, 'cancelled');
  }

  /** Somebody took the assignment away: our own writes are known before their events. */
  #onGone(taskId: TaskId): void {
    const holding = this.#holdings.get(taskId);
    if (holding?.phase !== 'open') return;
    this.#holdings.delete(taskId);
    this.#parts.logger.warn({ workerId: this.workerId, taskId }, 'the assignment was taken away');
    if (holding.execution !== undefined) this.#parts.pool.abort(holding.execution, 'session_lost');
  }

  #cancelUnstarted(holding: Holding): void {
    this.#finish(holding, { kind: 'cancelled', error: abortError('cancelled') });
  }

  #failUnstarted(holding: Holding, error: TaskError): void {
    this.#finish(holding, { kind: 'failed', error, again: 'never', retry: holding.retry });
  }

  #finish(holding: Holding, result: AttemptResult, startedAt?: number): void {
    const { taskId, assignment } = holding;
    const { workerId } = this;
    const attempt: Attempt =
      startedAt === undefined ? { taskId, workerId, assignment } : { taskId, workerId, assignment, startedAt };
    const ending = endAttempt(attempt, result, { now: Date.now(), random: Math.random });
    holding.phase = 'ending';
    this.#writer.finish(ending);
    this.#logEnding(attempt, result, ending);
  }

  #logEnding({ taskId, assignment }: Attempt, result: AttemptResult, ending: Ending): void {
    const { logger } = this.#parts;
    const facts = { workerId: this.workerId, taskId, attempt: assignment.attempt };
    if (result.kind === 'succeeded') return logger.debug(facts, 'the attempt succeeded');
    const { code, message } = result.error ?? { code: 'cancelled', message: '' };
    if (result.kind === 'cancelled') return logger.info({ ...facts, code }, 'the attempt was cancelled');
    const next = ending.kind === 'retry' ? { retryAt: ending.record.notBefore } : { outcome: ending.status.outcome };
    logger.warn({ ...facts, code, ...next }, `the attempt failed: ${message}`);
  }

  /**
   * An attempt was ended because its lease had run out, and nothing may be written of it. While the session goes on,
   * its assignment would stay for ever: so the session ends too.
   */
  #abandoned(holding: Holding): void {
    this.#holdings.delete(holding.taskId);
    if (this.#phase === 'accepting') this.#lose('an attempt was ended for want of a lease');
  }

  #return(holding: Holding): void {
    holding.phase = 'returning';
    this.#writer.handBack([holding.taskId]);
  }

  #handBack(executions: readonly Execution[]): void {
    for (const { taskId } of executions) {
      const holding = this.#holdings.get(taskId);
      if (holding?.phase === 'open') this.#return(holding);
    }
    if (executions.length === 0) return;
    this.#parts.logger.info({ workerId: this.workerId, count: executions.length }, 'handed back what had not started');
  }

  #refuse(taskId: TaskId, message: string): void {
    this.#parts.logger.error({ workerId: this.workerId, taskId }, `handed back an assignment: ${message}`);
    this.#writer.handBack([taskId]);
  }

  #onReleased(taskId: TaskId, result: EndingResult | 'handed_back'): void {
    this.#holdings.delete(taskId);
    if (result !== 'taken') return;
    this.#parts.logger.warn({ workerId: this.workerId, taskId }, 'the task had been taken away before it ended here');
  }

  #tick(): void {
    const { pool, coordination, settings } = this.#parts;
    const nowMs = monotonicMs();
    // The old lease decides: after a long sleep of this process, its runners have ended themselves.
    if (nowMs >= this.#lease.endMs) return this.#lose('the lease has run out');
    this.#lease = leaseOf(coordination, settings.graceMs);
    if (nowMs >= this.#lease.stopMs) return this.#lose('the coordinator has not answered in time');
    pool.renewLease(this.#lease.endMs);
    this.#handBack(pool.takeWaiting(performance.now() - HAND_BACK_MS));
  }

  #onReconnected(): void {
    this.#parts.logger.info({ workerId: this.workerId }, 'in touch with the coordinator again');
    this.#writer.wake();
    this.#catchUp();
    void this.#intake.reconcile(() => this.#openIds());
  }

  *#openIds(): Iterable<TaskId> {
    for (const { taskId, phase } of this.#holdings.values()) if (phase === 'open') yield taskId;
  }

  #lose(reason: string): void {
    if (this.#phase === 'over') return;
    const unwritten = this.#holdings.size;
    this.end();
    this.#parts.logger.warn({ workerId: this.workerId, unwritten }, `this incarnation is over: ${reason}`);
    if (this.#hasBegun) this.#parts.onLost(reason);
  }

  #record(): WorkerRecord {
    const { settings, handlers, startedAt } = this.#parts;
    const { labels, fleet, commands } = settings;
    const { slots, queues } = this.#live;
    return {
      host: hostname(),
      pid: process.pid,
      slots,
      queues,
      handlers,
      runs: [
        ...(handlers.length > 0 ? (['handlers'] as const) : []),
        ...(commands === 'allowed' ? (['commands'] as const) : []),
      ],
      phase: this.#phase === 'accepting' ? 'accepting' : 'draining',
      labels,
      fleet,
      startedAt,
    };
  }
}
