import { type Backoff, codeOf, invariant, type Logger, messageOf } from '@reeve/base';
import type { Entry } from './batch.ts';
import type { Disk } from './disk.ts';
import { type IncomingSnapshot, InstallWriter } from './incoming-snapshot.ts';
import { hexZxid, JournalError } from './journal-error.ts';
import type { JournalObserver } from './journal-observer.ts';
import { Log, type LogListener } from './log.ts';
import { prepareCut } from './log-cut.ts';
import type { SnapshotSource } from './portions.ts';
import type { Recovered, RecoverySink } from './read-journal.ts';
import { recover } from './recover.ts';
import { purge } from './retention.ts';
import { writeSnapshot } from './snapshots.ts';

/** Everything a journal has to be told. */
export interface JournalSettings {
  readonly disk: Disk;
  /** Where snapshots lie. */
  readonly dataDirectory: string;
  /** Where the log lies; may be the same, and is best on a disk of its own. */
  readonly logDirectory: string;
  readonly logger: Logger;
  /** A log file is followed by the next when it would grow beyond this, bytes. */
  readonly segmentBytesMax: number;
  /** Entries after which a snapshot is due; it waits until the log has grown to the size of the last one as well. */
  readonly snapshotEntries: number;
  /** How many snapshots are kept, with the logs they need; `all` keeps everything. */
  readonly snapshotsKept: number | 'all';
  /** How often a full disk is tried again. */
  readonly retry: Backoff;
  readonly observer?: JournalObserver;
}

/** The settings of a journal that nobody has tuned, all but its place. */
export const journalDefaults = {
  segmentBytesMax: 16 * 1024 * 1024,
  snapshotEntries: 100_000,
  snapshotsKept: 3,
  retry: { baseMs: 250, factor: 2, ceilingMs: 5_000, jitter: 0.2 },
} as const satisfies Partial<JournalSettings>;

/** What a disk says that cannot be used at all. */
const diskReasons: ReadonlySet<string> = new Set(['EACCES', 'EPERM', 'EROFS', 'ENOTDIR', 'EIO', 'ENOSPC', 'EDQUOT']);

/** A journal, and what it held. */
export interface OpenedJournal {
  readonly journal: Journal;
  readonly recovered: Recovered;
}

/**
 * Opens the journal: gives back what it holds through `sink`, then takes entries and tells `listener`.
 *
 * @throws JournalError when what is on disk cannot be trusted; nothing was changed then
 */
export async function openJournal(
  settings: JournalSettings,
  sink: RecoverySink,
  listener: LogListener,
): Promise<OpenedJournal> {
  const recovered = await recoverFrom(settings, sink);
  return { journal: new Journal(settings, listener, recovered), recovered };
}

async function recoverFrom(settings: JournalSettings, sink: RecoverySink): Promise<Recovered> {
  try {
    return await recover(settings, sink);
  } catch (error) {
    const reason = diskReasons.has(codeOf(error) ?? '') ? messageOf(error) : undefined;
    if (reason === undefined) throw error;
    const directory = settings.logDirectory;
    throw new JournalError({ code: 'directory_unusable', directory, reason }, { cause: error });
  }
}

/** The log of entries and the snapshots that shorten it. It does not know what it stores. */
export class Journal {
  readonly #settings: JournalSettings;
  readonly #log: Log;
  #entriesSince: number;
  #bytesSince: number;
  #snapshotBytes: number;
  #snapshotting: { readonly done: Promise<void>; readonly calledOff: AbortController } | undefined;
  #installing: InstallWriter | undefined;
  readonly #closing = new AbortController();

  constructor(settings: JournalSettings, listener: LogListener, recovered: Recovered) {
    this.#settings = settings;
    const { logDirectory: directory } = settings;
    this.#log = new Log({ ...settings, directory }, listener, recovered.lastZxid);
    this.#entriesSince = recovered.entries;
    this.#bytesSince = recovered.entryBytes;
    this.#snapshotBytes = recovered.snapshotBytes;
  }

  /** The last entry known to be on disk. */
  get lastZxid(): number {
    return this.#log.lastZxid;
  }

  /** Bytes taken and not yet on disk: whoever appends must pause before they grow without end. */
  get backlogBytes(): number {
    return this.#log.backlogBytes;
  }

  /** Whether it is time for `snapshot`. */
  get snapshotDue(): boolean {
    return (
      this.#snapshotting === undefined &&
      !this.#log.isRewriting &&
      this.#entriesSince >= this.#settings.snapshotEntries &&
      this.#bytesSince >= this.#snapshotBytes
    );
  }

