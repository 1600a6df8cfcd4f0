import { ops, specialXids } from '@reeve/wire';
import { type Totals, Traffic } from './traffic.ts';

const frameHeadBytes = 4;
/** xid and operation of a request. */
const requestHeadBytes = 8;
/** xid, zxid and error of a reply. */
const replyHeadBytes = 16;
const two32 = 4294967296;
/** The numbers of the operations that become transactions; 0 is the handshake. A sync is none. */
const updates: ReadonlySet<number> = new Set([
  0,
  ...Object.values(ops).flatMap(({ code, kind }) => (kind === 'write' && code !== ops.sync.code ? [code] : [])),
]);

/** What goes to and fro on one connection, as its frames tell without being decoded. */
export class Conversation {
  readonly traffic = new Traffic();
  /** The last request: its xid, and the number of its operation (0: none but the handshake). */
  lastXid = 0;
  lastOp = 0;
  /** The last answer: its zxid, and when it was written, milliseconds since the epoch. */
  lastZxid = 0;
  lastReplyMs = 0;
  readonly #totals: Totals;
  #asked = 0;
  #answered = 0;
  /** One request at a time is timed: the answer of this number ends it; 0 while none is. */
  #timedAnswer = 0;
  #timedSinceMs = 0;
  #timedOp = 0;

  constructor(totals: Totals) {
    this.#totals = totals;
  }

  /** Whether the client has sent a whole frame. */
  get begun(): boolean {
    return this.#asked > 0;
  }

  /** Notes a frame of the client. */
  asked(bytes: Buffer, start: number, end: number): void {
    this.#asked += 1;
    this.traffic.received += 1;
    this.#totals.received += 1;
    if (this.#asked > 1 && end - start >= requestHeadBytes) {
      this.lastXid = bytes.readInt32BE(start);
      this.lastOp = bytes.readInt32BE(start + 4);
    }
    if (this.#timedAnswer > 0) return;
    this.#timedAnswer = this.#asked;
    this.#timedSinceMs = performance.now();
    this.#timedOp = this.lastOp;
  }

  /** Notes whole frames for the client: each answers the oldest unanswered request, but for notifications. */
  told(bytes: Buffer): void {
    let last = 0;
    let frames = 0;
    for (let at = 0; at < bytes.length; ) {
      const length = bytes.readInt32BE(at);
      if (bytes.readInt32BE(at + frameHeadBytes) !== specialXids.notification) this.#answered += 1;
      this.#totals.replied(length);
      last = at;
      frames += 1;
      at += frameHeadBytes + length;
    }
    this.traffic.sent += frames;
    this.#totals.sent += frames;
    this.#remember(bytes, last);
    if (this.#timedAnswer > 0 && this.#answered >= this.#timedAnswer) this.#timed();
  }

  #remember(bytes: Buffer, last: number): void {
    this.lastReplyMs = Date.now();
    const handshake = this.#answered <= 1;
    if (handshake || bytes.length - last < frameHeadBytes + replyHeadBytes) return;
    const at = last + frameHeadBytes + 4;
    this.lastZxid = bytes.readUInt32BE(at) * two32 + bytes.readUInt32BE(at + 4);
  }

  #timed(): void {
    const latencyMs = performance.now() - this.#timedSinceMs;
    this.traffic.timed(latencyMs);
    this.#totals.timed(latencyMs);
    if (updates.has(this.#timedOp)) this.#totals.updates.note(latencyMs);
    else this.#totals.reads.note(latencyMs);
    this.#timedAnswer = 0;
  }
}
