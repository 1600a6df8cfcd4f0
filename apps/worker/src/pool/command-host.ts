import { type Logger, unreachable } from '@reeve/base';
import type { AbortReason, Finished, FromRunner, RunnerSettings } from '../message.ts';
import { signalGroup } from '../runner/process-group.ts';
import type { Execution, ExecutionEnd } from './execution.ts';
import { type RunnerExit, RunnerProcess } from './runner-process.ts';

/** A runner that was told to end its commands and itself is killed after that long, milliseconds. */
const END_WAIT_MS = 1_000;

/** What a host of commands is made of. */
export interface CommandHostOptions {
  readonly entry: URL;
  readonly settings: RunnerSettings;
  readonly leaseMs: number;
  readonly logger: Logger;
  readonly onEnd: (execution: Execution, end: ExecutionEnd) => void;
  readonly onGone: () => void;
}

interface Running {
  readonly n: number;
  readonly execution: Execution;
  startedAt: number;
  group: number | undefined;
}

/** The one runner in which this worker's commands run, and what runs there. */
export class CommandHost {
  readonly #options: CommandHostOptions;
  readonly #runner: RunnerProcess;
  readonly #running = new Map<number, Running>();
  #sent = 0;
  #impatient: NodeJS.Timeout | undefined;

  constructor(options: CommandHostOptions) {
    this.#options = options;
    this.#runner = new RunnerProcess({
      ...options,
      onReport: (report) => this.#onReport(report),
      onExit: (exit) => this.#onExit(exit),
    });
  }

  /** How many commands run. */
  get length(): number {
    return this.#running.size;
  }

  push(execution: Execution): void {
    const { taskId, queue, attempt, workerId, fence, timeoutMs, work } = execution;
    this.#sent += 1;
    const n = this.#sent;
    this.#running.set(n, { n, execution, startedAt: Date.now(), group: undefined });
    this.#runner.send({ kind: 'run', n, taskId, queue, attempt, workerId, fence, timeoutMs, work });
  }

  flush(): void {
    this.#runner.flush();
  }

  renewLease(leaseMs: number): void {
    this.#runner.renewLease(leaseMs);
  }

  abort(execution: Execution, reason: AbortReason): 'aborting' | 'unknown' {
    for (const running of this.#running.values()) {
      if (running.execution !== execution) continue;
      this.#runner.send({ kind: 'abort', n: running.n, reason });
      this.#runner.flush();
      return 'aborting';
    }
    return 'unknown';
  }

  /** Stops whatever runs here. */
  abortAny(reason: AbortReason): void {
    for (const { n } of this.#running.values()) this.#runner.send({ kind: 'abort', n, reason });
    this.#runner.flush();
  }

  /** Lets the runner end when its commands have ended. */
  release(): void {
    this.#runner.release();
  }

  /** Kills the commands and their runner: by its own hand, as only it knows for sure which ones it has started. */
  kill(): void {
    if (this.#impatient !== undefined) return;
    this.#runner.end();
    this.#impatient = setTimeout(() => this.#runner.kill(), END_WAIT_MS);
  }

  #onReport(report: FromRunner): void {
    switch (report.kind) {
      case 'ready':
      case 'unloadable':
      case 'declined':
        return;
      case 'note':
        return this.#options.logger.warn({ runner: this.#runner.pid, taskId: report.taskId }, report.message);
      case 'started':
        return this.#onStarted(report.n, report.pid);
      case 'succeeded':
      case 'failed':
        return this.#onFinished(report);
      default:
        return unreachable(report);
    }
  }

  #onStarted(n: number, group: number | undefined): void {
    const running = this.#running.get(n);
    if (running !== undefined) running.group = group;
  }

  #onFinished(report: Finished): void {
    const running = this.#running.get(report.n);
    if (running === undefined) return;
    this.#running.delete(report.n);
    const { startedAt } = running;
    const end: ExecutionEnd =
      report.kind === 'succeeded'
        ? { kind: 'succeeded', result: report.result, startedAt }
        : { kind: 'failed', error: report.error, hope: report.hope, startedAt };
    this.#options.onEnd(running.execution, end);
  }

  /** Nobody looks after its commands any more: they end, and fail. */
  #onExit(exit: RunnerExit): void {
    clearTimeout(this.#impatient);
    const left = [...this.#running.values()];
    this.#running.clear();
    for (const { group } of left) signalGroup(group, 'SIGKILL');
    const error = exit.leaseExpired
      ? { code: 'worker_lost', message: 'the worker could not renew its lease in time: the command was ended' }
      : { code: 'command_failed', message: 'the process that looked after the command was killed, and it with it' };
    for (const { execution, startedAt } of left) {
      this.#options.onEnd(execution, { kind: 'failed', error, hope: 'retry', startedAt });
    }
    this.#options.onGone();
  }
}
