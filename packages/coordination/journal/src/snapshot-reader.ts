import { crc32 } from 'node:zlib';
import type { Disk, DiskFile } from './disk.ts';
import { JournalError } from './journal-error.ts';
import { headerBytes, readHeader, readTrailer, sliceHeadBytes, trailerBytes, version } from './snapshot-format.ts';

const windowBytes = 1024 * 1024;

/** What a snapshot says of itself, once every byte of it has been checked. */
export interface SnapshotFacts {
  readonly zxid: number;
  /** The last zxid that may have left a trace in it: the log must reach at least as far. */
  readonly lastZxidSeen: number;
  readonly bytes: number;
}

/** A snapshot file, read in one pass without ever being held whole. */
export class SnapshotReader {
  readonly #disk: Disk;
  readonly #path: string;

  constructor(disk: Disk, path: string) {
    this.#disk = disk;
    this.#path = path;
  }

  /**
   * Reads and checks every byte.
   *
   * @throws JournalError `snapshot_corrupt`, `format_unknown`
   */
  async check(): Promise<SnapshotFacts> {
    const parts = this.#parts();
    for (;;) {
      const part = await parts.next();
      if (part.done === true) return part.value;
    }
  }

  /** The slices as they were written. */
  async *slices(): AsyncGenerator<Buffer> {
    yield* this.#parts();
  }

  async *#parts(): AsyncGenerator<Buffer, SnapshotFacts> {
    const bytes = await this.#disk.size(this.#path);
    const file = await this.#disk.open(this.#path, 'read');
    try {
      const window = new Window(file, bytes);
      const zxid = this.#zxid(await window.take(headerBytes));
      let count = 0;
      for (; window.left > trailerBytes; count += 1) yield await this.#slice(window);
      const lastZxidSeen = this.#trailer(await window.take(trailerBytes), count);
      return { zxid, lastZxidSeen, bytes };
    } finally {
      await file.close();
    }
  }

  #zxid(bytes: Buffer | undefined): number {
    const found = bytes === undefined ? undefined : readHeader(bytes);
    if (found === undefined) return this.#damaged('its head is broken');
    if ('zxid' in found) return found.zxid;
    throw new JournalError({ code: 'format_unknown', file: this.#path, version: found.version, readable: version });
  }

  async #slice(window: Window): Promise<Buffer> {
    const offset = window.offset;
    const head = await window.take(sliceHeadBytes);
    const slice = head === undefined ? undefined : await window.take(head.readUInt32BE(0));
    if (head === undefined || slice === undefined)
      return this.#damaged(`it ends in the middle of byte ${offset}'s slice`);
    if (crc32(slice) !== head.readUInt32BE(4))
      this.#damaged(`the checksum of the slice at byte ${offset} does not match`);
    return slice;
  }

  #trailer(bytes: Buffer | undefined, count: number): number {
    const found = bytes === undefined ? undefined : readTrailer(bytes);
    if (found === undefined || found.count !== count) return this.#damaged('its end is broken or missing');
    return found.lastZxidSeen;
  }

  #damaged(what: string): never {
    throw new JournalError({ code: 'snapshot_corrupt', file: this.#path, what });
  }
}

/** Reads a file from its beginning through a buffer of its own. */
class Window {
  readonly #file: DiskFile;
  readonly #size: number;
  #bytes: Buffer = Buffer.allocUnsafe(0);
  #loadedAt = 0;
  #start = 0;

  constructor(file: DiskFile, size: number) {
    this.#file = file;
    this.#size = size;
  }

  /** How far the file has been taken. */
  get offset(): number {
    return this.#start;
  }

  /** Bytes not taken yet. */
  get left(): number {
    return this.#size - this.#start;
  }

  /** The next `length` bytes, which belong to the caller; `undefined` when the file is shorter than that. */
  async take(length: number): Promise<Buffer | undefined> {
    if (length > this.left) return undefined;
    if (this.#start + length > this.#loadedAt + this.#bytes.length) await this.#load(length);
    const at = this.#start - this.#loadedAt;
    if (at + length > this.#bytes.length) return undefined;
    this.#start += length;
    return this.#bytes.subarray(at, at + length);
  }

  async #load(lengthMin: number): Promise<void> {
    const fresh = Buffer.allocUnsafe(Math.max(lengthMin, Math.min(windowBytes, this.left)));
    const count = await this.#file.read(fresh, this.#start);
    this.#bytes = fresh.subarray(0, count);
    this.#loadedAt = this.#start;
  }
}
