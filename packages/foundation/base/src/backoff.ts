import type { Random } from './ports.ts';

/** How long to wait between tries: exponential growth, a ceiling, and a share of it drawn by chance. */
export interface Backoff {
  /** The wait after the first failure, milliseconds. */
  readonly baseMs: number;
  /** Growth per failure; 1 keeps the wait constant. */
  readonly factor: number;
  /** The longest wait, milliseconds. */
  readonly ceilingMs: number;
  /** Share of the wait that chance may take away, 0 (none) to 1 (all of it). */
  readonly jitter: number;
}

/**
 * The wait before the next try.
 *
 * @param failures how many tries have failed so far, at least 1
 */
export function backoffMs(backoff: Backoff, failures: number, random: Random): number {
  const full = Math.min(backoff.ceilingMs, backoff.baseMs * backoff.factor ** (failures - 1));
  return Math.round(full * (1 - backoff.jitter * random()));
}
