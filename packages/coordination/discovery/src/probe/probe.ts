import { setTimeout as sleep } from 'node:timers/promises';
import { invariant } from '@reeve/base';
import { EventHub, firstOf, type RecipeEvents } from '@reeve/recipes';
import { probeFailed } from '../discovery-error.ts';
import { type Health, nextHealth, unprobed } from './health.ts';

/** Looks once whether an instance is well; rejects with the reason when it is not. `signal` fires when its time is up. */
export type Check = (signal: AbortSignal) => Promise<unknown>;

/** How an instance is probed. */
export interface ProbeOptions {
  /** `httpCheck`, `tcpCheck`, `commandCheck`, or a function of one's own. */
  readonly check: Check;
  /** From the end of one check to the next one, milliseconds; 5,000 unless given. */
  readonly intervalMs?: number;
  /** How long a check may take, milliseconds; 2,000 unless given. */
  readonly timeoutMs?: number;
  /** Failures in a row after which an instance that was well is held to be unwell; 2 unless given. */
  readonly failuresToDown?: number;
  /** Successes in a row after which one that was unwell is held to be well; 1 unless given. */
  readonly successesToUp?: number;
}

/** What a probe tells. */
export type ProbeEvent =
  /** The instance is held to be well. */
  | { readonly kind: 'well' }
  /** It is held to be unwell, and why. */
  | { readonly kind: 'unwell'; readonly cause: unknown };

/**
 * Looks again and again whether an instance is well. The first result is believed at once, later ones that contradict
 * it only when they come in a row.
 */
export class Probe {
  readonly events: RecipeEvents<ProbeEvent>;
  readonly #hub = new EventHub<ProbeEvent>('/');
  readonly #options: Required<ProbeOptions>;
  readonly #stopped = new AbortController();
  #health: Health = unprobed;
  #running: Promise<void> | undefined;

  constructor(options: ProbeOptions) {
    this.#options = { intervalMs: 5_000, timeoutMs: 2_000, failuresToDown: 2, successesToUp: 1, ...options };
    this.events = this.#hub;
  }

  get state(): Health['state'] {
    return this.#health.state;
  }

  /** Begins; the first check is made at once. */
  start(): void {
    invariant(this.#running === undefined, 'a probe is started once');
    this.#running = this.#run();
  }

  /** Ends; a check at work is called off. Idempotent. */
  async stop(): Promise<void> {
    this.#stopped.abort();
    this.#hub.end();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopped;
    while (!signal.aborted) {
      await this.#checkOnce(signal);
      await sleep(this.#options.intervalMs, undefined, { signal }).catch(() => undefined);
    }
  }

  async #checkOnce(stopped: AbortSignal): Promise<void> {
    const { check, timeoutMs } = this.#options;
    const time = AbortSignal.timeout(timeoutMs);
    try {
      const late = () => probeFailed(`no answer within ${timeoutMs} ms`);
      await inTime(check, firstOf(time, stopped), late);
    } catch (cause) {
      if (!stopped.aborted) this.#learn('failed', cause);
      return;
    }
    if (!stopped.aborted) this.#learn('passed');
  }

  #learn(result: 'passed' | 'failed', cause?: unknown): void {
    const before = this.#health.state;
    this.#health = nextHealth(this.#health, result, this.#options);
    const { state } = this.#health;
    if (state === before) return;
    if (state === 'well') this.#hub.tell({ kind: 'well' });
    else this.#hub.tell({ kind: 'unwell', cause });
  }
}

/** A check that does not mind its signal must not hold up the probe. */
function inTime(check: Check, signal: AbortSignal, late: () => Error): Promise<void> {
  return new Promise((resolve, reject) => {
    signal.addEventListener('abort', () => reject(late()), { once: true });
    // Also where a check throws before it awaits anything.
    (async () => check(signal))().then(() => resolve(), reject);
  });
}
