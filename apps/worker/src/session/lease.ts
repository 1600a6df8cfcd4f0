import { type Coordination, monotonicClock } from '@reeve/client';
import { monotonicMs } from '../message.ts';

/** The share of the session time-out, and the most milliseconds, that nothing may run before the session can end. */
const MARGIN_SHARE = 0.1;
const MARGIN_MS_MAX = 1_000;

/** The most that attempts are given to stop by themselves, as a share of the session time-out. */
const STOP_SHARE = 0.2;

/** Until when a worker may believe that its assignments are its own; moments of the monotonic clock, milliseconds. */
export interface Lease {
  /** From here on attempts are asked to stop. */
  readonly stopMs: number;
  /** Here their processes end themselves. */
  readonly endMs: number;
}

/**
 * The lease that follows from what the client knows of its session: it ends before the session can have expired at the
 * server, and so before the primary can have given a task to somebody else.
 */
export function leaseOf(coordination: Coordination, graceMs: number): Lease {
  const timeoutMs = coordination.sessionTimeoutMs;
  const leftMs = coordination.sessionDeadline - monotonicClock.now();
  const endMs = monotonicMs() + leftMs - Math.min(MARGIN_MS_MAX, timeoutMs * MARGIN_SHARE);
  return { endMs, stopMs: endMs - Math.min(graceMs, timeoutMs * STOP_SHARE) };
}
