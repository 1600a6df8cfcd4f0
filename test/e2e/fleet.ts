import { fileURLToPath } from 'node:url';
import type { Random } from '@reeve/base';
import { eventually, TestProcess } from '@reeve/testkit';

const cli = fileURLToPath(new URL('../../apps/cli/dist/main.js', import.meta.url));

/** The argv of a `reeve` command, from the built CLI. */
export function reeve(...words: readonly string[]): readonly string[] {
  return [process.execPath, cli, ...words];
}

/** With what a command ends that no coordinator answers. */
const UNREACHABLE = 4;

/** One master or worker process that may be killed, paused and started again. */
export class Member {
  readonly role: 'master' | 'worker';
  readonly name: string;
  readonly #words: readonly string[];
  #process: TestProcess | undefined;

  constructor(role: 'master' | 'worker', name: string, words: readonly string[]) {
    this.role = role;
    this.name = name;
    this.#words = words;
  }

  get running(): boolean {
    return this.#process?.running ?? false;
  }

  get output(): string {
    return `${this.#process?.stdout ?? ''}${this.#process?.stderr ?? ''}`;
  }

  /** Starts it, and again whenever no coordinator has answered, as those do that look after processes. */
  start(): void {
    this.#process = new TestProcess(reeve(this.role, ...this.#words, '--name', this.name), {});
    void this.#process.exited.then(({ code }) => code === UNREACHABLE && this.start());
  }

  /** Waits until it takes part: a master follows or leads, a worker is registered. */
  async ready(): Promise<void> {
    const takesPart = () => {
      if (/"role"|registered/.test(this.output)) return true;
      throw new Error(`it has said: ${this.output.slice(-4_000)}`);
    };
    await eventually(takesPart, { what: `${this.name} takes part`, deadlineMs: 30_000 });
  }

  async kill(): Promise<void> {
    this.#process?.kill('SIGKILL');
    await this.#process?.exited;
  }

  pause(): void {
    this.#process?.kill('SIGSTOP');
  }

  resume(): void {
    this.#process?.kill('SIGCONT');
  }

  async stop(): Promise<void> {
    await this.#process?.stop(20_000);
  }
}

/** One of `choices`, by chance. */
export function pick<T>(choices: readonly T[], random: Random): T {
  return choices[Math.floor(random() * choices.length)] as T;
}
