import { join } from 'node:path';
import type { Entry } from './batch.ts';
import { unfinishedRestoreFile } from './file-names.ts';
import { type Contents, contentsOf } from './install-files.ts';
import { hexZxid, JournalError } from './journal-error.ts';
import type { JournalPlace } from './journal-place.ts';
import { type PlacedBatch, type SegmentEnd, type SegmentName, SegmentReader } from './segment.ts';
import { type SnapshotFacts, SnapshotReader } from './snapshot-reader.ts';
import type { SnapshotName } from './snapshots.ts';

/** What is given back at start, in this order: at most one snapshot, then the entries that follow it. */
export interface RecoverySink {
  /** The newest whole snapshot. */
  snapshot(zxid: number, slices: AsyncIterable<Buffer>): Promise<void>;
  /** Entries in zxid order; payloads are the sink's to keep. */
  entries(entries: readonly Entry[]): void;
}

/** What was found on disk. */
export interface Recovered {
  /** The zxid of the snapshot that was read; 0 when there was none. */
  readonly snapshotZxid: number;
  readonly snapshotBytes: number;
  /** The last entry on disk; 0 in an empty directory. */
  readonly lastZxid: number;
  /** How many entries were read after the snapshot, and their bytes. */
  readonly entries: number;
  readonly entryBytes: number;
  /** Bytes of a write that a crash had cut short. */
  readonly tornBytes: number;
}

/** What a journal holds, and how its last log file ends. */
export interface JournalReading {
  readonly recovered: Recovered;
  /** The log file that is written to, or was last; none in an empty directory. */
  readonly last: (SegmentEnd & { readonly name: string }) | undefined;
}

/**
 * Reads the newest whole snapshot and the log after it, up to the last whole batch, and changes nothing: not even under
 * the hands of a coordinator that is at work there.
 *
 * @param untilZxid what comes after this zxid is left out: a snapshot that may hold traces of it as well
 * @throws JournalError when what is on disk cannot be trusted, or was changed while it was read
 */
export async function readJournal(
  place: JournalPlace,
  sink: RecoverySink,
  untilZxid = Number.POSITIVE_INFINITY,
): Promise<JournalReading> {
  const { disk, dataDirectory, logDirectory } = place;
  const names = await disk.list(dataDirectory);
  const { snapshots, segments } = contentsOf(names, await disk.list(logDirectory));
  refuseForeignData(place, names, snapshots.length + segments.length);
  const chosen = await newestWhole(place, { snapshots, segments }, untilZxid);
  if (chosen !== undefined) {
    const reader = new SnapshotReader(disk, join(dataDirectory, chosen.name));
    await sink.snapshot(chosen.zxid, reader.slices());
  }
  const from = chosen?.zxid ?? 0;
  const { last, isPastEnd, ...replay } = await new Replay(place, sink, { from, until: untilZxid }).run(segments);
  const reached = Math.max(chosen?.lastZxidSeen ?? 0, snapshots[0]?.zxid ?? 0);
  if (!isPastEnd) refuseGap(place, Math.min(reached, untilZxid), replay.lastZxid);
  return { recovered: { snapshotZxid: from, snapshotBytes: chosen?.bytes ?? 0, ...replay }, last };
}

/** To begin empty beside somebody's data would look like losing it. */
function refuseForeignData({ dataDirectory }: JournalPlace, names: readonly string[], ownFiles: number): void {
  if (names.includes(unfinishedRestoreFile)) {
    throw new JournalError({ code: 'restore_unfinished', directory: dataDirectory });
  }
  if (ownFiles > 0 || !names.includes('version-2')) return;
  throw new JournalError({ code: 'foreign_data', directory: dataDirectory });
}

async function newestWhole(
  place: JournalPlace,
  { snapshots, segments }: Pick<Contents, 'snapshots' | 'segments'>,
  untilZxid: number,
): Promise<(SnapshotFacts & SnapshotName) | undefined> {
  let firstDamage: JournalError | undefined;
  for (const { name } of snapshots.filter(({ zxid }) => zxid <= untilZxid)) {
    try {
      const facts = await new SnapshotReader(place.disk, join(place.dataDirectory, name)).check();
      if (facts.lastZxidSeen <= untilZxid) return { ...facts, name };
    } catch (error) {
      if (!(error instanceof JournalError) || error.code !== 'snapshot_corrupt') throw error;
      place.logger.warn(error.facts, 'a snapshot is damaged: trying the one before it, and its logs');
      firstDamage ??= error;
    }
  }
  if (firstDamage !== undefined) await refuseWithoutFirstLog(place, segments[0], firstDamage);
  return undefined;
}

