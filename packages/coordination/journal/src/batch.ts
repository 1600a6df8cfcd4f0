import { crc32 } from 'node:zlib';

/** One entry of the log: opaque bytes at a zxid. */
export interface Entry {
  readonly zxid: number;
  readonly payload: Buffer;
}

/*
 * A batch is what one write puts on disk, and so what a crash may tear:
 *
 *   header (32 bytes)  magic · crc of the rest of the header, begun with the nonce of the file · body length ·
 *                      body crc · zxid before the batch (8) · count of records · mark
 *   body               count x { zxid (8) · length (4) · payload }
 *   trailer (4 bytes)  mark, then zeros up to the next multiple of 32
 *
 * Aligned to 32 bytes, a header never lies across two disk sectors. Marks end in a byte that is not zero: in a file
 * of zeros, a write that got only half-way is told from one that was damaged later. Payloads are made by clients, who do
 * not know the nonce: nothing that they write passes for a header.
 */
const magic = 0x52764231;
const mark = 0x6d61726b;
/** Batches begin at multiples of this. */
export const alignment = 32;
const headerBytes = 32;
const trailerBytes = 4;
const recordHeadBytes = 12;
const sectorBytes = 512;
const two32 = 4294967296;

/** A batch that is being filled: records are encoded as they come, so nothing else is kept of them. */
export class Batch {
  #bytes: Buffer;
  #position = headerBytes;
  #count = 0;
  #firstZxid = 0;
  #lastZxid = 0;

  constructor(capacity: number) {
    this.#bytes = Buffer.allocUnsafeSlow(capacity);
  }

  get count(): number {
    return this.#count;
  }

  get firstZxid(): number {
    return this.#firstZxid;
  }

  get lastZxid(): number {
    return this.#lastZxid;
  }

