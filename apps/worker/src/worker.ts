import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Backoff, backoffMs, codeOf, type Logger, messageOf } from '@reeve/base';
import { type Client, createClient } from '@reeve/client';
import { initialise, Layout, WorkerStore } from '@reeve/tasks';
import { Pool } from './pool/pool.ts';
import { Incarnation } from './session/incarnation.ts';
import { completeOptions, type WorkerOptions, type WorkerSettings } from './worker-options.ts';

const reconnectBackoff: Backoff = { baseMs: 200, factor: 2, ceilingMs: 10_000, jitter: 0.5 };

/** Endings that are left after a drain are written within this time, milliseconds, or not at all. */
const FLUSH_MS_MAX = 5_000;

/** A worker that runs. */
export interface RunningWorker {
  /** Who it is in its present session; another one after that is lost. */
  readonly workerId: string;
  /**
   * Takes nothing new, hands back what has not started, waits for what runs as long as `drainMs` allows, and leaves.
   * What is still running then is stopped, and moves on to other workers.
   */
  drain(): Promise<void>;
  /** Stops what runs, and leaves: its tasks move on to other workers. */
  stop(): Promise<void>;
}

/** Starts a worker. Resolves when it is registered; a session that is lost later is followed by another. */
export async function runWorker(options: WorkerOptions): Promise<RunningWorker> {
  const worker = new Worker(completeOptions(options));
  await worker.start();
  return worker;
}

class Worker implements RunningWorker {
  readonly #settings: WorkerSettings;
  readonly #logger: Logger;
  readonly #pool: Pool;
  readonly #startedAt = Date.now();
  readonly #leaving = new AbortController();
  #handlers: readonly string[] = [];
  #client: Client | undefined;
  #incarnation: Incarnation | undefined;
  #workerId = '';
  #left: Promise<void> | undefined;

  constructor(settings: WorkerSettings) {
    const { slots, handlers, resultBytesMax, graceMs, memoryMaxMb, logger } = settings;
    this.#settings = settings;
    this.#logger = logger;
    this.#pool = new Pool({
      slots,
      settings: { modules: handlers, resultBytesMax, graceMs },
      memoryMaxMb,
      logger,
      onEnd: (execution, end) => this.#incarnation?.ended(execution, end),
    });
  }

  get workerId(): string {
    return this.#workerId;
  }

  /** Loads the handlers, connects and registers; leaves nothing behind when one of them fails. */
  async start(): Promise<void> {
    try {
      this.#handlers = await this.#pool.start();
      await this.#open();
    } catch (error) {
      await this.#pool.stop();
      throw error;
    }
  }

  drain(): Promise<void> {
    this.#left ??= this.#leave(this.#settings.drainMs);
    return this.#left;
  }

  stop(): Promise<void> {
    this.#left ??= this.#leave(0);
    return this.#left;
  }

  async #open(): Promise<void> {
    const { connect: servers, auth, tls, sessionTimeoutMs, root, name } = this.#settings;
    const secure = tls === undefined ? {} : { tls };
    const client = createClient({ servers, auth, ...secure, sessionTimeoutMs, logger: this.#logger });
    this.#client = client;
    try {
      await client.connected();
      const layout = new Layout(root);
      await initialise(client, layout);
      this.#workerId = `${name}-${randomBytes(5).toString('hex')}`;
      await this.#begin(client, new WorkerStore(client, this.#workerId, layout));
    } catch (error) {
      await client.close();
      throw error;
    }
  }

  async #begin(client: Client, store: WorkerStore): Promise<void> {
    const incarnation: Incarnation = new Incarnation({
      coordination: client,
      store,
      pool: this.#pool,
      settings: this.#settings,
      handlers: this.#handlers,
      startedAt: this.#startedAt,
      logger: this.#logger,
      onLost: () => void this.#reopen(client),
    });
    this.#incarnation = incarnation;
    try {
      await incarnation.begin();
    } catch (error) {
      incarnation.end();
      this.#incarnation = undefined;
      throw error;
    }
  }

  /** Nothing of the lost session may run on when the next one begins. */
  async #reopen(lost: Client): Promise<void> {
    this.#incarnation = undefined;
    await this.#pool.abortAll('session_lost');
    lost.close().catch(() => undefined);
    const { signal } = this.#leaving;
    for (let failures = 1; !signal.aborted; failures += 1) {
      try {
        return await this.#open();
      } catch (error) {
        const waitMs = backoffMs(reconnectBackoff, failures, Math.random);
        this.#logger.warn({ code: codeOf(error), waitMs }, `cannot register again yet: ${messageOf(error)}`);
        await sleep(waitMs, undefined, { signal }).catch(() => undefined);
      }
    }
  }

  async #leave(waitMs: number): Promise<void> {
    this.#leaving.abort();
    this.#logger.info({ workerId: this.#workerId, waitMs }, 'leaving');
    const incarnation = this.#incarnation;
    if (incarnation !== undefined) await within(waitMs, incarnation.drain());
    await this.#pool.abortAll('draining');
    if (incarnation !== undefined) await within(FLUSH_MS_MAX, incarnation.flushed());
    incarnation?.end();
    await this.#client?.close();
    await this.#pool.stop();
    this.#logger.info({ workerId: this.#workerId }, 'left');
  }
}

/** Waits for `promise`, but no longer than `waitMs`. */
async function within(waitMs: number, promise: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, waitMs);
  });
  await Promise.race([promise, deadline]).finally(() => clearTimeout(timer));
}
