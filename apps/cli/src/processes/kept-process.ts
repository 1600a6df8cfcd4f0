import { setTimeout as sleep } from 'node:timers/promises';
import { type Backoff, backoffMs } from '@reeve/base';
import { Child, type ChildOptions, type Exit } from './child.ts';

const restartBackoff: Backoff = { baseMs: 200, factor: 2, ceilingMs: 10_000, jitter: 0.2 };
/** Whoever has lived so long has recovered: its next failure counts as the first. */
const RECOVERED_MS = 30_000;

/** What happens to a process that is kept alive. */
export type KeptEvent =
  | { readonly kind: 'died'; readonly name: string; readonly exit: Exit; readonly restartInMs: number }
  | { readonly kind: 'restarted'; readonly name: string; readonly pid: number | undefined };

/** What to keep alive. */
export interface KeptOptions {
  /** How to start it; asked before every start. */
  readonly child: () => ChildOptions;
  readonly onEvent: (event: KeptEvent) => void;
}

/** A process that is started again when it dies, later each time it fails soon. */
export class KeptProcess {
  readonly #options: KeptOptions;
  readonly #stopping = new AbortController();
  #child: Child;
  #startedAt = Date.now();

  /** Starts it. */
  constructor(options: KeptOptions) {
    this.#options = options;
    this.#child = new Child(options.child());
  }

  /** Waits until it serves, and keeps it alive from then on. Rejects when it ends before. */
  async ready(): Promise<Readonly<Record<string, unknown>>> {
    const facts = await this.#child.ready;
    void this.#keep();
    return facts;
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** Asks it to end, and makes it after `graceMs`; it is not started again. */
  stop(graceMs: number): Promise<void> {
    this.#stopping.abort();
    return this.#child.stop(graceMs);
  }

  /** Ends it and all that it has started, at once. */
  kill(): void {
    this.#stopping.abort();
    this.#child.kill('SIGKILL');
  }

  /** Never rejects. */
  async #keep(): Promise<void> {
    const { signal } = this.#stopping;
    for (let failures = 1; ; failures += 1) {
      const exit = await this.#child.exited;
      if (signal.aborted) return;
      if (Date.now() - this.#startedAt > RECOVERED_MS) failures = 1;
      const restartInMs = backoffMs(restartBackoff, failures, Math.random);
      this.#options.onEvent({ kind: 'died', name: this.#child.name, exit, restartInMs });
      await sleep(restartInMs, undefined, { signal }).catch(() => {});
      if (signal.aborted) return;
      this.#startedAt = Date.now();
      this.#child = new Child(this.#options.child());
      this.#options.onEvent({ kind: 'restarted', name: this.#child.name, pid: this.#child.pid });
    }
  }
}
