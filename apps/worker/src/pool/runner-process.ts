import { type ChildProcess, spawn } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import type { Logger } from '@reeve/base';
import { LineSplitter } from '../line-splitter.ts';
import {
  descriptors,
  type FromRunner,
  monotonicMs,
  parseReport,
  type RunnerSettings,
  type ToRunner,
} from '../message.ts';
import { signalGroup } from '../runner/process-group.ts';
import { OutputLog } from './output-log.ts';

const STDERR_CHARACTERS_MAX = 4_096;

/** What a dead runner has written is read that long, milliseconds; longer only if somebody else holds its pipes. */
const REMAINS_WAIT_MS = 1_000;

/** How a runner ended. */
export interface RunnerExit {
  readonly code: number | null;
  readonly signal: string | null;
  /** The end of what it wrote to standard error. */
  readonly stderr: string;
  /** Its lease had run out: it ended itself. */
  readonly leaseExpired: boolean;
}

/** What a runner is started with. */
export interface RunnerOptions {
  /** The program: `handlers-main.js` or `commands-main.js`. */
  readonly entry: URL;
  readonly settings: RunnerSettings;
  /** Limit of the JavaScript heap, mebibytes. */
  readonly memoryMaxMb?: number;
  /** The descriptor of the ledger; none for commands. */
  readonly ledger?: number;
  /** When it must have ended unless the lease is renewed, by the monotonic clock. */
  readonly leaseMs: number;
  readonly logger: Logger;
  readonly onReport: (report: FromRunner) => void;
  /** Called once, after the last report. */
  readonly onExit: (exit: RunnerExit) => void;
}

/** A child process that runs attempts, leader of its own process group, as seen from the worker. */
export class RunnerProcess {
  readonly pid: number | undefined;
  readonly #child: ChildProcess;
  readonly #options: RunnerOptions;
  #leaseMs: number;
  #outgoing = '';
  #stderr = '';

  constructor(options: RunnerOptions) {
    this.#options = options;
    this.#leaseMs = options.leaseMs;
    this.#child = spawnRunner(options);
    this.pid = this.#child.pid;
    for (const stream of this.#child.stdio) stream?.on('error', () => {});
    this.#readReports();
    this.#readOutput();
    this.#observeExit();
    this.renewLease(options.leaseMs);
  }

  /** Puts a message to those that the next `flush` sends together. */
  send(message: ToRunner): void {
    this.#outgoing += `${JSON.stringify(message)}\n`;
  }

  flush(): void {
    if (this.#outgoing === '') return;
    this.#pipe(descriptors.orders)?.write(this.#outgoing);
    this.#outgoing = '';
  }

  /** Lets it live until `leaseMs` of the monotonic clock. */
  renewLease(leaseMs: number): void {
    this.#leaseMs = leaseMs;
    this.#pipe(descriptors.lease)?.write(`${leaseMs}\n`);
  }

  /** Lets it end by itself, when what it runs has ended. */
  release(): void {
    this.flush();
    this.#pipe(descriptors.orders)?.end();
  }

  /** Asks it to end, now, by SIGTERM. */
  end(): void {
    this.#child.kill('SIGTERM');
  }

  /** Ends it at once, and all that it started in its process group. */
  kill(): void {
    if (this.#child.exitCode === null && this.#child.signalCode === null) signalGroup(this.pid, 'SIGKILL');
  }

  #pipe(descriptor: number): Writable | undefined {
    const stream = this.#child.stdio[descriptor] as Writable | null | undefined;
    return stream?.writable ? stream : undefined;
  }

  #readReports(): void {
    const lines = new LineSplitter((line) => this.#onLine(line));
    const stream = this.#child.stdio[descriptors.reports] as Readable | null | undefined;
    stream?.setEncoding('utf8').on('data', (text: string) => lines.push(text));
  }

  #onLine(line: string): void {
    const report = parseReport(line);
    if (report !== undefined) return this.#options.onReport(report);
    // A handler has written to a descriptor that is not its own: nothing from here can be believed any more.
    this.#options.logger.error({ runner: this.pid, line: line.slice(0, 200) }, 'a runner wrote what is no report');
    this.kill();
  }

  #readOutput(): void {
    const { logger } = this.#options;
    const stdout = new OutputLog(logger, { runner: this.pid, stream: 'stdout' });
    const stderr = new OutputLog(logger, { runner: this.pid, stream: 'stderr' });
    this.#child.stdout?.setEncoding('utf8').on('data', (text: string) => stdout.push(text));
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr = (this.#stderr + text).slice(-STDERR_CHARACTERS_MAX);
      stderr.push(text);
    });
  }

  #observeExit(): void {
    let ended = false;
    let timer: NodeJS.Timeout | undefined;
    const end = (code: number | null, signal: string | null) => {
      if (ended) return;
      ended = true;
      clearTimeout(timer);
      for (const stream of this.#child.stdio) stream?.destroy();
      const leaseExpired = monotonicMs() >= this.#leaseMs;
      this.#options.onExit({ code, signal, stderr: this.#stderr, leaseExpired });
    };
    this.#child.once('error', (error) => {
      this.#stderr += error.message;
      end(null, null);
    });
    this.#child.once('exit', (code, signal) => {
      // What a handler started and left behind ends with the runner.
      signalGroup(this.pid, 'SIGKILL');
      timer = setTimeout(end, REMAINS_WAIT_MS, code, signal);
    });
    this.#child.once('close', end);
  }
}

function spawnRunner(options: RunnerOptions): ChildProcess {
  const memory = options.memoryMaxMb === undefined ? [] : [`--max-old-space-size=${options.memoryMaxMb}`];
  const argv = [...memory, fileURLToPath(options.entry), JSON.stringify(options.settings)];
  const ledger = options.ledger ?? 'ignore';
  return spawn(process.execPath, argv, {
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe', 'pipe', 'pipe', 'pipe', ledger],
  });
}
