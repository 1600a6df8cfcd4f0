import { join } from 'node:path';
import { codeOf, type Logger, messageOf } from '@reeve/base';
import type { Batch } from './batch.ts';
import type { Disk, DiskFile } from './disk.ts';
import { newNonce, segmentHeader, segmentHeaderBytes, segmentName, spareName } from './segment.ts';

/** Where and how log files are written. */
export interface SegmentSettings {
  readonly directory: string;
  readonly disk: Disk;
  readonly logger: Logger;
  /** A log file is followed by the next when it would grow beyond this, bytes. */
  readonly segmentBytesMax: number;
}

interface OpenSegment {
  readonly path: string;
  readonly file: DiskFile;
  readonly nonce: number;
  /** Whether it was filled with zeros beforehand. */
  readonly isFilled: boolean;
  /** Where the good bytes end. */
  position: number;
}

type Spare =
  | { readonly kind: 'none' }
  | { readonly kind: 'filling'; readonly done: Promise<void> }
  | { readonly kind: 'ready'; readonly file: DiskFile };

const fillBytes = 256 * 1024;
/** How many files of full length must fit on the disk before one is prepared: what is left when it is scarce is for entries. */
const spareRoomFiles = 4;
/** How long none is prepared after that went wrong. */
const spareRestMs = 60_000;
/** When so much of a file is written, or half of it, the next is prepared: whoever writes hardly anything needs none. */
const spareDueBytes = 1024 * 1024;
/** How often it is looked whether the file is still there: one that was removed takes writes as if nothing had happened. */
const lookEveryMs = 1_000;

/**
 * The files of the log, written one after the other. The next is filled with zeros beforehand, and a file that was not is
 * left for it: a sync in a file that need not grow takes a third of the time, as the file system has nothing to note.
 */
export class SegmentWriter {
  readonly #settings: SegmentSettings;
  #current: OpenSegment | undefined;
  #lookedMs = 0;
  #spare: Spare = { kind: 'none' };
  #spareNotBeforeMs = 0;
  /** Files that are left, one after the other. */
  #leaving: Promise<void> = Promise.resolve();
  #closing = false;

  constructor(settings: SegmentSettings) {
    this.#settings = settings;
  }

