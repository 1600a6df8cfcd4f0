import { setTimeout as sleep } from 'node:timers/promises';
import type { Coordination } from '@reeve/client';

/** A request of the load, and what it took. */
export interface Timed {
  readonly sentMs: number;
  readonly tookMs: number;
}

/** Reads and writes znodes in turn at an even pace, whatever comes back when, until it is stopped. */
export class SteadyLoad {
  readonly timed: Timed[] = [];
  readonly #client: Coordination;
  readonly #pathOf: (n: number) => string;
  readonly #data: Buffer;
  readonly #sending: Promise<void>;
  #state: 'running' | 'stopping' = 'running';

  constructor(client: Coordination, load: { perSecond: number; pathOf: (n: number) => string; data: Buffer }) {
    this.#client = client;
    this.#pathOf = load.pathOf;
    this.#data = load.data;
    this.#sending = this.#run(load.perSecond);
  }

  async stop(): Promise<void> {
    this.#state = 'stopping';
    await this.#sending;
  }

  async #run(perSecond: number): Promise<void> {
    const pending: Promise<void>[] = [];
    const startedMs = performance.now();
    for (let sent = 0; this.#state === 'running'; ) {
      const due = ((performance.now() - startedMs) / 1000) * perSecond;
      for (; sent < due; sent += 1) pending.push(this.#one(sent));
      await sleep(1);
    }
    await Promise.all(pending);
  }

  async #one(n: number): Promise<void> {
    const sentMs = performance.now();
    const path = this.#pathOf(n);
    if (n % 2 === 0) await this.#client.getData(path);
    else await this.#client.setData(path, this.#data);
    this.timed.push({ sentMs, tookMs: performance.now() - sentMs });
  }
}
