/** When something last went over a connection; milliseconds by one clock. */
export interface Pulse {
  readonly sentAt: number;
  readonly receivedAt: number;
  /** When the ping that is not answered yet was sent. */
  readonly pingSentAt: number | undefined;
  /** When the session may have expired at the server. */
  readonly deadline: number;
}

/**
 * What a connection needs now: a ping after a third of the session time-out without traffic in either direction, so
 * that the server hears of us in time; an end when another third passes without a byte, so that a third is left for
 * another server, and when the session may have expired: then only a server can tell.
 *
 * Silence counts from the ping on: a process that was held up has asked nothing, and need not have been told anything.
 */
export function heartbeat(pulse: Pulse, timeoutMs: number, now: number): 'nothing' | 'ping' | 'cut' {
  const third = timeoutMs / 3;
  if (now >= pulse.deadline) return 'cut';
  if (pulse.pingSentAt !== undefined) {
    return now - Math.max(pulse.pingSentAt, pulse.receivedAt) >= third ? 'cut' : 'nothing';
  }
  return now - Math.min(pulse.sentAt, pulse.receivedAt) >= third ? 'ping' : 'nothing';
}

/** How often to look, milliseconds: fine enough for the thirds of the time-out, and for deadlines of requests. */
export function tickMs(timeoutMs: number): number {
  return Math.max(5, Math.min(100, Math.round(timeoutMs / 20)));
}
