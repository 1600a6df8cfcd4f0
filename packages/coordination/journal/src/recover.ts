import { join } from 'node:path';
import type { Logger } from '@reeve/base';
import type { Entry } from './batch.ts';
import type { Disk } from './disk.ts';
import { hexZxid, JournalError } from './journal-error.ts';
import {
  type SegmentEnd,
  type SegmentName,
  SegmentReader,
  segmentHeaderBytes,
  segmentsIn,
  spareName,
} from './segment.ts';
import { type SnapshotFacts, SnapshotReader } from './snapshot-reader.ts';
import { type SnapshotName, snapshotName, snapshotsIn, temporarySnapshotName } from './snapshots.ts';

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

/** Where a journal lies. */
export interface JournalPlace {
  readonly disk: Disk;
  /** Holds the snapshots. */
  readonly dataDirectory: string;
  /** Holds the log. */
  readonly logDirectory: string;
  readonly logger: Logger;
}

/**
 * Reads the newest whole snapshot and the log after it, and cuts off what a crash left half-written.
 *
 * @throws JournalError when going on would lose or invent something
 */
export async function recover(place: JournalPlace, sink: RecoverySink): Promise<Recovered> {
  const { disk, dataDirectory, logDirectory } = place;
  const names = await disk.list(dataDirectory);
  const snapshots = snapshotsIn(names);
  const segments = segmentsIn(await disk.list(logDirectory));
  refuseForeignData(place, names, snapshots.length + segments.length);
  await disk.remove(join(dataDirectory, temporarySnapshotName));
  await disk.remove(join(logDirectory, spareName));
  const chosen = await newestWhole(place, snapshots);
  if (chosen !== undefined) {
    const path = join(dataDirectory, snapshotName(chosen.zxid));
    await sink.snapshot(chosen.zxid, new SnapshotReader(disk, path).slices());
  }
  const from = chosen?.zxid ?? 0;
  const replay = await new Replay(place, sink, from).run(segments);
  refuseGap(place, Math.max(chosen?.lastZxidSeen ?? 0, snapshots[0]?.zxid ?? 0), replay.lastZxid);
  return { snapshotZxid: from, snapshotBytes: chosen?.bytes ?? 0, ...replay };
}

/** To begin empty beside somebody's data would look like losing it. */
function refuseForeignData({ dataDirectory }: JournalPlace, names: readonly string[], ownFiles: number): void {
  if (ownFiles > 0 || !names.includes('version-2')) return;
  throw new JournalError({ code: 'foreign_data', directory: dataDirectory });
}

async function newestWhole(place: JournalPlace, names: readonly SnapshotName[]): Promise<SnapshotFacts | undefined> {
  let firstDamage: JournalError | undefined;
  for (const { name } of names) {
    try {
      return await new SnapshotReader(place.disk, join(place.dataDirectory, name)).check();
    } catch (error) {
      if (!(error instanceof JournalError) || error.code !== 'snapshot_corrupt') throw error;
      place.logger.warn(error.facts, 'a snapshot is damaged: trying the one before it, and its logs');
      firstDamage ??= error;
    }
  }
  if (firstDamage !== undefined) await refuseWithoutFirstLog(place, firstDamage);
  return undefined;
}

/** Without any snapshot only a log from the very first entry on will do; otherwise the damage is what to report. */
async function refuseWithoutFirstLog(place: JournalPlace, damage: JournalError): Promise<void> {
  const first = segmentsIn(await place.disk.list(place.logDirectory))[0];
  if (first === undefined) throw damage;
  const reader = await SegmentReader.open(place.disk, place.logDirectory, first.name);
  let previous: number | undefined;
  reader.read((_entries, previousZxid) => {
    previous ??= previousZxid;
  });
  if (previous !== 0) throw damage;
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

interface PlacedBatch {
  readonly entries: Entry[];
  readonly previousZxid: number;
  readonly offset: number;
}

class Replay {
  readonly #place: JournalPlace;
  readonly #sink: RecoverySink;
  #lastZxid: number;
  #entries = 0;
  #entryBytes = 0;
  #tornBytes = 0;

  constructor(place: JournalPlace, sink: RecoverySink, fromZxid: number) {
    this.#place = place;
    this.#sink = sink;
    this.#lastZxid = fromZxid;
  }

  async run(segments: readonly SegmentName[]): Promise<Omit<Recovered, 'snapshotZxid' | 'snapshotBytes'>> {
    for (const [index, { name }] of segments.entries()) {
      const next = segments[index + 1];
      if (next === undefined) await this.#lastSegment(name);
      else if (next.firstZxid > this.#lastZxid + 1) await this.#innerSegment(name);
    }
    return {
      lastZxid: this.#lastZxid,
      entries: this.#entries,
      entryBytes: this.#entryBytes,
      tornBytes: this.#tornBytes,
    };
  }

  /** A file is begun only when all before it is on disk: whatever is torn here was damaged later. */
  async #innerSegment(name: string): Promise<void> {
    const { goodBytes, tornBytes } = await this.#read(name);
    if (tornBytes > 0) this.#damaged(name, goodBytes, `${tornBytes} bytes are no batch, and a later log file follows`);
  }

  async #lastSegment(name: string): Promise<void> {
    const { disk, logDirectory, logger } = this.#place;
    const { goodBytes, tornBytes } = await this.#read(name);
    const path = join(logDirectory, name);
    this.#tornBytes = tornBytes;
    if (tornBytes > 0) {
      const facts = { file: path, offset: goodBytes, bytes: tornBytes };
      logger.warn(
        facts,
        'the end of the log was half-written when the process died: cut off, it was never acknowledged',
      );
    }
    if (goodBytes <= segmentHeaderBytes) return disk.remove(path);
    if (goodBytes === (await disk.size(path))) return;
    const file = await disk.open(path, 'existing');
    try {
      await file.truncate(goodBytes);
    } finally {
      await file.close();
    }
  }

  async #read(name: string): Promise<SegmentEnd> {
    const reader = await SegmentReader.open(this.#place.disk, this.#place.logDirectory, name);
    return reader.read((entries, previousZxid, offset) => this.#batch(name, { entries, previousZxid, offset }));
  }

  #batch(name: string, { entries, previousZxid, offset }: PlacedBatch): void {
    const lastZxid = this.#lastZxid;
    const due = entries.filter((entry) => entry.zxid > lastZxid);
    const newest = due.at(-1);
    if (newest === undefined && this.#entries === 0) return;
    if (previousZxid > lastZxid) this.#gap(name, previousZxid);
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
