import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { eventually } from './eventually.ts';
import { reapLater, release } from './reaper.ts';
import { atTestEnd } from './test-end.ts';
import { TestkitError } from './testkit-error.ts';

const OUTPUT_CHARACTERS_MAX = 256 * 1024;

/** How a process is started. */
export interface ProcessOptions {
  readonly cwd?: string;
  /** Added to the environment of the test. */
  readonly env?: Readonly<Record<string, string>>;
  /** When it is ready: a line it writes, or a condition. Ready at once unless given. */
  readonly ready?: RegExp | (() => boolean | Promise<boolean>);
  /** Milliseconds until it must be ready; 20 s unless given. */
  readonly readyDeadlineMs?: number;
  /** What it reads from standard input; nothing unless given. */
  readonly input?: string;
  /**
   * Hears each line of its standard output. What it returns, unless that is `undefined`, is written to standard input
   * as a line. Standard input then stays open.
   */
  readonly answer?: (line: string) => string | undefined | Promise<string | undefined>;
}

/** How a process ended: by exit code or by signal. */
export interface ProcessExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A real process under test, in a process group of its own that does not outlive the test file. */
export class TestProcess {
  readonly argv: readonly string[];
  /** Settles when the process has ended and its output is complete. */
  readonly exited: Promise<ProcessExit>;
  readonly #child: ChildProcess;
  #exit: ProcessExit | undefined;
  #stdout = '';
  #stderr = '';

  constructor(argv: readonly string[], options: ProcessOptions) {
    this.argv = argv;
    const [file = '', ...rest] = argv;
    const env = { ...process.env, ...options.env };
    this.#child = spawn(file, rest, { cwd: options.cwd, env, detached: true, stdio: 'pipe' });
    this.#child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.#stdout = (this.#stdout + text).slice(-OUTPUT_CHARACTERS_MAX);
    });
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr = (this.#stderr + text).slice(-OUTPUT_CHARACTERS_MAX);
    });
    this.#child.stdin?.on('error', () => {}).write(options.input ?? '');
    if (options.answer === undefined) this.#child.stdin?.end();
    else this.#converse(options.answer);
    this.exited = this.#observeExit();
    const forget = atTestEnd(() => this.#destroy());
    const { pid } = this.#child;
    if (pid !== undefined) reapLater(pid);
    this.#child.once('close', () => {
      forget();
      if (pid !== undefined) release(pid);
    });
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** Whether it has not ended yet. */
  get running(): boolean {
    return this.#exit === undefined;
  }

  /** The last 256 Ki characters of standard output. */
  get stdout(): string {
    return this.#stdout;
  }

  /** The last 256 Ki characters of standard error. */
  get stderr(): string {
    return this.#stderr;
  }

  /** Sends `signal` to the whole process group; nothing happens when it has ended. */
  kill(signal: NodeJS.Signals): void {
    if (this.pid === undefined) return;
    try {
      process.kill(-this.pid, signal);
    } catch {
      // ESRCH: the group is gone, which is what a kill is for.
    }
  }

  /** Writes a line to its standard input, which only one with `answer` keeps open. */
  write(line: string): void {
    this.#child.stdin?.write(`${line}\n`);
  }

  /** Ends it with SIGTERM, and with SIGKILL when that takes longer than `deadlineMs` (5 s unless given). */
  async stop(deadlineMs = 5_000): Promise<ProcessExit> {
    this.kill('SIGTERM');
    const impatient = setTimeout(() => this.kill('SIGKILL'), deadlineMs);
    const exit = await this.exited;
    clearTimeout(impatient);
    return exit;
  }

  /** Waits until its output matches `pattern`. Fails at once when it ends without having matched. */
  async line(pattern: RegExp, deadlineMs = 20_000): Promise<RegExpExecArray> {
    const match = () => pattern.exec(this.#stdout) ?? pattern.exec(this.#stderr);
    return this.until(match, { deadlineMs, what: `${this.argv[0]} writes ${pattern}` });
  }

  /** As `eventually`, but fails at once, with the output, when the process ends before the condition holds. */
  async until<T>(
    condition: () => T | Promise<T>,
    awaited: { deadlineMs: number; what: string },
  ): Promise<NonNullable<T>> {
    const met = await eventually(async () => (await condition()) || (this.running ? undefined : this.#exit), awaited);
    if (met === this.#exit) throw this.#failure(awaited.what);
    return met as NonNullable<T>;
  }

  #failure(what: string): TestkitError {
    const tail = `${this.#stdout}\n${this.#stderr}`.slice(-4_000);
    const message = `the process ended (${JSON.stringify(this.#exit)}) before: ${what}\n${this.argv.join(' ')}\n${tail}`;
    return new TestkitError({ code: 'process_failed' }, message);
  }

  #converse(answer: NonNullable<ProcessOptions['answer']>): void {
    createInterface({ input: this.#child.stdout as Readable }).on('line', async (line) => {
      const said = await answer(line);
      if (said !== undefined) this.write(said);
    });
  }

  async #observeExit(): Promise<ProcessExit> {
    try {
      const [code, signal] = (await once(this.#child, 'close')) as [number | null, NodeJS.Signals | null];
      this.#exit = { code, signal };
    } catch (error) {
      this.#stderr += String(error);
      this.#exit = { code: 127, signal: null };
    }
    return this.#exit;
  }

  async #destroy(): Promise<void> {
    this.kill('SIGKILL');
    await this.exited;
  }
}

/**
 * Starts a process and waits until it is ready.
 *
 * @throws TestkitError `process_failed` when it ends before it is ready, `did_not_happen` when it takes too long
 */
export async function startProcess(argv: readonly string[], options: ProcessOptions = {}): Promise<TestProcess> {
  const started = new TestProcess(argv, options);
  const { ready, readyDeadlineMs = 20_000 } = options;
  if (ready instanceof RegExp) await started.line(ready, readyDeadlineMs);
  else if (ready !== undefined) {
    await started.until(ready, { deadlineMs: readyDeadlineMs, what: `${argv.join(' ')} is ready` });
  }
  return started;
}
