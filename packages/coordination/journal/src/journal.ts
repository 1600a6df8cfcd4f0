import { type Backoff, codeOf, type Logger, messageOf } from '@reeve/base';
import type { Entry } from './batch.ts';
import type { Disk } from './disk.ts';
import { hexZxid, JournalError } from './journal-error.ts';
import type { JournalObserver } from './journal-observer.ts';
import { Log, type LogListener } from './log.ts';
import type { Recovered, RecoverySink } from './read-journal.ts';
import { recover } from './recover.ts';
import { purge } from './retention.ts';
import { type SnapshotSource, writeSnapshot } from './snapshots.ts';

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
  #snapshotting: Promise<void> | undefined;
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
    this.#entriesSince = 0;
    this.#bytesSince = 0;
    this.#log.roll();
    this.#snapshotting ??= this.#write(source).finally(() => {
      this.#snapshotting = undefined;
    });
    return this.#snapshotting;
  }

  /** Gives up a snapshot; resolves when all that was appended is on disk, or has failed, and the files are closed. */
  async close(): Promise<void> {
    this.#closing.abort();
    await this.#snapshotting;
    await this.#log.close();
  }

  async #write(source: SnapshotSource): Promise<void> {
    const { logger, snapshotsKept, observer } = this.#settings;
    const begunMs = performance.now();
    try {
      const { signal } = this.#closing;
      this.#snapshotBytes = await writeSnapshot(this.#settings, source, { pace: 'beside_others', signal });
      observer?.snapshotTaken(performance.now() - begunMs);
      logger.info({ zxid: hexZxid(source.zxid), bytes: this.#snapshotBytes }, 'snapshot taken');
      if (snapshotsKept !== 'all') await purge(this.#settings, snapshotsKept);
    } catch (error) {
      if (this.#closing.signal.aborted) return;
      observer?.snapshotFailed();
      logger.warn({ zxid: hexZxid(source.zxid), reason: messageOf(error) }, 'no snapshot could be taken: trying later');
    }
  }
}
