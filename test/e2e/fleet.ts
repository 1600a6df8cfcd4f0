import { fileURLToPath } from 'node:url';
import type { Random } from '@reeve/base';
import { type Engine, freePort, startProcess, type TestProcess, temporaryDirectory } from '@reeve/testkit';

const cli = fileURLToPath(new URL('../../apps/cli/dist/main.js', import.meta.url));

/** The argv of a `reeve` command, from the built CLI. */
export function reeve(...words: readonly string[]): readonly string[] {
  return [process.execPath, cli, ...words];
}

/** Reeve's own coordinator as an engine that can be killed, paused and started again on the same data. */
export class ReeveCoordinator implements Engine {
  readonly name = "Reeve's coordinator";
  readonly port: number;
  readonly #dataDir = temporaryDirectory();
  readonly #tickMs: number;
  #process: TestProcess | undefined;

  constructor(port: number, tickMs: number) {
    this.port = port;
    this.#tickMs = tickMs;
  }

  get address(): string {
    return `127.0.0.1:${this.port}`;
  }

  get pid(): number | undefined {
    return this.#process?.pid;
  }

  async start(): Promise<void> {
    const words = ['--data-dir', this.#dataDir, '--port', `${this.port}`, '--tick', `${this.#tickMs}ms`];
    this.#process = await startProcess(reeve('coordinator', ...words), { ready: /coordinator started/ });
  }

  async stop(): Promise<void> {
    await this.#process?.stop();
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
}

/** Starts Reeve's coordinator on a free port; it ends with the test file. */
export async function startReeveCoordinator(tickMs: number): Promise<ReeveCoordinator> {
  const coordinator = new ReeveCoordinator(await freePort(), tickMs);
  await coordinator.start();
  return coordinator;
}

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

  async start(): Promise<void> {
    this.#process = await startProcess(reeve(this.role, ...this.#words, '--name', this.name));
  }

  /** Waits until it takes part: a master follows or leads, a worker is registered. */
  async ready(): Promise<void> {
    await this.#process?.line(/"role"|registered/);
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
