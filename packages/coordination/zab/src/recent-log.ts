import { invariant } from '@reeve/base';
import type { Reader, Writer } from '@reeve/wire';
import type { Entry, Origin } from './host.ts';
import type { MemberId, Membership } from './membership.ts';
import { beginProposal } from './message.ts';

/** Payloads share buffers of this size; a larger one has its own. */
const CHUNK_BYTES = 256 * 1024;
/** Room for so many entries at first, a power of two. */
const FIRST_SLOTS = 1024;
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
 * of an entry in columns side by side, each a ring. (Arrays to be pushed to and cut are megabytes of garbage each time
 * around, and a reason to collect the whole heap.) A payload never moves while its entry is kept: views of it stay good
 * so long.
 */
export class RecentLog {
  /** The last zxid of the log that is not here; 0 when there is none. */
  #base = 0;
  /** Indexes only grow: the slot of an entry is its index modulo the length of the columns. */
  #head = 0;
  #end = 0;
  #bytes = 0;
  #zxids = new Float64Array(FIRST_SLOTS);
  #chunks = emptySlots(FIRST_SLOTS);
  #starts = new Uint32Array(FIRST_SLOTS);
  #lengths = new Uint32Array(FIRST_SLOTS);
  #members = new Int32Array(FIRST_SLOTS);
  #requests = new Float64Array(FIRST_SLOTS);
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
    return this.#end > this.#head ? this.zxidAt(this.#end - 1) : this.#base;
  }

  /** Indexes of entries are below this; they hold as long as the entry is kept. */
  get end(): number {
    return this.#end;
  }

  append({ zxid, origin, membership }: EntryHead, payload: Reader): void {
    invariant(zxid > this.last, 'the log grows in the order of zxids');
    if (this.#end - this.#head === this.#zxids.length) this.#grow();
    const slot = this.#slot(this.#end);
    this.#zxids[slot] = zxid;
    this.#keep(slot, payload);
    this.#members[slot] = origin?.member ?? 0;
    this.#requests[slot] = origin?.request ?? 0;
    this.#end += 1;
    if (membership !== undefined) this.#memberships.set(zxid, membership);
  }

  /** Counts an entry as part of the log without keeping it, nor any before it. */
  pass(zxid: number): void {
    if (this.#end > this.#head) this.reset(zxid);
    else this.#base = zxid;
  }

  /** Forgets everything: the log begins anew after `zxid`. */
  reset(zxid: number): void {
    this.#cut(this.#head);
    this.#bytes = 0;
    this.#base = zxid;
    this.#memberships.clear();
  }

  /** Forgets what comes after `zxid`. */
  truncateAfter(zxid: number): void {
    if (zxid < this.#base) return this.reset(zxid);
    const cut = this.indexAfter(zxid);
    for (let index = cut; index < this.#end; index += 1) this.#bytes -= this.#lengthAt(index);
    for (const changed of this.#memberships.keys()) if (changed > zxid) this.#memberships.delete(changed);
    this.#cut(cut);
  }

  /** Drops what is beyond the limits, oldest first, and nothing after `zxid`. */
  trim(zxid: number): void {
    const { recentBytesMax, recentEntriesMax } = this.#limits;
    while (this.#head < this.#end && this.zxidAt(this.#head) <= zxid) {
      if (this.#bytes <= recentBytesMax && this.#end - this.#head <= recentEntriesMax) break;
      this.#bytes -= this.#lengthAt(this.#head);
      this.#base = this.zxidAt(this.#head);
      this.#letGo(this.#head);
      this.#memberships.delete(this.#base);
      this.#head += 1;
    }
  }

  /** The index of the first entry after `zxid`. */
  indexAfter(zxid: number): number {
    let low = this.#head;
    let high = this.#end;
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      if (this.zxidAt(middle) <= zxid) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** The last zxid of the log that is not after `zxid`; undefined when it is older than what is here. */
  lastUpTo(zxid: number): number | undefined {
    const index = this.indexAfter(zxid) - 1;
    if (index >= this.#head) return this.zxidAt(index);
    return zxid >= this.#base ? this.#base : undefined;
  }

  zxidAt(index: number): number {
    return this.#zxids[this.#slot(index)] as number;
  }

  entryAt(index: number): Entry {
    const start = this.#startAt(index);
    const payload = this.#chunkAt(index).subarray(start, start + this.#lengthAt(index));
    return { zxid: this.zxidAt(index), payload };
  }

  /** Points a reader at a payload. */
  read(index: number, reader: Reader): Reader {
    const start = this.#startAt(index);
    return reader.reset(this.#chunkAt(index), start, start + this.#lengthAt(index));
  }

  /** Writes an entry as a proposal. */
  writeProposal(index: number, writer: Writer): void {
    const zxid = this.zxidAt(index);
    const head = { kind: 'propose', zxid, origin: this.originAt(index), membership: this.membershipOf(zxid) } as const;
    const frame = beginProposal(writer, head);
    const start = this.#startAt(index);
    writer.copy(this.#chunkAt(index), start, start + this.#lengthAt(index));
    writer.endFrame(frame);
  }

  /** The number under which a member asked for an entry, if it did. */
  requestOf(member: MemberId, index: number): number | undefined {
    const slot = this.#slot(index);
    return this.#members[slot] === member ? this.#requests[slot] : undefined;
  }

  originAt(index: number): Origin | undefined {
    const slot = this.#slot(index);
    const member = this.#members[slot] as number;
    return member === 0 ? undefined : { member, request: this.#requests[slot] as number };
  }

  /** The membership that an entry brings. */
  membershipOf(zxid: number): Membership | undefined {
    return this.#memberships.size === 0 ? undefined : this.#memberships.get(zxid);
  }

  /** The first entry after `zxid` that changes the membership. */
  changeAfter(zxid: number): number | undefined {
    for (const changed of this.#memberships.keys()) if (changed > zxid) return changed;
    return undefined;
  }

  /** The memberships that entries after `zxid` bring. */
  membershipsAfter(zxid: number): Membership[] {
    return [...this.#memberships].filter(([changed]) => changed > zxid).map(([, membership]) => membership);
  }

  #slot(index: number): number {
    return index & (this.#zxids.length - 1);
  }

  #chunkAt(index: number): Buffer {
    return this.#chunks[this.#slot(index)] as Buffer;
  }

  #startAt(index: number): number {
    return this.#starts[this.#slot(index)] as number;
  }

  #lengthAt(index: number): number {
    return this.#lengths[this.#slot(index)] as number;
  }

  #keep(slot: number, payload: Reader): void {
    const length = payload.remaining;
    if (this.#used + length > this.#chunk.length) {
      this.#chunk =
        (length <= CHUNK_BYTES ? this.#spare : undefined) ?? Buffer.allocUnsafe(Math.max(CHUNK_BYTES, length));
      this.#spare = undefined;
      this.#used = 0;
    }
    payload.copyTo(this.#chunk, this.#used);
    this.#chunks[slot] = this.#chunk;
    this.#starts[slot] = this.#used;
    this.#lengths[slot] = length;
    this.#used += length;
    this.#bytes += length;
  }

  /** A chunk whose last entry is dropped is filled again: new ones would bring collections nearer. */
  #letGo(index: number): void {
    const chunk = this.#chunkAt(index);
    this.#chunks[this.#slot(index)] = NO_BYTES;
    const isDone = chunk !== this.#chunkAt(index + 1) && chunk !== this.#chunk;
    if (isDone && chunk.length === CHUNK_BYTES) this.#spare = chunk;
  }

  /** Forgets the payloads from an index on. */
  #cut(end: number): void {
    for (let index = end; index < this.#end; index += 1) this.#chunks[this.#slot(index)] = NO_BYTES;
    this.#end = end;
  }

  #grow(): void {
    const slots = this.#zxids.length * 2;
    this.#zxids = this.#spread(this.#zxids, new Float64Array(slots));
    this.#starts = this.#spread(this.#starts, new Uint32Array(slots));
    this.#lengths = this.#spread(this.#lengths, new Uint32Array(slots));
    this.#members = this.#spread(this.#members, new Int32Array(slots));
    this.#requests = this.#spread(this.#requests, new Float64Array(slots));
    this.#chunks = this.#spread(this.#chunks, emptySlots(slots));
  }

  /** Copies a column into a longer one, each entry to its new slot. */
  #spread<C extends { length: number; [slot: number]: unknown }>(from: C, to: C): C {
    for (let index = this.#head; index < this.#end; index += 1) {
      to[index & (to.length - 1)] = from[index & (from.length - 1)];
    }
    return to;
  }
}

function emptySlots(slots: number): Buffer[] {
  return new Array<Buffer>(slots).fill(NO_BYTES);
}
