import { type ChildProcess, spawn } from 'node:child_process';
import { messageOf } from '@reeve/base';
import type { TaskError, Work } from '@reeve/tasks';
import type { RunOrder } from '../message.ts';
import type { Outcome } from './attempt.ts';
import { OutputTail } from './output-tail.ts';
import { signalGroup } from './process-group.ts';

const TAIL_BYTES_MAX = 8 * 1024;

/** What is left of the output is read that long after the command has ended, milliseconds. */
const OUTPUT_WAIT_MS = 500;

type CommandWork = Extract<Work, { kind: 'command' }>;

/** How a command ended. */
export interface CommandExit {
  readonly code: number | null;
  readonly signal: string | null;
  /** Why it could not even be started. */
  readonly startError?: string;
}

/** A command that runs, with everything that it starts, in a process group of its own. */
export class Command {
  readonly pid: number | undefined;
  readonly #stdout = new OutputTail(TAIL_BYTES_MAX);
  readonly #stderr = new OutputTail(TAIL_BYTES_MAX);
  readonly #graceMs: number;
  #killTimer: NodeJS.Timeout | undefined;
  #stopped: TaskError | undefined;
  #ended = false;

  constructor(order: RunOrder, work: CommandWork, options: { graceMs: number; onEnd: (outcome: Outcome) => void }) {
    this.#graceMs = options.graceMs;
    const child = start(order, work);
    this.pid = child.pid;
    child.stdout?.on('data', (chunk: Buffer) => this.#stdout.push(chunk));
    child.stderr?.on('data', (chunk: Buffer) => this.#stderr.push(chunk));
    observe(child, (exit) => {
      this.#ended = true;
      clearTimeout(this.#killTimer);
      options.onEnd(this.#outcome(work, exit));
    });
  }

  /** Asks the group to end, and makes it after the grace. The first reason is the one that is told. */
  stop(reason: TaskError): void {
    if (this.#ended || this.#stopped !== undefined) return;
    this.#stopped = reason;
    signalGroup(this.pid, 'SIGTERM');
    this.#killTimer = setTimeout(() => this.kill(), this.#graceMs);
  }

  /** Ends the group at once. */
  kill(): void {
    signalGroup(this.pid, 'SIGKILL');
  }

  #outcome(work: CommandWork, exit: CommandExit): Outcome {
    const tails = { stdout: this.#stdout.text(), stderr: this.#stderr.text() };
    if (this.#stopped === undefined && exit.code === 0) {
      return { kind: 'succeeded', result: { exitCode: 0, ...tails } };
    }
    const reason = this.#stopped ?? { code: 'command_failed', message: describeExit(work, exit) };
    const how = {
      ...(exit.code === null ? {} : { exitCode: exit.code }),
      ...(exit.signal === null ? {} : { signal: exit.signal }),
    };
    return { kind: 'failed', error: { ...reason, ...how, ...tails }, hope: 'retry' };
  }
}

function start(order: RunOrder, work: CommandWork): ChildProcess {
  const argv = work.shell === undefined ? work.argv : ['/bin/sh', '-c', work.shell, ...work.argv];
  const [file = '', ...rest] = argv;
  const env = {
    ...process.env,
    ...work.env,
    REEVE_TASK_ID: order.taskId,
    REEVE_ATTEMPT: String(order.attempt),
    REEVE_FENCE: String(order.fence),
  };
  return spawn(file, rest, { cwd: work.cwd, env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
}

function observe(child: ChildProcess, onEnd: (exit: CommandExit) => void): void {
  let timer: NodeJS.Timeout | undefined;
  let ended = false;
  const end = (exit: CommandExit) => {
    if (ended) return;
    ended = true;
    clearTimeout(timer);
    child.stdout?.destroy();
    child.stderr?.destroy();
    onEnd(exit);
  };
  child.once('error', (error) => end({ code: null, signal: null, startError: messageOf(error) }));
  child.once('exit', (code, signal) => {
    // What it left running in its group ends with it; what left the group may hold the pipes, but not the task.
    signalGroup(child.pid, 'SIGKILL');
    timer = setTimeout(end, OUTPUT_WAIT_MS, { code, signal });
  });
  child.once('close', (code, signal) => end({ code, signal }));
}

function describeExit(work: CommandWork, exit: CommandExit): string {
  const name = JSON.stringify(work.shell ?? work.argv[0] ?? '');
  if (exit.startError !== undefined) return `${name} could not be started: ${exit.startError}`;
  if (exit.signal !== null) return `${name} was ended by ${exit.signal}`;
  return `${name} exited with code ${exit.code}`;
}
