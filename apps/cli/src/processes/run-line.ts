import { type ChildProcess, spawn } from 'node:child_process';
import type { Socket } from 'node:net';
import { constants } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { codeOf, messageOf } from '@reeve/base';
import { CliError, usageError } from '../cli-error.ts';
import { exitCodes } from '../exit-codes.ts';
import { descendantsOf } from './descendants.ts';

/** A shell says of a command that was ended by a signal: 128 and the signal's number. */
const SIGNALLED = 128;
/** How often it is looked whether what a command has started has ended too, milliseconds. */
const LOOK_MS = 25;
/** How long to wait for what was killed to be gone, milliseconds: it may lie there as a zombie that nobody buries. */
const BURIAL_MS_MAX = 500;

/**
 * Waits until its input ends. A line before that says that all is well; otherwise whoever had the other end of the pipe
 * was killed, and the command must not outlive it.
 */
const orphanGuard = 'read -r _ || { kill -TERM "$0"; sleep 1; kill -KILL "$0"; }';

/** How a command is ended. */
export interface EndOptions {
  /** How long it has before it is killed, milliseconds. */
  readonly graceMs: number;
  /** What it is sent first; SIGTERM unless given. */
  readonly signal?: NodeJS.Signals;
}

/**
 * Runs a command line with our own standard input and output; resolves when it runs.
 *
 * @param env what its environment has beside, or in place of, ours
 * @param input what it reads from its standard input, in the place of ours
 * @throws CliError `command_failed` with the exit code that shells have: 127 when there is no such command, 126 when it
 *   is there and cannot be run; `usage` when the line is empty
 */
export async function runLine(
  line: readonly string[],
  env: Readonly<Record<string, string | undefined>> = {},
  input?: Uint8Array,
): Promise<RunningLine> {
  const [file = '', ...rest] = line;
  if (file === '') throw usageError('there is no command after "--"');
  // At a terminal it stays in our group, so that it may read from there and Ctrl-C reaches it.
  const group = process.stdin.isTTY === true ? 'ours' : 'own';
  const stdin = input === undefined ? 'inherit' : 'pipe';
  const stdio = [stdin, 'inherit', 'inherit'] as const;
  const child = spawn(file, rest, { stdio: [...stdio], detached: group === 'own', env: { ...process.env, ...env } });
  await new Promise<void>((resolve, reject) => {
    child.once('spawn', resolve);
    child.once('error', (error) => reject(cannotRun(file, error)));
  });
  // Who does not read all of it has seen enough.
  child.stdin?.on('error', () => undefined).end(input);
  return new RunningLine(child, group);
}

/** A command that runs on our behalf, and whatever it has started. It does not outlive us, even when we are killed. */
export class RunningLine {
  readonly pid: number;
  /** Its exit code, once it has ended; 128 and the number of the signal that has ended it. Never rejects. */
  readonly ended: Promise<number>;
  readonly #group: 'own' | 'ours';
  #hasEnded: 'no' | 'yes' = 'no';

  /** Made by `runLine`. @param group whether it leads a process group of its own */
  constructor(child: ChildProcess, group: 'own' | 'ours') {
    this.pid = child.pid as number;
    this.#group = group;
    const allIsWell = guardOrphan(group === 'own' ? -this.pid : this.pid);
    this.ended = new Promise((resolve) => {
      child.once('exit', (code, signal) => {
        this.#hasEnded = 'yes';
        allIsWell();
        resolve(code ?? SIGNALLED + constants.signals[signal as NodeJS.Signals]);
      });
    });
  }

  /** Sends a signal to the command, and to nothing that it has started. Without effect when it has ended. */
  signal(name: NodeJS.Signals): void {
    if (this.#hasEnded === 'no') send(this.pid, name);
  }

  /**
   * Ends the command with all that it has started: asks, and after the grace kills. Resolves with its exit code when
   * nothing of it is left. A SIGINT is not sent at a terminal: there all of them have had it, as we have.
   */
  async end({ graceMs, signal = 'SIGTERM' }: EndOptions): Promise<number> {
    const started = this.#group === 'ours' ? descendantsOf(this.pid) : [];
    const all = this.#group === 'ours' ? [this.pid, ...started] : [-this.pid];
    if (this.#group === 'own' || signal !== 'SIGINT') for (const id of all) send(id, signal);
    let buriedBy = Number.POSITIVE_INFINITY;
    const kill = () => {
      for (const id of all) send(id, 'SIGKILL');
      buriedBy = performance.now() + BURIAL_MS_MAX;
    };
    const timer = setTimeout(kill, graceMs);
    const code = await this.ended;
    while (performance.now() < buriedBy && all.some((id) => send(id, 0) === 'sent')) await sleep(LOOK_MS);
    clearTimeout(timer);
    return code;
  }
}

/** Has a process, or with a negative id a group, ended when we are killed. Call the returned function when it has ended. */
function guardOrphan(id: number): () => void {
  const guard = spawn('/bin/sh', ['-c', orphanGuard, String(id)], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  });
  // Where there is no shell, it may outlive us.
  guard.on('error', () => undefined);
  guard.stdin?.on('error', () => undefined);
  guard.unref();
  (guard.stdin as Socket | null)?.unref();
  return () => guard.stdin?.end('\n');
}

function send(id: number, signal: NodeJS.Signals | 0): 'sent' | 'gone' {
  try {
    process.kill(id, signal);
    return 'sent';
  } catch {
    // It has ended in this moment, or has become another user's: nothing more can be done.
    return 'gone';
  }
}

function cannotRun(file: string, error: Error): CliError {
  const isThere = codeOf(error) !== 'ENOENT';
  const why = isThere ? messageOf(error).replace(/^spawn /, '') : 'there is no such command';
  const advice = isThere ? 'Is it executable?' : 'Say where it is, or put its directory into PATH.';
  const exitCode = isThere ? exitCodes.notExecutable : exitCodes.commandNotFound;
  return new CliError({ code: 'command_failed', exitCode, advice }, `"${file}" cannot be run: ${why}`);
}
