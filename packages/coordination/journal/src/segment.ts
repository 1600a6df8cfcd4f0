import { randomInt } from 'node:crypto';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { alignment, Batch, type Entry, type Found, isZero, readBatch } from './batch.ts';
import type { Disk } from './disk.ts';
import { JournalError } from './journal-error.ts';

/** Log files begin with this many bytes of header; batches follow. */
export const segmentHeaderBytes = alignment;
/** The file that is filled with zeros to become the next log file. */
export const spareName = 'log.spare';
const magic = 'ReeveLog';
/** Written and read; 1 had no nonce. */
const version = 2;
const mark = 0x6d61726b;
const two32 = 4294967296;
const namePattern = /^log\.([0-9a-f]{1,16})$/;

/** A log file: `log.<zxid of its first entry, hexadecimal>`. */
export interface SegmentName {
  readonly name: string;
  readonly firstZxid: number;
}

export function segmentName(firstZxid: number): string {
  return `log.${firstZxid.toString(16)}`;
}

/** The log files among the names of a directory, oldest first. */
export function segmentsIn(names: readonly string[]): SegmentName[] {
  return names
    .flatMap((name) => {
      const hex = namePattern.exec(name)?.[1];
      return hex === undefined ? [] : [{ name, firstZxid: Number.parseInt(hex, 16) }];
    })
    .sort((a, b) => a.firstZxid - b.firstZxid);
}

/** A nonce for a log file: part of what its batches are known by, and nothing that a client can guess. */
export function newNonce(): number {
  return randomInt(two32);
}

/**
 * The first bytes of a log file: magic (8) · version · crc of both · nonce · crc of all that · zeros · mark. Magic,
 * version and their crc are where every format has them.
 */
export function segmentHeader(nonce: number): Buffer {
  const header = Buffer.alloc(segmentHeaderBytes);
  header.write(magic, 0, 'latin1');
  header.writeUInt32BE(version, 8);
  header.writeUInt32BE(crc32(header.subarray(0, 12)), 12);
  header.writeUInt32BE(nonce, 16);
  header.writeUInt32BE(crc32(header.subarray(0, 20)), 20);
  header.writeUInt32BE(mark, segmentHeaderBytes - 4);
  return header;
}

/** How the reading of a log file ended: where its good bytes end, and how many follow that were never acknowledged. */
export interface SegmentEnd {
  readonly goodBytes: number;
  readonly tornBytes: number;
}

/** A batch, and where it was found. */
export interface PlacedBatch {
  readonly entries: readonly Entry[];
  /** The zxid that the log ended with before it. */
  readonly previousZxid: number;
  /** Where in the file it begins, bytes. */
  readonly offset: number;
}

/** One log file, read whole; its batches are handed out in order. */
export class SegmentReader {
  readonly #bytes: Buffer;
  readonly #file: string;

  private constructor(file: string, bytes: Buffer) {
    this.#file = file;
    this.#bytes = bytes;
  }

  static async open(disk: Disk, directory: string, name: string): Promise<SegmentReader> {
    const path = join(directory, name);
    const bytes = Buffer.allocUnsafeSlow(await disk.size(path));
    const file = await disk.open(path, 'read');
    try {
      const length = await file.read(bytes, 0);
      return new SegmentReader(path, bytes.subarray(0, length));
    } finally {
      await file.close();
    }
  }

  /**
   * Every good batch, and in the end where the file's good bytes end.
   *
   * @throws JournalError `log_corrupt`, `format_unknown`
   */
  *batches(): Generator<PlacedBatch, SegmentEnd> {
    const nonce = this.#nonce();
    if (nonce === undefined) return { goodBytes: 0, tornBytes: this.#written(0) };
    let offset = segmentHeaderBytes;
    for (;;) {
      const found = readBatch(this.#bytes, offset, nonce);
      if (found.kind !== 'batch') return this.#end(found, offset);
      yield { entries: found.entries, previousZxid: found.previousZxid, offset };
      offset = found.end;
    }
  }

  /** The file as it would be without the entries after `zxid`; `undefined` when it has none of them. */
  cutAfter(zxid: number): Buffer | undefined {
    for (const { entries, previousZxid, offset } of this.batches()) {
      const kept = entries.filter((entry) => entry.zxid <= zxid);
      if (kept.length === entries.length) continue;
      const before = this.#bytes.subarray(0, offset);
      if (kept.length === 0) return before;
      const batch = new Batch(this.#bytes.length - offset);
      for (const entry of kept) batch.add(entry);
      return Buffer.concat([before, batch.seal(previousZxid, this.#nonce() ?? 0)]);
    }
    return undefined;
  }

  /** The nonce of the file; none when a crash tore its header, which is on disk before any batch is begun. */
  #nonce(): number | undefined {
    const bytes = this.#bytes;
    const whole = bytes.length >= segmentHeaderBytes && bytes[segmentHeaderBytes - 1] !== 0;
    if (!whole && isZero(bytes, segmentHeaderBytes)) return undefined;
    if (whole && bytes.toString('latin1', 0, 8) === magic && crc32(bytes.subarray(0, 12)) === bytes.readUInt32BE(12)) {
      const found = bytes.readUInt32BE(8);
      if (found !== version) {
        throw new JournalError({ code: 'format_unknown', file: this.#file, version: found, readable: version });
      }
      if (crc32(bytes.subarray(0, 20)) === bytes.readUInt32BE(20)) return bytes.readUInt32BE(16);
    }
    return this.#damaged(0, 'the head of the file is broken');
  }

  #end(found: Exclude<Found, { kind: 'batch' }>, offset: number): SegmentEnd {
    if (found.kind === 'damaged') this.#damaged(offset, found.what);
    return { goodBytes: offset, tornBytes: found.kind === 'torn' ? this.#written(offset) : 0 };
  }

  #damaged(offset: number, what: string): never {
    throw new JournalError({ code: 'log_corrupt', file: this.#file, offset, what });
  }

  /** Bytes from `offset` up to the zeros at the end. */
  #written(offset: number): number {
    const bytes = this.#bytes;
    let end = bytes.length;
    while (end > offset && bytes[end - 1] === 0) end -= 1;
    return Math.max(0, end - offset);
  }
}