  /** What the batch will take on disk, bytes. */
  get length(): number {
    return aligned(this.#position + trailerBytes);
  }

  /** Whether the batch stays within so many bytes with `entry`; one alone may be of any length. */
  hasRoomFor(entry: Entry, bytesMax: number): boolean {
    return this.#count === 0 || this.#position + recordHeadBytes + entry.payload.length <= bytesMax;
  }

  add(entry: Entry): void {
    const at = this.#position;
    const end = at + recordHeadBytes + entry.payload.length;
    if (end + trailerBytes + alignment > this.#bytes.length) this.#grow(end + trailerBytes + alignment);
    putLong(this.#bytes, entry.zxid, at);
    this.#bytes.writeUInt32BE(entry.payload.length, at + 8);
    this.#bytes.set(entry.payload, at + recordHeadBytes);
    this.#position = end;
    if (this.#count === 0) this.#firstZxid = entry.zxid;
    this.#lastZxid = entry.zxid;
    this.#count += 1;
  }

  /** The finished bytes for the file of `nonce`, valid until `clear`; `previousZxid` is what the log ended with before. */
  seal(previousZxid: number, nonce: number): Buffer {
    const bytes = this.#bytes;
    const bodyEnd = this.#position;
    bytes.writeUInt32BE(magic, 0);
    bytes.writeUInt32BE(bodyEnd - headerBytes, 8);
    bytes.writeUInt32BE(crc32(bytes.subarray(headerBytes, bodyEnd)), 12);
    putLong(bytes, previousZxid, 16);
    bytes.writeUInt32BE(this.#count, 24);
    bytes.writeUInt32BE(mark, 28);
    bytes.writeUInt32BE(crc32(bytes.subarray(8, headerBytes), nonce), 4);
    bytes.writeUInt32BE(mark, bodyEnd);
    const end = this.length;
    bytes.fill(0, bodyEnd + trailerBytes, end);
    return bytes.subarray(0, end);
  }

  clear(): void {
    this.#position = headerBytes;
    this.#count = 0;
  }

  #grow(needed: number): void {
    const larger = Buffer.allocUnsafeSlow(Math.max(needed, this.#bytes.length * 2));
    this.#bytes.copy(larger, 0, 0, this.#position);
    this.#bytes = larger;
  }
}

/** A batch found in a log file. */
interface FoundBatch {
  readonly kind: 'batch';
  readonly previousZxid: number;
  readonly entries: Entry[];
  /** Where the next one begins. */
  readonly end: number;
}

/** What is found at an offset of a log file. */
export type Found =
  | FoundBatch
  /** Nothing but zeros, or nothing at all. */
  | { readonly kind: 'end' }
  /** A write that did not get through: it was never acknowledged. */
  | { readonly kind: 'torn' }
  /** Something that no crash explains. */
  | { readonly kind: 'damaged'; readonly what: string };

/** Reads what is at `offset` of a whole log file, whose nonce is `nonce`. Payloads are views into `bytes`. */
export function readBatch(bytes: Buffer, offset: number, nonce: number): Found {
  if (isZero(bytes, offset)) return { kind: 'end' };
  const extent = headerHolds(bytes, offset, nonce) ? extentAt(bytes, offset) : undefined;
  const found = extent === undefined ? withoutHeader(bytes, offset) : readWhole(bytes, offset, extent);
  if (found.kind === 'batch') return found;
  // Where its length is known, nothing inside a broken batch is looked at: that is what clients wrote.
  const next = nextBatch(bytes, extent?.end ?? offset + alignment, nonce);
  if (next === undefined) return found;
  return { kind: 'damaged', what: `a batch is broken, and a good one follows at byte ${next}` };
}

function withoutHeader(bytes: Buffer, offset: number): Found {
  const whole = offset + headerBytes <= bytes.length && bytes[offset + headerBytes - 1] !== 0;
  return whole ? { kind: 'damaged', what: 'the head of the last batch is broken' } : { kind: 'torn' };
}

function readWhole(bytes: Buffer, offset: number, { bodyEnd, end }: Extent): Found {
  const bodyStart = offset + headerBytes;
  if (bodyEnd + trailerBytes > bytes.length) return { kind: 'torn' };
  if (bodyHolds(bytes, offset, bodyEnd)) {
    return {
      kind: 'batch',
      previousZxid: getLong(bytes, offset + 16),
      entries: decode(bytes, bodyStart, bodyEnd),
      end,
    };
  }
  if (bytes[bodyEnd + trailerBytes - 1] === 0 || hasZeroSector(bytes, bodyStart, bodyEnd)) return { kind: 'torn' };
  return { kind: 'damaged', what: 'the checksum of the last batch does not match, though it was written whole' };
}

/** How far a batch goes, as its header says. */
interface Extent {
  readonly bodyEnd: number;
  /** Where the next one begins. */
  readonly end: number;
}

function extentAt(bytes: Buffer, offset: number): Extent {
  const bodyEnd = offset + headerBytes + bytes.readUInt32BE(offset + 8);
  return { bodyEnd, end: aligned(bodyEnd + trailerBytes) };
}

function headerHolds(bytes: Buffer, offset: number, nonce: number): boolean {
  return (
    offset + headerBytes <= bytes.length &&
    bytes.readUInt32BE(offset) === magic &&
    crc32(bytes.subarray(offset + 8, offset + headerBytes), nonce) === bytes.readUInt32BE(offset + 4)
  );
}

function bodyHolds(bytes: Buffer, offset: number, bodyEnd: number): boolean {
  return crc32(bytes.subarray(offset + headerBytes, bodyEnd)) === bytes.readUInt32BE(offset + 12);
}

function decode(bytes: Buffer, bodyStart: number, bodyEnd: number): Entry[] {
  const entries: Entry[] = [];
  let at = bodyStart;
  while (at < bodyEnd) {
    const start = at + recordHeadBytes;
    const end = start + bytes.readUInt32BE(at + 8);
    entries.push({ zxid: getLong(bytes, at), payload: bytes.subarray(start, end) });
    at = end;
  }
  return entries;
}

/** Where the next whole batch begins at or after `from`: what follows damage tells it from a torn end. */
function nextBatch(bytes: Buffer, from: number, nonce: number): number | undefined {
  for (let at = from; at + headerBytes <= bytes.length; at += alignment) {
    if (!headerHolds(bytes, at, nonce)) continue;
    const { bodyEnd } = extentAt(bytes, at);
    if (bodyEnd <= bytes.length && bodyHolds(bytes, at, bodyEnd)) return at;
  }
  return undefined;
}

/** Disks write sectors whole: one that is still zero was never reached by the write. */
function hasZeroSector(bytes: Buffer, start: number, end: number): boolean {
  for (let at = start; at < end; ) {
    const sectorEnd = Math.min(end, at - (at % sectorBytes) + sectorBytes);
    if (isZero(bytes, at, sectorEnd)) return true;
    at = sectorEnd;
  }
  return false;
}

/** Whether `bytes[start, end)` is nothing but zeros, or nothing at all. */
export function isZero(bytes: Buffer, start: number, end: number = bytes.length): boolean {
  for (let at = start; at < end; at += 1) if (bytes[at] !== 0) return false;
  return true;
}

/** The next multiple of `alignment`. */
function aligned(length: number): number {
  return Math.ceil(length / alignment) * alignment;
}

/** Writes an unsigned 64-bit number below 2^53. */
export function putLong(bytes: Buffer, value: number, at: number): void {
  const high = Math.floor(value / two32);
  bytes.writeUInt32BE(high, at);
  bytes.writeUInt32BE(value - high * two32, at + 4);
}

/** Reads an unsigned 64-bit number below 2^53. */
export function getLong(bytes: Buffer, at: number): number {
  return bytes.readUInt32BE(at) * two32 + bytes.readUInt32BE(at + 4);
}
