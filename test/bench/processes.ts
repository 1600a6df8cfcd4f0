import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const cli = fileURLToPath(new URL('../../../apps/cli/dist/main.js', import.meta.url));
/** Linux counts CPU time in hundredths of a second (USER_HZ). */
const LOG_CHARACTERS_MAX = 16 * 1024;
const TICK_S = 0.01;

/** One `reeve` process of a benchmark, and the CPU time that it and its children used. */
export class Measured {
  readonly name: string;
  readonly #child: ChildProcess;

  constructor(name: string, words: readonly string[]) {
    this.name = name;
    this.#child = spawn(process.execPath, [...process.execArgv, cli, ...words], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
  }

  /** Waits until a line of its log matches. */
  async logged(pattern: RegExp): Promise<this> {
    let log = '';
    const { stderr } = this.#child;
    await new Promise<void>((resolve, reject) => {
      this.#child.once('exit', () => reject(new RangeError(`${this.name} ended:\n${log}`)));
      stderr?.setEncoding('utf8').on('data', (text: string) => {
        log = (log + text).slice(-LOG_CHARACTERS_MAX);
        if (pattern.test(log)) resolve();
      });
    });
    return this;
  }

  /** Seconds of CPU used so far, children included. */
  get cpuS(): number {
    return familyOf(this.#child.pid ?? 0).reduce((sum, pid) => sum + cpuOf(pid), 0);
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    this.#child.kill('SIGTERM');
    await once(this.#child, 'exit');
  }
}

function familyOf(root: number): readonly number[] {
  const parents = new Map<number, number>();
  for (const entry of readdirSync('/proc')) {
    const pid = Number(entry);
    if (Number.isInteger(pid)) parents.set(pid, Number(statOf(pid)[1] ?? 0));
  }
  const family = [root];
  for (const member of family) {
    for (const [pid, parent] of parents) if (parent === member) family.push(pid);
  }
  return family;
}

function cpuOf(pid: number): number {
  const fields = statOf(pid);
  return (Number(fields[11] ?? 0) + Number(fields[12] ?? 0)) * TICK_S;
}

/** The fields of /proc/PID/stat after the command, the state first; none when the process has gone. */
function statOf(pid: number): readonly string[] {
  try {
    const line = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return line.slice(line.lastIndexOf(')') + 2).split(' ');
  } catch {
    return [];
  }
}