  /** Appends a batch to a log that ends with `previousZxid`; resolves when it is on disk. */
  async write(batch: Batch, previousZxid: number): Promise<void> {
    const segment = this.#segmentFor(batch) ?? (await this.#begin(batch.firstZxid));
    await segment.file.write(batch.seal(previousZxid, segment.nonce), segment.position);
    if (performance.now() - this.#lookedMs > lookEveryMs) await this.#look(segment);
    segment.position += batch.length;
    if (this.#needsSpare(segment)) this.#prepareSpare();
  }

  /** After a failed write: cuts the file where its good bytes end, so that nothing of that write is ever read. */
  async mend(): Promise<void> {
    await this.#spareSettled();
    await this.#dropSpare();
    const segment = this.#current;
    if (segment === undefined) return;
    await segment.file.truncate(segment.position);
    this.#current = undefined;
    await segment.file.close();
    if (segment.position <= segmentHeaderBytes) await this.#settings.disk.remove(segment.path);
  }

  /** Closes the file that is being written, without zeros beyond its last batch: the next batch begins a new one. */
  async finishCurrent(): Promise<void> {
    await this.#leaving;
    const segment = this.#current;
    if (segment === undefined) return;
    this.#current = undefined;
    await this.#close(segment);
  }

  /** Closes the files; the zeros beyond the last batch go. */
  async close(): Promise<void> {
    this.#closing = true;
    await this.#spareSettled();
    try {
      await this.#dropSpare();
    } finally {
      await this.finishCurrent();
    }
  }

  async #look({ path }: OpenSegment): Promise<void> {
    await this.#settings.disk.size(path);
    this.#lookedMs = performance.now();
  }

  #segmentFor(batch: Batch): OpenSegment | undefined {
    const segment = this.#current;
    if (segment === undefined) return undefined;
    if (!segment.isFilled && this.#spare.kind === 'ready') return undefined;
    return segment.position + batch.length > this.#settings.segmentBytesMax ? undefined : segment;
  }

  #needsSpare({ position }: OpenSegment): boolean {
    const dueBytes = Math.min(spareDueBytes, this.#settings.segmentBytesMax / 2);
    return this.#spare.kind === 'none' && position > dueBytes && performance.now() >= this.#spareNotBeforeMs;
  }

  async #begin(firstZxid: number): Promise<OpenSegment> {
    const { directory, disk } = this.#settings;
    const path = join(directory, segmentName(firstZxid));
    const segment = { path, ...(await this.#newFile(path)), nonce: newNonce(), position: 0 };
    this.#leave();
    this.#current = segment;
    const header = segmentHeader(segment.nonce);
    await segment.file.write(header, 0);
    await disk.syncDirectory(directory);
    segment.position = header.length;
    return segment;
  }

  async #newFile(path: string): Promise<Pick<OpenSegment, 'file' | 'isFilled'>> {
    const { directory, disk } = this.#settings;
    const spare = this.#spare;
    if (spare.kind !== 'ready') return { file: await disk.open(path, 'durable'), isFilled: false };
    this.#spare = { kind: 'none' };
    try {
      await disk.rename(join(directory, spareName), path);
    } catch (error) {
      await spare.file.close();
      if (codeOf(error) !== 'ENOENT') throw error;
      // Somebody has removed it.
      return this.#newFile(path);
    }
    return { file: spare.file, isFilled: true };
  }

  /** Closes the file that was written so far while the next is written already; zeros that stay there do no harm. */
  #leave(): void {
    const segment = this.#current;
    if (segment === undefined) return;
    this.#leaving = this.#leaving
      .then(() => this.#close(segment))
      .catch((error: unknown) => {
        this.#settings.logger.debug({ file: segment.path, reason: messageOf(error) }, 'a log file keeps its zeros');
      });
  }

  async #close({ file, position }: OpenSegment): Promise<void> {
    try {
      await file.truncate(position);
    } finally {
      await file.close();
    }
  }

  #prepareSpare(): void {
    const done = this.#fillSpare().catch((error: unknown) => {
      this.#noSpare();
      this.#settings.logger.debug({ reason: messageOf(error) }, 'no log file could be prepared beforehand');
    });
    this.#spare = { kind: 'filling', done };
  }

  #noSpare(): void {
    this.#spare = { kind: 'none' };
    this.#spareNotBeforeMs = performance.now() + spareRestMs;
  }

  async #fillSpare(): Promise<void> {
    const { directory, disk, segmentBytesMax } = this.#settings;
    const path = join(directory, spareName);
    await disk.remove(path);
    if ((await disk.spaceLeft(directory)) < segmentBytesMax * spareRoomFiles) return this.#noSpare();
    const file = await disk.open(path, 'durable');
    try {
      const zeros = Buffer.alloc(Math.min(fillBytes, segmentBytesMax));
      for (let at = 0; at < segmentBytesMax && !this.#closing; at += zeros.length) {
        await file.write(zeros.subarray(0, segmentBytesMax - at), at);
      }
      this.#spare = { kind: 'ready', file };
    } catch (error) {
      await file.close();
      await disk.remove(path);
      throw error;
    }
  }

  async #spareSettled(): Promise<void> {
    if (this.#spare.kind === 'filling') await this.#spare.done;
  }

  async #dropSpare(): Promise<void> {
    const { directory, disk } = this.#settings;
    const spare = this.#spare;
    if (spare.kind !== 'ready') return;
    this.#spare = { kind: 'none' };
    await spare.file.close();
    await disk.remove(join(directory, spareName));
  }
}
