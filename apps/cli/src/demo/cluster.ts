import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Child } from '../processes/child.ts';
import { identityEnvironment } from '../settings.ts';
import { Coordinators } from './coordinators.ts';

const HANDLERS = fileURLToPath(new URL('./handlers.js', import.meta.url));

/** How long a dead master or worker is waited for, as the demo sets it; a coordinator grants 2 to 20 ticks. */
export const SESSION_TIMEOUT_MS = 2_000;
const TICK_MS = SESSION_TIMEOUT_MS / 20;

/** A process of the demo: what it says of itself, and its process. */
export interface Member {
  /** `masterId` or `workerId`. */
  readonly id: string;
  readonly child: Child;
}

/** What a cluster is made of. */
export interface ClusterOptions {
  readonly directory: string;
  /** Of each worker. */
  readonly slots: number;
  /** How many coordinators: one alone, or the members of an ensemble. */
  readonly coordinators: number;
}

/** The processes of the demo, each a `reeve` of its own, all below one temporary directory. */
export class Cluster {
  readonly coordinators: Coordinators;
  readonly #directory: string;
  readonly #log: number;
  readonly #slots: number;
  readonly #children = new Set<Child>();
  #workers = 0;

  constructor({ directory, slots, coordinators: count }: ClusterOptions) {
    this.#directory = directory;
    this.#slots = slots;
    this.#log = openSync(join(directory, 'processes.log'), 'a');
    const start = (name: string, args: readonly string[]) => this.#start(name, args);
    this.coordinators = new Coordinators({ directory, count, tickMs: TICK_MS, start });
  }

  get connect(): string {
    return this.coordinators.connect;
  }

  async startMaster(name: string): Promise<Member> {
    const child = this.#start(name, ['master', '--name', name, ...this.#session()]);
    return { id: String((await child.ready).masterId), child };
  }

  async startWorker(): Promise<Member> {
    this.#workers += 1;
    const name = `worker-${this.#workers}`;
    const work = ['--handlers', HANDLERS, '--slots', String(this.#slots), '--drain', '1s'];
    const child = this.#start(name, ['worker', '--name', name, ...work, ...this.#session()]);
    return { id: String((await child.ready).workerId), child };
  }

  /** Ends everything at once. */
  async end(): Promise<void> {
    this.kill();
    await Promise.all([...this.#children].map((child) => child.exited));
    closeSync(this.#log);
  }

  /** Sends SIGKILL to all that is left. */
  kill(): void {
    for (const child of this.#children) child.kill('SIGKILL');
  }

  /** The last lines that the processes logged, for when something goes wrong. */
  logTail(): string {
    return readFileSync(join(this.#directory, 'processes.log'), 'utf8').split('\n').slice(-20).join('\n');
  }

  #session(): readonly string[] {
    return ['--connect', this.connect, '--session-timeout', `${SESSION_TIMEOUT_MS}ms`];
  }

  #start(name: string, args: readonly string[]): Child {
    const env = identityEnvironment({ auth: [], tls: undefined });
    const child = new Child({ name, args: [...args, '--log-level', 'info'], log: this.#log, env });
    this.#children.add(child);
    return child;
  }
}
