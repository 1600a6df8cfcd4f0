import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Child } from '../processes/child.ts';
import { identityEnvironment } from '../settings.ts';

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

/** The processes of the demo, each a `reeve` of its own, all below one temporary directory. */
export class Cluster {
  readonly #directory: string;
  readonly #log: number;
  readonly #slots: number;
  readonly #children = new Set<Child>();
  #coordinator: Child | undefined;
  #port = 0;
  #workers = 0;

  constructor({ directory, slots }: { readonly directory: string; readonly slots: number }) {
    this.#directory = directory;
    this.#slots = slots;
    this.#log = openSync(join(directory, 'processes.log'), 'a');
  }

  get connect(): string {
    return `127.0.0.1:${this.#port}`;
  }

  get coordinator(): Child | undefined {
    return this.#coordinator;
  }

  /** Starts the coordinator: on a free port at first, later on the same one, with the same data. */
  async startCoordinator(): Promise<Child> {
    const dataDir = join(this.#directory, 'data');
    const place = ['--data-dir', dataDir, '--port', String(this.#port), '--tick', `${TICK_MS}ms`];
    const child = this.#start('coordinator', ['coordinator', ...place]);
    this.#coordinator = child;
    this.#port = Number((await child.ready).port);
    return child;
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
