import type { Logger } from '@reeve/base';
import type { JournalObserver } from '@reeve/journal';
import { Distribution } from './distribution.ts';

/** How long slow syncs are only counted after one was logged: a slow disk is one piece of news, not thousands. */
const quietMs = 10_000;

/** How a journal is watched. */
export interface StorageWatch {
  /** How long the disk may take for a batch before it is worth a warning, milliseconds. */
  readonly syncWarnMs: number;
  readonly logger: Logger;
}

/** What the disk has done, counted and timed by batch, and a warning when it is slow. */
export class StorageStatistics implements JournalObserver {
  /** Milliseconds from the write of a batch to its being on disk. */
  readonly syncs = new Distribution();
  /** Log entries in a batch: how many writes share one sync. */
  readonly batches = new Distribution();
  /** Milliseconds that snapshots took. */
  readonly snapshots = new Distribution();
  snapshotsFailed = 0;
  /** Milliseconds that reading snapshot and log took at the start. */
  readonly loads = new Distribution();
  /** Log entries read after the snapshot at the start. */
  readonly loadedEntries = new Distribution();
  /** Syncs that took longer than the warning threshold. */
  slowSyncs = 0;
  readonly #watch: StorageWatch;
  #warnedMs = Number.NEGATIVE_INFINITY;
  #slowSyncsTold = 0;

  constructor(watch: StorageWatch) {
    this.#watch = watch;
  }

  /** Snapshot and log have been read. */
  loaded(entries: number, tookMs: number): void {
    this.loads.note(tookMs);
    this.loadedEntries.note(entries);
  }

  synced(entries: number, tookMs: number): void {
    this.syncs.note(tookMs);
    this.batches.note(entries);
    if (tookMs > this.#watch.syncWarnMs) this.#slow(entries, tookMs);
  }

  snapshotTaken(tookMs: number): void {
    this.snapshots.note(tookMs);
  }

  snapshotFailed(): void {
    this.snapshotsFailed += 1;
  }

  #slow(entries: number, tookMs: number): void {
    this.slowSyncs += 1;
    const nowMs = performance.now();
    if (nowMs - this.#warnedMs < quietMs) return;
    this.#warnedMs = nowMs;
    const slowSyncs = this.slowSyncs - this.#slowSyncsTold;
    this.#slowSyncsTold = this.slowSyncs;
    const facts = { tookMs: Math.round(tookMs), entries, slowSyncs, thresholdMs: this.#watch.syncWarnMs };
    this.#watch.logger.warn(facts, 'the disk is slow: every write waits for it (fsync.warningthresholdms)');
  }
}