/** Without any snapshot only a log from the very first entry on will do; otherwise the damage is what to report. */
async function refuseWithoutFirstLog(
  place: JournalPlace,
  first: SegmentName | undefined,
  damage: JournalError,
): Promise<void> {
  if (first === undefined) throw damage;
  const reader = await SegmentReader.open(place.disk, place.logDirectory, first.name);
  const batch = reader.batches().next();
  if (batch.done === true || batch.value.previousZxid !== 0) throw damage;
}

/** A snapshot may hold traces of entries after its zxid, and a damaged one proves how far the log once went. */
function refuseGap(place: JournalPlace, reached: number, lastZxid: number): void {
  if (lastZxid >= reached) return;
  throw new JournalError({
    code: 'log_missing',
    directory: place.logDirectory,
    afterZxid: lastZxid,
    found: `the log ends there, but a snapshot shows that it went on to ${hexZxid(reached)}`,
  });
}

type Replayed = Omit<Recovered, 'snapshotZxid' | 'snapshotBytes'> &
  Pick<JournalReading, 'last'> & {
    /** Whether the log goes on behind what was asked for. */
    readonly isPastEnd: boolean;
  };

class Replay {
  readonly #place: JournalPlace;
  readonly #sink: RecoverySink;
  readonly #untilZxid: number;
  #lastZxid: number;
  #entries = 0;
  #entryBytes = 0;
  #isPastEnd = false;

  constructor(place: JournalPlace, sink: RecoverySink, range: { readonly from: number; readonly until: number }) {
    this.#place = place;
    this.#sink = sink;
    this.#lastZxid = range.from;
    this.#untilZxid = range.until;
  }

  async run(segments: readonly SegmentName[]): Promise<Replayed> {
    let last: JournalReading['last'];
    for (const [index, { name }] of segments.entries()) {
      const next = segments[index + 1];
      if (next === undefined) last = { name, ...(await this.#read(name)) };
      else if (next.firstZxid > this.#lastZxid + 1) await this.#innerSegment(name);
    }
    const tornBytes = last?.tornBytes ?? 0;
    const [lastZxid, entries, entryBytes] = [this.#lastZxid, this.#entries, this.#entryBytes];
    return { lastZxid, entries, entryBytes, tornBytes, last, isPastEnd: this.#isPastEnd };
  }

  /** A file is begun only when all before it is on disk: whatever is torn here was damaged later. */
  async #innerSegment(name: string): Promise<void> {
    const { goodBytes, tornBytes } = await this.#read(name);
    if (tornBytes > 0) this.#damaged(name, goodBytes, `${tornBytes} bytes are no batch, and a later log file follows`);
  }

  async #read(name: string): Promise<SegmentEnd> {
    const batches = (await SegmentReader.open(this.#place.disk, this.#place.logDirectory, name)).batches();
    for (;;) {
      const next = batches.next();
      if (next.done === true) return next.value;
      if (!this.#isPastEnd) this.#batch(name, next.value);
    }
  }

  #batch(name: string, { entries, previousZxid, offset }: PlacedBatch): void {
    const lastZxid = this.#lastZxid;
    const due = entries.filter((entry) => entry.zxid > lastZxid && entry.zxid <= this.#untilZxid);
    const newest = due.at(-1);
    this.#isPastEnd = (entries.at(-1)?.zxid ?? 0) > this.#untilZxid;
    if (previousZxid > lastZxid) this.#gap(name, previousZxid);
    if (newest === undefined && (this.#entries === 0 || this.#isPastEnd)) return;
    if (newest === undefined || (this.#entries > 0 && previousZxid < lastZxid)) {
      this.#damaged(name, offset, `the batch follows zxid ${hexZxid(previousZxid)}, not ${hexZxid(lastZxid)}`);
    }
    this.#sink.entries(due);
    this.#lastZxid = newest.zxid;
    this.#entries += due.length;
    for (const entry of due) this.#entryBytes += entry.payload.length;
  }

  #gap(name: string, previousZxid: number): never {
    throw new JournalError({
      code: 'log_missing',
      directory: this.#place.logDirectory,
      afterZxid: this.#lastZxid,
      found: `${name} goes on after ${hexZxid(previousZxid)}`,
    });
  }

  #damaged(name: string, offset: number, what: string): never {
    throw new JournalError({ code: 'log_corrupt', file: join(this.#place.logDirectory, name), offset, what });
  }
}
