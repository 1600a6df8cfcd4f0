import { invariant } from '@reeve/base';
import type { Reader, Writer } from '@reeve/wire';
import type { Entry, Origin } from './host.ts';
import type { MemberId, Membership } from './membership.ts';
import { beginMessage } from './message.ts';

/** Payloads share buffers of this size; a larger one has its own. */
const CHUNK_BYTES = 256 * 1024;
/** Below so many dropped entries the arrays are not worth copying. */
const COMPACTED_MIN = 4096;
const NO_BYTES = Buffer.alloc(0);

/** An entry, but for its payload. */
export interface EntryHead {
  readonly zxid: number;
  readonly origin: Origin | undefined;
  readonly membership: Membership | undefined;
}

/** How much of what is committed stays. */
export interface RecentLimits {
  readonly recentBytesMax: number;
  readonly recentEntriesMax: number;
}

/**
 * The end of the log in memory: everything after `base`, in order. A learner that was away for a short time gets its
 * difference from here. Made of few objects however many entries there are: payloads lie in chunks, and what is known
 * of an entry in arrays side by side. A payload never moves while its entry is kept: views of it stay good so long.
 */
export class RecentLog {
  /** The last zxid of the log that is not here; 0 when there is none. */
  #base = 0;
  #head = 0;
  #bytes = 0;
  #zxids: number[] = [];
  #chunks: Buffer[] = [];
  #starts: number[] = [];
  #lengths: number[] = [];
  #members: number[] = [];
  #requests: number[] = [];
  /** Entries that change the membership are rare. */
  readonly #memberships = new Map<number, Membership>();
  readonly #limits: RecentLimits;
  #chunk: Buffer = NO_BYTES;
  #spare: Buffer | undefined;
  #used = 0;

  constructor(limits: RecentLimits) {
    this.#limits = limits;
  }

  get base(): number {
    return this.#base;
  }

  /** The last zxid of the log. */
  get last(): number {
    return this.#zxids.length > this.#head ? (this.#zxids[this.#zxids.length - 1] as number) : this.#base;
  }

  /** Indexes of entries are below this; they hold until the next `trim`, `reset` or `truncateAfter`. */
  get end(): number {
    return this.#zxids.length;
  }

  append({ zxid, origin, membership }: EntryHead, payload: Reader): void {
    invariant(zxid > this.last, 'the log grows in the order of zxids');
    this.#zxids.push(zxid);
    this.#keep(payload);
    this.#members.push(origin?.member ?? 0);
    this.#requests.push(origin?.request ?? 0);
    if (membership !== undefined) this.#memberships.set(zxid, membership);
  }

  /** Counts an entry as part of the log without keeping it, nor any before it. */
  pass(zxid: number): void {
    if (this.end > 0) this.reset(zxid);
    else this.#base = zxid;
  }

  /** Forgets everything: the log begins anew after `zxid`. */
  reset(zxid: number): void {
    this.#cut(0);
    this.#head = 0;
    this.#bytes = 0;
    this.#base = zxid;
    this.#memberships.clear();
  }

