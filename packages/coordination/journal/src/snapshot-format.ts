import { crc32 } from 'node:zlib';
import { alignment, getLong, putLong } from './batch.ts';

/*
 * A snapshot file: header (32 bytes: magic · version · zxid · crc), slices of { length (4) · crc (4) · bytes }, and a
 * trailer of { ffffffff · count of slices · last zxid seen in it (8) · crc (4) }. Written under another name and
 * renamed when whole, so that a file of this name without its trailer is damage, never a crash.
 */
const magic = 'ReeveSnp';
/** The format that is written and read. */
export const version = 1;
const trailerMark = 0xffffffff;
/** How long a snapshot's first part is. */
export const headerBytes = alignment;
/** What precedes each slice. */
export const sliceHeadBytes = 8;
/** How long a snapshot's last part is. */
export const trailerBytes = 20;

export function header(zxid: number): Buffer {
  const bytes = Buffer.alloc(headerBytes);
  bytes.write(magic, 0, 'latin1');
  bytes.writeUInt32BE(version, 8);
  putLong(bytes, zxid, 12);
  bytes.writeUInt32BE(crc32(bytes.subarray(0, 20)), 20);
  return bytes;
}

/** The zxid in a header; its format when that is another one; `undefined` when it is broken. */
export function readHeader(bytes: Buffer): { readonly zxid: number } | { readonly version: number } | undefined {
  const whole = bytes.toString('latin1', 0, 8) === magic && crc32(bytes.subarray(0, 20)) === bytes.readUInt32BE(20);
  if (!whole) return undefined;
  const found = bytes.readUInt32BE(8);
  return found === version ? { zxid: getLong(bytes, 12) } : { version: found };
}

export function writeSliceHead(bytes: Buffer, at: number, slice: Buffer): void {
  bytes.writeUInt32BE(slice.length, at);
  bytes.writeUInt32BE(crc32(slice), at + 4);
}

export function trailer(count: number, lastZxidSeen: number): Buffer {
  const bytes = Buffer.alloc(trailerBytes);
  bytes.writeUInt32BE(trailerMark, 0);
  bytes.writeUInt32BE(count, 4);
  putLong(bytes, lastZxidSeen, 8);
  bytes.writeUInt32BE(crc32(bytes.subarray(0, 16)), 16);
  return bytes;
}

/** What a trailer says; `undefined` when it is none, or broken. */
export function readTrailer(bytes: Buffer): { readonly count: number; readonly lastZxidSeen: number } | undefined {
  if (bytes.readUInt32BE(0) !== trailerMark || crc32(bytes.subarray(0, 16)) !== bytes.readUInt32BE(16))
    return undefined;
  return { count: bytes.readUInt32BE(4), lastZxidSeen: getLong(bytes, 8) };
}
