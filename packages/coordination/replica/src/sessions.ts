import { invariant } from '@reeve/base';
import { sessionOver } from '@reeve/tree';
import { type SessionId, sessionIdOf } from '@reeve/wire';
import type { MemberId } from '@reeve/zab';
import type { ConnectionId } from './event.ts';

/** An open session, as the member that serves or expires it sees it. */
export interface Session {
  readonly id: SessionId;
  timeoutMs: number;
  /** When it was last heard of, on the clock of `Sessions`. */
  lastHeardMs: number;
  /**
   * `closing` from the moment its end is proposed: it can ask for nothing more. `over` while it waits to be ended, or
   * to be ended in full.
   */
  phase: 'open' | 'over' | 'closing';
  /** The connection through which it speaks, here. */
  connection: ConnectionId | undefined;
  /** The member through which it speaks, as far as the leader knows. */
  owner: MemberId | undefined;
}

/**
 * The sessions, and the clock by which they expire. The clock follows the time of the steps, but never by more than
 * `stepMsMax` at once and never backwards: neither a jump of the machine's clock nor a pause of this process, during
 * which it could hear nobody, expires a session.
 */
export class Sessions {
  readonly #byId = new Map<SessionId, Session>();
  readonly #stepMsMax: number;
  #nextId: SessionId;
  #elapsedMs = 0;
  #lastNow: number | undefined;

  constructor(firstId: SessionId, stepMsMax: number) {
    this.#nextId = firstId;
    this.#stepMsMax = stepMsMax;
  }

  get size(): number {
    return this.#byId.size;
  }

  /** The clock of `lastHeardMs`. */
  get elapsedMs(): number {
    return this.#elapsedMs;
  }

  get(id: SessionId): Session | undefined {
    return this.#byId.get(id);
  }

  values(): MapIterator<Session> {
    return this.#byId.values();
  }

  /** Moves the clock; says how much of the time it did not count. */
  advance(now: number): number {
    const step = Math.max(now - (this.#lastNow ?? now), 0);
    const counted = Math.min(step, this.#stepMsMax);
    this.#elapsedMs += counted;
    this.#lastNow = now;
    return step - counted;
  }

  /** An id that no open session has. */
  newId(): SessionId {
    let id = this.#nextId;
    while (this.#byId.has(id)) id = successor(id);
    this.#nextId = successor(id);
    return id;
  }

  /** Opens a session, or finds it open. */
  open(id: SessionId, timeoutMs: number): Session {
    const known = this.#byId.get(id);
    if (known !== undefined) return known;
    const lastHeardMs = this.#elapsedMs;
    const phase = timeoutMs === sessionOver ? 'over' : 'open';
    const session: Session = { id, timeoutMs, lastHeardMs, phase, connection: undefined, owner: undefined };
    this.#byId.set(id, session);
    return session;
  }

  /** Forgets all sessions but those that are open, each with its whole time-out before it. Nobody is connected then. */
  reset(open: ReadonlyMap<SessionId, number>): void {
    this.#byId.clear();
    for (const [id, timeoutMs] of open) this.open(id, timeoutMs);
  }

  remove(id: SessionId): void {
    this.#byId.delete(id);
  }

  /** Notes that a session was heard of just now. */
  touch(session: Session): void {
    session.lastHeardMs = this.#elapsedMs;
  }

  /** Gives every session its whole time-out again. */
  touchAll(): void {
    for (const session of this.#byId.values()) this.touch(session);
  }

  /** Sessions that are over, or were not heard of for longer than their time-out, so many of them at most. */
  expired(countMax: number): Session[] {
    const expired: Session[] = [];
    for (const session of this.#byId.values()) {
      if (expired.length === countMax) break;
      if (session.phase === 'closing') continue;
      const isLate = this.#elapsedMs - session.lastHeardMs > session.timeoutMs;
      if (isLate || session.phase === 'over') expired.push(session);
    }
    return expired;
  }
}

const HALF = 8;

function successor(id: SessionId): SessionId {
  const high = Number.parseInt(id.slice(0, HALF), 16);
  const low = Number.parseInt(id.slice(HALF), 16);
  invariant(high < 0xffffffff || low < 0xffffffff, 'session ids do not run out');
  return low === 0xffffffff ? sessionIdOf(high + 1, 0) : sessionIdOf(high, low + 1);
}
