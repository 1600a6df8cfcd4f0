import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { alignment, type Entry, type Found, readBatch } from './batch.ts';
import type { Disk } from './disk.ts';
import { JournalError } from './journal-error.ts';

/** Log files begin with this many bytes of header; batches follow. */
export const segmentHeaderBytes = alignment;
/** The file that is filled with zeros to become the next log file. */
export const spareName = 'log.spare';
const magic = 'ReeveLog';
const version = 1;
const mark = 0x6d61726b;
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

/** The first bytes of every log file. */
export function segmentHeader(): Buffer {
  const header = Buffer.alloc(segmentHeaderBytes);
  header.write(magic, 0, 'latin1');
  header.writeUInt32BE(version, 8);
  header.writeUInt32BE(crc32(header.subarray(0, 12)), 12);
  header.writeUInt32BE(mark, segmentHeaderBytes - 4);
  return header;
}

/** How the reading of a log file ended: where its good bytes end, and how many follow that were never acknowledged. */
export interface SegmentEnd {
  readonly goodBytes: number;
  readonly tornBytes: number;
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
    const file = await disk.open(path, 'existing');
    try {
      const length = await file.read(bytes, 0);
      return new SegmentReader(path, bytes.subarray(0, length));
    } finally {
      await file.close();
    }
  }

  /**
   * Hands every good batch to `sink`, with the zxid before it and its offset, and says where the file ends.
   *
   * @throws JournalError `log_corrupt`, `format_unknown`
   */
  read(sink: (entries: Entry[], previousZxid: number, offset: number) => void): SegmentEnd {
    if (!this.#hasHeader()) return { goodBytes: 0, tornBytes: this.#written(0) };
    let offset = segmentHeaderBytes;
    for (;;) {
      const found = readBatch(this.#bytes, offset);
      if (found.kind !== 'batch') return this.#end(found, offset);
      sink(found.entries, found.previousZxid, offset);
      offset = found.end;
    }
  }

  #hasHeader(): boolean {
    const bytes = this.#bytes;
    const whole = bytes.length >= segmentHeaderBytes && bytes[segmentHeaderBytes - 1] !== 0;
    if (whole && bytes.subarray(0, 16).equals(segmentHeader().subarray(0, 16))) return true;
    if (whole && crc32(bytes.subarray(0, 12)) === bytes.readUInt32BE(12)) {
      throw new JournalError({ code: 'format_unknown', file: this.#file, version: bytes.readUInt32BE(8) });
    }
    const torn = !whole && readBatch(bytes, segmentHeaderBytes).kind !== 'batch';
    if (!torn) this.#damaged(0, 'the head of the file is broken');
    return false;
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
