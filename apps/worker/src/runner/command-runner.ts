import { messageOf, unreachable } from '@reeve/base';
import { LineSplitter } from '../line-splitter.ts';
import type { RunnerSettings, RunOrder, ToRunner } from '../message.ts';
import { abortError, type Outcome, timeoutError } from './attempt.ts';
import { Command } from './command.ts';
import { Deadline } from './deadline.ts';
import type { Reporter } from './reporter.ts';

/** Runs commands, any number at a time; the worker sees to it that there are not more than its slots. */
export class CommandRunner {
  readonly #reporter: Reporter;
  readonly #settings: RunnerSettings;
  readonly #leave: () => void;
  readonly #running = new Map<number, Command>();
  readonly #lease = new Deadline(() => this.end());
  #orphaned = false;

  constructor(parts: { reporter: Reporter; settings: RunnerSettings; leave: () => void }) {
    this.#reporter = parts.reporter;
    this.#settings = parts.settings;
    this.#leave = parts.leave;
  }

  receive(message: ToRunner): void {
    switch (message.kind) {
      case 'run':
        return this.#run(message);
      case 'abort':
        return this.#running.get(message.n)?.stop(abortError(message.reason));
      default:
        unreachable(message);
    }
  }

  /** Takes renewals of the lease: lines that hold a moment of the monotonic clock, at which everything must be over. */
  leaseLines(): LineSplitter {
    return new LineSplitter((line) => this.#lease.set(Number(line)));
  }

  /** The worker is gone: nobody will take a result. */
  orphaned(): void {
    this.#orphaned = true;
    for (const command of this.#running.values()) command.stop(abortError('session_lost'));
    this.#leaveWhenDone();
  }

  /** Kills every command, and leaves. */
  end(): void {
    for (const command of this.#running.values()) command.kill();
    this.#leave();
  }

  #run(order: RunOrder): void {
    const at = Date.now();
    const startedMs = performance.now();
    const onEnd = (outcome: Outcome) => {
      this.#running.delete(order.n);
      const ms = Math.round(performance.now() - startedMs);
      if (!this.#orphaned) this.#reporter.report({ n: order.n, at, ms, ...outcome });
      this.#leaveWhenDone();
    };
    const { work } = order;
    if (work.kind !== 'command') return;
    try {
      const command = this.#start(order, work, onEnd);
      this.#running.set(order.n, command);
      const pid = command.pid === undefined ? {} : { pid: command.pid };
      this.#reporter.report({ kind: 'started', n: order.n, at, ...pid });
    } catch (error) {
      // What `spawn` refuses outright, such as a null byte in an argument.
      const message = `the command could not be started: ${messageOf(error)}`;
      onEnd({ kind: 'failed', error: { code: 'command_failed', message }, hope: 'give_up' });
    }
  }

  #start(
    order: RunOrder,
    work: Extract<RunOrder['work'], { kind: 'command' }>,
    onEnd: (outcome: Outcome) => void,
  ): Command {
    let timer: NodeJS.Timeout | undefined;
    const command = new Command(order, work, {
      graceMs: this.#settings.graceMs,
      onEnd: (outcome) => {
        clearTimeout(timer);
        onEnd(outcome);
      },
    });
    const { timeoutMs } = order;
    if (timeoutMs > 0) timer = setTimeout(() => command.stop(timeoutError(timeoutMs)), timeoutMs);
    return command;
  }

  #leaveWhenDone(): void {
    if (this.#orphaned && this.#running.size === 0) this.#leave();
  }
}
