import { join } from 'node:path';
import { type Backoff, backoffMs, codeOf, invariant, type Logger, messageOf } from '@reeve/base';
import { Batch, type Entry } from './batch.ts';
import type { Disk } from './disk.ts';
import { hexZxid, JournalError } from './journal-error.ts';
import type { JournalObserver } from './journal-observer.ts';
import { SegmentWriter } from './segment-writer.ts';

/** Why the log takes no more entries. `disk_full` passes when space is made; `disk_failed` is for good. */
export interface LogFault {
  readonly code: 'disk_full' | 'disk_failed';
  /** What the disk said. */
  readonly reason: string;
}

/** Who learns what became of the entries. Called in order, never from inside `append`. */
export interface LogListener {
  /** Every entry up to and including `zxid` is on disk. */
  persisted(zxid: number): void;
  /**
   * Nothing after the last `persisted` is on disk, nor will be; `append` drops what it gets until `recovered`. Told once
   * more when a disk that was full fails for good.
   */
  failed(fault: LogFault): void;
  /** The log takes entries again. */
  recovered(): void;
}

/** How the log writes. */
export interface LogSettings {
  readonly directory: string;
  readonly disk: Disk;
  readonly logger: Logger;
  /** A log file is followed by the next when it would grow beyond this, bytes. */
  readonly segmentBytesMax: number;
  /** How often a full disk is tried again. */
  readonly retry: Backoff;
  readonly observer?: JournalObserver;
}

const batchCapacity = 256 * 1024;
/** Beyond it what comes waits for the next batch: one write must not be asked to take more than it can (2 GiB). */
const batchBytesMax = 32 * 1024 * 1024;
/** Space that must be there before a disk that was full is trusted again. */
const probeBytes = 1024 * 1024;
const probeName = 'log.probe';
const fullCodes: ReadonlySet<string | undefined> = new Set(['ENOSPC', 'EDQUOT']);

/**
 * The log of entries: whatever waits while one batch is being written becomes the next batch. So any number of entries
 * shares one write and one sync, and a lone one waits for nobody.
 */
export class Log {
  readonly #settings: LogSettings;
  readonly #listener: LogListener;
  readonly #segments: SegmentWriter;
  #state: 'open' | 'rewriting' | 'failed' | 'closed' = 'open';
  /** Why it failed, as long as it has. */
  #failure = '';
  #filling = new Batch(batchCapacity);
  /** The batch that is being written, or was last. */
  #other = new Batch(batchCapacity);
  /** Batches that are full and wait, before the one that is being filled; whoever appends bounds them. */
  #full: Batch[] = [];
  #writing: Promise<void> | undefined;
  #rewriting: Promise<void> | undefined;
  #probing: { readonly timer: NodeJS.Timeout; running?: Promise<void> } | undefined;
  #lastZxid: number;

  /** @param lastZxid what the log on disk ends with; entries to come are greater */
  constructor(settings: LogSettings, listener: LogListener, lastZxid: number) {
    this.#settings = settings;
    this.#listener = listener;
    this.#segments = new SegmentWriter(settings);
    this.#lastZxid = lastZxid;
  }

  /** The last entry known to be on disk. */
  get lastZxid(): number {
    return this.#lastZxid;
  }

  /** Whether `rewrite` is under way. */
  get isRewriting(): boolean {
    return this.#rewriting !== undefined;
  }

