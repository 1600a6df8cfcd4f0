import { type Backoff, backoffMs, type Random } from '@reeve/base';

/** What came of a call; `unknown` where its caller did not want it any more. */
export type Outcome = 'ok' | 'failed' | 'unknown';

/** When an instance is left out after failures, and for how long. */
export interface EjectionOptions {
  /** Failures in a row until it is left out; 1 unless given. */
  readonly failures?: number;
  /**
   * For how long: from 1 s, twice as long each time it fails again right after, up to a minute, a fifth of it by chance,
   * unless given.
   */
  readonly backoff?: Backoff;
}

const usual: Backoff = { baseMs: 1_000, factor: 2, ceilingMs: 60_000, jitter: 0.2 };

interface Account {
  inFlight: number;
  /** Failures since the last success. */
  failures: number;
  /** How often it was left out since the last success. */
  ejections: number;
  /** Until when it is left out. */
  ejectedUntil: number;
}

/** What one caller knows of the instances it calls: which calls are under way, and who is left out for having failed. */
export class CallLedger {
  readonly #accounts = new Map<string, Account>();
  readonly #failuresMax: number;
  readonly #backoff: Backoff;
  readonly #random: Random;

  constructor({ failures = 1, backoff = usual }: EjectionOptions = {}, random: Random = Math.random) {
    this.#failuresMax = failures;
    this.#backoff = backoff;
    this.#random = random;
  }

  /** Calls to an instance that have not been answered. */
  inFlight(id: string): number {
    return this.#accounts.get(id)?.inFlight ?? 0;
  }

  isEjected(id: string, now: number): boolean {
    return (this.#accounts.get(id)?.ejectedUntil ?? 0) > now;
  }

  /** An instance is called. */
  called(id: string): void {
    const account = this.#accounts.get(id) ?? { inFlight: 0, failures: 0, ejections: 0, ejectedUntil: 0 };
    account.inFlight += 1;
    this.#accounts.set(id, account);
  }

  /** A call has ended. Says for how long the instance is left out from now on, where it is. */
  answered(id: string, outcome: Outcome, now: number): number | undefined {
    const account = this.#accounts.get(id);
    // Gone meanwhile: nothing of it is remembered.
    if (account === undefined) return undefined;
    account.inFlight = Math.max(0, account.inFlight - 1);
    if (outcome === 'failed') return this.#failed(account, now);
    if (outcome === 'unknown') return undefined;
    account.failures = 0;
    // An answer from before it failed says nothing of how it is now.
    if (account.ejectedUntil <= now) account.ejections = 0;
    return undefined;
  }

  /** An instance is gone, or has come back as another. */
  forget(id: string): void {
    this.#accounts.delete(id);
  }

  #failed(account: Account, now: number): number | undefined {
    // Many calls that fail together are one failure.
    if (account.ejectedUntil > now) return undefined;
    account.failures += 1;
    if (account.failures < this.#failuresMax) return undefined;
    account.failures = 0;
    account.ejections += 1;
    const forMs = backoffMs(this.#backoff, account.ejections, this.#random);
    account.ejectedUntil = now + forMs;
    return forMs;
  }
}
