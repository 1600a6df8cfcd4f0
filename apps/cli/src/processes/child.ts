import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { messageOf } from '@reeve/base';
import { CliError } from '../cli-error.ts';
import { exitCodes } from '../exit-codes.ts';
import type { ToParent } from './parent.ts';

const MAIN = fileURLToPath(new URL('../main.js', import.meta.url));

/** A process to start. */
export interface ChildOptions {
  /** What it is called here, such as `worker 2`. */
  readonly name: string;
  /** The command and its options, as after `reeve`. */
  readonly args: readonly string[];
  /** What its environment has beside, or in place of, that of this process; what is `undefined` is left out. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Where its log goes: this process's own standard error, or an open file. */
  readonly log: 'inherit' | number;
}

/** How a process ended. */
export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/**
 * Another `reeve`, as a child of this one. It is a process group of its own, so that Ctrl-C reaches only the parent, which
 * ends its children in order; it ends by itself when the parent is gone.
 */
export class Child {
  readonly name: string;
  /** What it serves as, once it does; rejects when it ends before. */
  readonly ready: Promise<Readonly<Record<string, unknown>>>;
  readonly exited: Promise<Exit>;
  readonly #process: ChildProcess;
  #hasExited = false;

  constructor({ name, args, log, env }: ChildOptions) {
    this.name = name;
    const stdio = ['ignore', 'ignore', log, 'ipc'] as const;
    const child = spawn(process.execPath, [MAIN, ...args], {
      detached: true,
      stdio: [...stdio],
      env: { ...process.env, ...env },
    });
    this.#process = child;
    this.exited = new Promise((resolve) => {
      child.once('error', () => resolve({ code: null, signal: null }));
      child.once('exit', (code, signal) => resolve({ code, signal }));
    });
    void this.exited.then(() => {
      this.#hasExited = true;
    });
    this.ready = this.#readiness(child);
    // Whoever does not wait for it learns of a failure from `exited`.
    this.ready.catch(() => {});
  }

  get pid(): number | undefined {
    return this.#process.pid;
  }

  get hasExited(): boolean {
    return this.#hasExited;
  }

  /** Sends a signal to the process, or with SIGKILL to all that it has started as well. */
  kill(signal: NodeJS.Signals): void {
    const { pid } = this.#process;
    if (pid === undefined || this.#hasExited) return;
    try {
      process.kill(signal === 'SIGKILL' ? -pid : pid, signal);
    } catch {
      // It has ended in this moment.
    }
  }

  /** Asks it to end, and makes it after `graceMs`. */
  async stop(graceMs: number): Promise<void> {
    this.kill('SIGTERM');
    const timer = setTimeout(() => this.kill('SIGKILL'), graceMs);
    await this.exited;
    clearTimeout(timer);
  }

  #readiness(child: ChildProcess): Promise<Readonly<Record<string, unknown>>> {
    return new Promise((resolve, reject) => {
      child.on('message', (message: ToParent) => {
        if (message.kind === 'ready') return resolve(message.facts);
        const { exitCode, advice, message: reason } = message.report;
        const facts = { code: 'child_failed', exitCode, ...(advice === undefined ? {} : { advice }) } as const;
        reject(new CliError(facts, `${this.name}: ${reason}`));
      });
      child.once('error', (error) => reject(failure(`${this.name} cannot be started: ${messageOf(error)}`)));
      void this.exited.then(({ code, signal }) => {
        reject(failure(`${this.name} ended before it was ready (${signal ?? `exit code ${code}`})`));
      });
    });
  }
}

function failure(message: string): CliError {
  return new CliError({ code: 'child_failed', exitCode: exitCodes.failed }, message);
}