  /** Forgets what comes after `zxid`. */
  truncateAfter(zxid: number): void {
    if (zxid < this.#base) return this.reset(zxid);
    const cut = this.indexAfter(zxid);
    for (let index = cut; index < this.end; index += 1) this.#bytes -= this.#lengths[index] as number;
    for (const changed of this.#memberships.keys()) if (changed > zxid) this.#memberships.delete(changed);
    this.#cut(cut);
  }

  /** Drops what is beyond the limits, oldest first, and nothing after `zxid`. */
  trim(zxid: number): void {
    const { recentBytesMax, recentEntriesMax } = this.#limits;
    while (this.#head < this.end && (this.#zxids[this.#head] as number) <= zxid) {
      if (this.#bytes <= recentBytesMax && this.end - this.#head <= recentEntriesMax) break;
      this.#bytes -= this.#lengths[this.#head] as number;
      this.#base = this.#zxids[this.#head] as number;
      this.#letGo(this.#head);
      this.#memberships.delete(this.#base);
      this.#head += 1;
    }
    if (this.#head > COMPACTED_MIN && this.#head * 2 > this.end) this.#compact();
  }

  /** The index of the first entry after `zxid`. */
  indexAfter(zxid: number): number {
    let low = this.#head;
    let high = this.end;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#zxids[middle] as number) <= zxid) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** The last zxid of the log that is not after `zxid`; undefined when it is older than what is here. */
  lastUpTo(zxid: number): number | undefined {
    const index = this.indexAfter(zxid) - 1;
    if (index >= this.#head) return this.#zxids[index];
    return zxid >= this.#base ? this.#base : undefined;
  }

  zxidAt(index: number): number {
    return this.#zxids[index] as number;
  }

  entryAt(index: number): Entry {
    const start = this.#starts[index] as number;
    const payload = (this.#chunks[index] as Buffer).subarray(start, start + (this.#lengths[index] as number));
    return { zxid: this.#zxids[index] as number, payload };
  }

  /** Points a reader at a payload. */
  read(index: number, reader: Reader): Reader {
    const start = this.#starts[index] as number;
    return reader.reset(this.#chunks[index] as Buffer, start, start + (this.#lengths[index] as number));
  }

  /** Writes an entry as a proposal. */
  writeProposal(index: number, writer: Writer): void {
    const zxid = this.zxidAt(index);
    const head = { kind: 'propose', zxid, origin: this.originAt(index), membership: this.membershipOf(zxid) } as const;
    const frame = beginMessage(writer, head);
    const start = this.#starts[index] as number;
    writer.copy(this.#chunks[index] as Buffer, start, start + (this.#lengths[index] as number));
    writer.endFrame(frame);
  }

  /** The number under which a member asked for an entry, if it did. */
  requestOf(member: MemberId, index: number): number | undefined {
    return this.#members[index] === member ? this.#requests[index] : undefined;
  }

  originAt(index: number): Origin | undefined {
    const member = this.#members[index] as number;
    return member === 0 ? undefined : { member, request: this.#requests[index] as number };
  }

  /** The membership that an entry brings. */
  membershipOf(zxid: number): Membership | undefined {
    return this.#memberships.size === 0 ? undefined : this.#memberships.get(zxid);
  }

  /** The memberships that entries after `zxid` bring. */
  membershipsAfter(zxid: number): Membership[] {
    return [...this.#memberships].filter(([changed]) => changed > zxid).map(([, membership]) => membership);
  }

  #keep(payload: Reader): void {
    const length = payload.remaining;
    if (this.#used + length > this.#chunk.length) {
      this.#chunk =
        (length <= CHUNK_BYTES ? this.#spare : undefined) ?? Buffer.allocUnsafe(Math.max(CHUNK_BYTES, length));
      this.#spare = undefined;
      this.#used = 0;
    }
    payload.copyTo(this.#chunk, this.#used);
    this.#chunks.push(this.#chunk);
    this.#starts.push(this.#used);
    this.#lengths.push(length);
    this.#used += length;
    this.#bytes += length;
  }

  /** A chunk whose last entry is dropped is filled again: new ones would bring collections nearer. */
  #letGo(index: number): void {
    const chunk = this.#chunks[index] as Buffer;
    this.#chunks[index] = NO_BYTES;
    const isDone = chunk !== this.#chunks[index + 1] && chunk !== this.#chunk;
    if (isDone && chunk.length === CHUNK_BYTES) this.#spare = chunk;
  }

  #cut(length: number): void {
    this.#zxids.length = length;
    this.#chunks.length = length;
    this.#starts.length = length;
    this.#lengths.length = length;
    this.#members.length = length;
    this.#requests.length = length;
  }

  #compact(): void {
    const head = this.#head;
    this.#zxids = this.#zxids.slice(head);
    this.#chunks = this.#chunks.slice(head);
    this.#starts = this.#starts.slice(head);
    this.#lengths = this.#lengths.slice(head);
    this.#members = this.#members.slice(head);
    this.#requests = this.#requests.slice(head);
    this.#head = 0;
  }
}