  /** Bytes taken and not yet on disk: whoever appends must pause before they grow without end. */
  get backlogBytes(): number {
    let bytes = this.#writing === undefined ? 0 : this.#other.length;
    for (const batch of this.#full) bytes += batch.length;
    return bytes + (this.#filling.count === 0 ? 0 : this.#filling.length);
  }

  /** Takes entries, in zxid order; they are copied. `persisted` says when they are on disk. */
  append(entries: readonly Entry[]): void {
    invariant(this.#state !== 'rewriting', 'nothing is appended to a log whose files are being changed');
    if (this.#state !== 'open') return;
    for (const entry of entries) {
      if (!this.#filling.hasRoomFor(entry, batchBytesMax)) this.#closeFilling();
      this.#filling.add(entry);
    }
    if (this.#writing === undefined) this.#flush();
  }

  /**
   * Resolves when an entry that was appended is on disk.
   *
   * @throws JournalError `log_unwritable` when it will not be
   */
  async reaches(zxid: number): Promise<void> {
    while (this.#lastZxid < zxid) {
      if (this.#writing === undefined) throw this.#unwritable();
      await this.#writing;
    }
  }

  /**
   * Changes the files of the log when all that was appended is on disk; nothing may be appended until it is done. While
   * `prepare` runs nothing that counts is changed, and when it fails the log goes on as before. What it returns changes
   * the files and says what the log ends with then; when that fails, only a restart may tell what is on disk.
   */
  async rewrite(prepare: () => Promise<() => Promise<number>>): Promise<void> {
    if (this.#state === 'failed') throw this.#unwritable();
    invariant(this.#state === 'open', `a log that is ${this.#state} is not changed`);
    this.#state = 'rewriting';
    this.#rewriting = this.#rewrite(prepare).finally(() => {
      this.#rewriting = undefined;
      if (this.#state === 'rewriting') this.#state = 'open';
    });
    await this.#rewriting;
  }

  /** Resolves when all that was appended is on disk, or has failed, and the files are closed. */
  async close(): Promise<void> {
    await this.#rewriting?.catch(() => undefined);
    while (this.#writing !== undefined) await this.#writing;
    this.#state = 'closed';
    clearTimeout(this.#probing?.timer);
    await this.#probing?.running;
    try {
      await this.#segments.close();
    } catch (error) {
      const facts = { directory: this.#settings.directory, reason: messageOf(error) };
      this.#settings.logger.warn(facts, 'the log could not be closed in order: the next start mends it');
    }
  }

  async #rewrite(prepare: () => Promise<() => Promise<number>>): Promise<void> {
    while (this.#writing !== undefined) await this.#writing;
    if (this.#state === 'failed') throw this.#unwritable();
    const perform = await prepare();
    try {
      await this.#segments.finishCurrent();
      this.#lastZxid = await perform();
    } catch (error) {
      this.#failForGood(error);
      throw error;
    }
  }

  #unwritable(): JournalError {
    return new JournalError({
      code: 'log_unwritable',
      directory: this.#settings.directory,
      reason: this.#failure,
    });
  }

  #closeFilling(): void {
    this.#full.push(this.#filling);
    this.#filling = new Batch(batchCapacity);
  }

  /** Begins to write what waits, if anything does; the batch that was written last is filled again. */
  #flush(): void {
    const full = this.#full.shift();
    if (full === undefined && this.#filling.count === 0) return;
    const batch = full ?? this.#filling;
    if (full === undefined) this.#filling = this.#other;
    this.#other = batch;
    this.#writing = this.#write(batch);
  }

  async #write(batch: Batch): Promise<void> {
    const begunMs = performance.now();
    try {
      // Whatever is thrown comes with the promise, in a later turn: so no failure is told from inside `append`, and none
      // of the next write before `persisted` of this one.
      await this.#segments.write(batch, this.#lastZxid);
    } catch (error) {
      return this.#fail(error);
    }
    this.#settings.observer?.synced(batch.count, performance.now() - begunMs);
    const persisted = batch.lastZxid;
    this.#lastZxid = persisted;
    batch.clear();
    this.#writing = undefined;
    // The next write starts first, so that the disk works while this one's replies are made.
    this.#flush();
    this.#listener.persisted(persisted);
  }

  #fail(error: unknown): void {
    if (!fullCodes.has(codeOf(error))) return this.#failForGood(error);
    const facts = this.#failed({ code: 'disk_full', reason: messageOf(error) });
    this.#settings.logger.error(facts, 'the disk is full: writes are refused until there is space');
    this.#probeLater(1);
    this.#listener.failed({ code: facts.code, reason: facts.reason });
  }

  /** After a failed sync the page cache claims to hold what the disk does not: only a restart may read it again. */
  #failForGood(error: unknown): void {
    const facts = this.#failed({ code: 'disk_failed', reason: messageOf(error) });
    this.#settings.logger.error(facts, 'the disk failed: writes are refused until a restart; check the disk first');
    this.#listener.failed({ code: facts.code, reason: facts.reason });
  }

  /** Drops all that waits; says what is to be said of it. */
  #failed(fault: LogFault): LogFault & { readonly directory: string; readonly lastZxid: string } {
    this.#state = 'failed';
    this.#failure = fault.reason;
    this.#full = [];
    this.#filling.clear();
    this.#other.clear();
    this.#writing = undefined;
    return { ...fault, directory: this.#settings.directory, lastZxid: hexZxid(this.#lastZxid) };
  }

  #probeLater(failures: number): void {
    const timer = setTimeout(
      () => {
        if (this.#probing !== undefined) this.#probing.running = this.#probe(failures);
      },
      backoffMs(this.#settings.retry, failures, Math.random),
    );
    timer.unref();
    this.#probing = { timer };
  }

  async #probe(failures: number): Promise<void> {
    try {
      await this.#segments.mend();
      await this.#writeProbe();
    } catch (error) {
      return this.#probeFailed(error, failures);
    }
    if (this.#state !== 'failed') return;
    this.#state = 'open';
    this.#settings.logger.info({ directory: this.#settings.directory }, 'the disk has space again: writes are taken');
    this.#listener.recovered();
  }

  #probeFailed(error: unknown, failures: number): void {
    if (this.#state !== 'failed') return;
    if (!fullCodes.has(codeOf(error))) return this.#fail(error);
    this.#settings.logger.debug({ failures, reason: messageOf(error) }, 'the disk is still full');
    this.#probeLater(failures + 1);
  }

  async #writeProbe(): Promise<void> {
    const { disk, directory } = this.#settings;
    const path = join(directory, probeName);
    await disk.remove(path);
    const file = await disk.open(path, 'durable');
    try {
      await file.write(Buffer.alloc(probeBytes), 0);
    } finally {
      await file.close();
      await disk.remove(path);
    }
  }
}
