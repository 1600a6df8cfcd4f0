/** When something last went over a connection; milliseconds by one clock. */
export interface Pulse {
  readonly sentAt: number;
  readonly receivedAt: number;
  /** When the ping that is not answered yet was sent. */
  readonly pingSentAt: number | undefined;
}

/**
 * What a connection needs now: a ping after a third of the session time-out without traffic in either direction, so
 * that the server hears of us in time; an end after two thirds without a byte, so that a third is left for another
 * server.
 */
export function heartbeat(pulse: Pulse, timeoutMs: number, now: number): 'nothing' | 'ping' | 'cut' {
  if (now - pulse.receivedAt >= (timeoutMs * 2) / 3) return 'cut';
  if (pulse.pingSentAt !== undefined) return 'nothing';
  return now - Math.min(pulse.sentAt, pulse.receivedAt) >= timeoutMs / 3 ? 'ping' : 'nothing';
}

/** How often to look, milliseconds: fine enough for the thirds of the time-out, and for deadlines of requests. */
export function tickMs(timeoutMs: number): number {
  return Math.max(5, Math.min(100, Math.round(timeoutMs / 20)));
}