  /** Takes entries, in zxid order. They share one write and one sync with whatever else waits. */
  append(entries: readonly Entry[]): void {
    this.#log.append(entries);
    this.#entriesSince += entries.length;
    for (const entry of entries) this.#bytesSince += entry.payload.length;
  }

  /** Writes a snapshot while entries go on coming, then removes what it made superfluous. Never fails, only logs. */
  snapshot(source: SnapshotSource): Promise<void> {
    invariant(!this.#log.isRewriting, 'no snapshot is begun while the log is being changed');
    this.#entriesSince = 0;
    this.#bytesSince = 0;
    this.#snapshotting ??= this.#begin(source);
    return this.#snapshotting.done;
  }

  /**
   * Drops every entry after `zxid`; what waits to be written is written first. When it resolves that is on disk,
   * `lastZxid` is the last entry that is left, and appending goes on from there. Nothing may be appended before. A
   * snapshot that is being made is given up.
   *
   * A crash leaves a beginning of the log that reaches at least as far as `zxid`. If the disk fails in the middle the
   * log is told to have failed, and only a restart knows where it ends.
   *
   * @throws JournalError `beyond_snapshot` when a snapshot holds what is to be dropped, and no older one makes up for
   * it; `log_unwritable` when the log has failed
   */
  truncate(zxid: number): Promise<void> {
    return this.#log.rewrite(async () => {
      await this.#callOffSnapshot();
      const { lastZxid } = this;
      return zxid >= lastZxid ? async () => lastZxid : prepareCut(this.#settings, zxid);
    });
  }

  /**
   * Begins to take a snapshot of what another member has, as of `zxid`; one at a time. The journal goes on as before until
   * that is finished, which nothing may be appended during: then it holds nothing else.
   */
  install(zxid: number): IncomingSnapshot {
    invariant(this.#installing === undefined, 'one snapshot is installed at a time');
    const writer = new InstallWriter(this.#settings, zxid);
    this.#installing = writer;
    return {
      take: (slice) => writer.take(slice),
      finish: (lastZxidSeen) => this.#install(writer, lastZxidSeen),
      abandon: () => this.#abandon(writer),
    };
  }

  /** Gives up snapshots; resolves when all that was appended is on disk, or has failed, and the files are closed. */
  async close(): Promise<void> {
    this.#closing.abort();
    await this.#snapshotting?.done;
    await this.#log.close();
    await this.#installing?.abandon();
  }

  async #install(writer: InstallWriter, lastZxidSeen: number): Promise<void> {
    try {
      await this.#log.rewrite(async () => {
        const bytes = await writer.end(lastZxidSeen);
        await this.#callOffSnapshot();
        return async () => {
          await writer.install();
          return this.#beginAnew(writer.zxid, bytes);
        };
      });
    } finally {
      await this.#abandon(writer);
    }
  }

  async #abandon(writer: InstallWriter): Promise<void> {
    await writer.abandon();
    if (this.#installing === writer) this.#installing = undefined;
  }

  #beginAnew(zxid: number, snapshotBytes: number): number {
    this.#snapshotBytes = snapshotBytes;
    this.#entriesSince = 0;
    this.#bytesSince = 0;
    const facts = { zxid: hexZxid(zxid), bytes: snapshotBytes };
    this.#settings.logger.info(facts, 'a snapshot from the leader has taken the place of all that was here');
    return zxid;
  }

  async #callOffSnapshot(): Promise<void> {
    this.#snapshotting?.calledOff.abort();
    await this.#snapshotting?.done;
  }

  #begin(source: SnapshotSource): { readonly done: Promise<void>; readonly calledOff: AbortController } {
    const calledOff = new AbortController();
    const signal = AbortSignal.any([this.#closing.signal, calledOff.signal]);
    const done = this.#write(source, signal).finally(() => {
      this.#snapshotting = undefined;
    });
    return { done, calledOff };
  }

  async #write(source: SnapshotSource, signal: AbortSignal): Promise<void> {
    const { logger, snapshotsKept, observer } = this.#settings;
    const begunMs = performance.now();
    try {
      const logReaches = (zxid: number) => this.#log.reaches(zxid);
      this.#snapshotBytes = await writeSnapshot(this.#settings, source, { pace: 'beside_others', signal, logReaches });
      observer?.snapshotTaken(performance.now() - begunMs);
      logger.info({ zxid: hexZxid(source.zxid), bytes: this.#snapshotBytes }, 'snapshot taken');
      if (snapshotsKept !== 'all') await purge(this.#settings, snapshotsKept);
    } catch (error) {
      if (signal.aborted) return;
      observer?.snapshotFailed();
      logger.warn({ zxid: hexZxid(source.zxid), reason: messageOf(error) }, 'no snapshot could be taken: trying later');
    }
  }
}
