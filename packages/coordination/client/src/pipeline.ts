import type { Request } from './request.ts';

const XID_MAX = 0x7fffffff;
const COMPACT_AT = 1_024;

/**
 * The requests of a client between call and answer: those sent, in the order their answers come, and those that wait
 * for a connection or their turn. Settled ones stay in line until their turn, so that order is never searched.
 */
export class Pipeline {
  readonly #inFlightMax: number;
  readonly #waitingMax: number;
  #sent: Request[] = [];
  #sentHead = 0;
  #waiting: Request[] = [];
  #waitingHead = 0;
  #xid = 0;
  /** No request fails by its deadline before this moment. */
  #nextDeadline = Number.POSITIVE_INFINITY;

  constructor(limits: { readonly inFlightMax: number; readonly waitingMax: number }) {
    this.#inFlightMax = limits.inFlightMax;
    this.#waitingMax = limits.waitingMax;
  }

  /** How many were sent and are not answered. */
  get inFlight(): number {
    return this.#sent.length - this.#sentHead;
  }

  get waiting(): number {
    return this.#waiting.length - this.#waitingHead;
  }

  /** Puts a request in line, or says `false` when the line is full. */
  enqueue(request: Request): boolean {
    if (this.waiting >= this.#waitingMax) return false;
    this.#waiting.push(request);
    if (request.deadline < this.#nextDeadline) this.#nextDeadline = request.deadline;
    return true;
  }

  /** The next request to send, numbered and counted as sent; `undefined` when none may go now. */
  takeToSend(now: number): Request | undefined {
    while (this.waiting > 0 && this.inFlight < this.#inFlightMax) {
      const request = this.#waiting[this.#waitingHead] as Request;
      this.#waitingHead += 1;
      if (this.#waitingHead >= COMPACT_AT && this.#waitingHead * 2 > this.#waiting.length) this.#compactWaiting();
      if (request.phase === 'settled') continue;
      this.#xid = this.#xid === XID_MAX ? 1 : this.#xid + 1;
      request.xid = this.#xid;
      request.sentAt = now;
      request.phase = 'sent';
      this.#sent.push(request);
      return request;
    }
    return undefined;
  }

  /** Takes back the request that `takeToSend` gave last: it was not sent after all. */
  untake(): void {
    this.#sent.pop();
  }

  /** The request that this answer belongs to, or `undefined` when it is not the one whose turn it is. */
  takeAnswered(xid: number): Request | undefined {
    const request = this.#sent[this.#sentHead];
    if (request === undefined || request.xid !== xid) return undefined;
    this.#sentHead += 1;
    if (this.#sentHead >= COMPACT_AT && this.#sentHead * 2 > this.#sent.length) {
      this.#sent = this.#sent.slice(this.#sentHead);
      this.#sentHead = 0;
    }
    return request;
  }

  /**
   * The connection is gone with everything that was sent on it. Those that may be sent again go back in line, first
   * and in their order.
   *
   * A write that was sent may or may not have taken effect. When there is one, the writes in line behind it fail too:
   * the servers never see a later write of this client without the earlier one having been sent before.
   *
   * @param giveUp decides about the request whose turn it was, which may be what cost the connection, if it may be
   * sent again: a message when it must fail
   */
  connectionLost(giveUp: (request: Request) => string | undefined): void {
    const sent = this.#sent.slice(this.#sentHead).filter((request) => request.phase !== 'settled');
    const waiting = this.#waiting.slice(this.#waitingHead);
    const writeLost = sent.some((request) => !request.repeatable);
    const suspect = this.#sent[this.#sentHead];
    this.#sent = [];
    this.#sentHead = 0;
    if (suspect?.repeatable && suspect.phase !== 'settled') blame(suspect, giveUp);
    const again = sent.filter(sendAgain);
    if (writeLost) for (const request of waiting) if (!request.repeatable) request.fail('connection_loss');
    this.#waiting = [...again, ...waiting.filter((request) => request.phase !== 'settled')];
    this.#waitingHead = 0;
  }

  /** Ends every request. */
  failAll(code: 'session_expired' | 'client_closed' | 'auth_failed'): void {
    const all = [...this.#sent.slice(this.#sentHead), ...this.#waiting.slice(this.#waitingHead)];
    this.#sent = [];
    this.#sentHead = 0;
    this.#waiting = [];
    this.#waitingHead = 0;
    for (const request of all) request.fail(code);
  }

  /** Ends the requests whose deadline has passed. One scan, and only when there is one. */
  expire(now: number): void {
    if (now < this.#nextDeadline) return;
    this.#nextDeadline = Number.POSITIVE_INFINITY;
    for (let i = this.#sentHead; i < this.#sent.length; i += 1) this.#expireOne(this.#sent[i] as Request, now);
    for (let i = this.#waitingHead; i < this.#waiting.length; i += 1) this.#expireOne(this.#waiting[i] as Request, now);
    this.#compactWaiting();
  }

  #expireOne(request: Request, now: number): void {
    if (request.phase === 'settled') return;
    if (request.deadline <= now) request.fail('deadline_exceeded');
    else if (request.deadline < this.#nextDeadline) this.#nextDeadline = request.deadline;
  }

  #compactWaiting(): void {
    this.#waiting = this.#waiting.slice(this.#waitingHead).filter((request) => request.phase !== 'settled');
    this.#waitingHead = 0;
  }
}

function blame(suspect: Request, giveUp: (request: Request) => string | undefined): void {
  const reason = giveUp(suspect);
  if (reason !== undefined) suspect.fail('engine_unsupported', reason);
}

/** Whether a request that was lost with its connection goes back in line; if not, it has failed. */
function sendAgain(request: Request): boolean {
  if (!request.repeatable) request.fail('connection_loss');
  if (request.phase === 'settled') return false;
  request.phase = 'waiting';
  return true;
}
