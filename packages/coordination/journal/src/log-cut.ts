import { join } from 'node:path';
import { messageOf } from '@reeve/base';
import { JournalError } from './journal-error.ts';
import type { JournalPlace } from './journal-place.ts';
import { type Recovered, type RecoverySink, readJournal } from './read-journal.ts';
import { SegmentReader, segmentsIn } from './segment.ts';
import { snapshotsIn } from './snapshots.ts';

/** The log file that holds the point where the log is cut, as it will be. */
export const cutLogName = 'log.cut';
/** What says that snapshots and log do not reach back as far as one asks. */
const uncovered: ReadonlySet<string> = new Set(['log_missing', 'snapshot_corrupt']);

const nothing: RecoverySink = {
  async snapshot(_zxid, slices) {
    for await (const slice of slices) void slice;
  },
  entries: () => undefined,
};

/** Files to go, in this order, and one to be replaced. */
interface Cut {
  readonly lastZxid: number;
  readonly snapshots: readonly string[];
  /** Newest first: a crash in between leaves a log without a gap. */
  readonly segments: readonly string[];
  /** The file that `cutLogName` takes the place of. */
  readonly shortened: string | undefined;
}

/**
 * Prepares to drop every entry after `zxid`, and every snapshot that may hold traces of them; nothing that counts is
 * changed yet. What is returned does it: a crash in the middle leaves a beginning of the log that reaches `zxid`.
 *
 * @throws JournalError `beyond_snapshot` when no older snapshot and log make up for those that would go
 */
export async function prepareCut(place: JournalPlace, zxid: number): Promise<() => Promise<number>> {
  const { disk, dataDirectory, logDirectory } = place;
  const { snapshotZxid, lastZxid } = await readUntil(place, zxid);
  const snapshots = snapshotsIn(await disk.list(dataDirectory)).filter((snapshot) => snapshot.zxid > snapshotZxid);
  const segments = segmentsIn(await disk.list(logDirectory)).reverse();
  const holder = segments.find(({ firstZxid }) => firstZxid <= zxid)?.name;
  const cut: Cut = {
    lastZxid,
    snapshots: snapshots.map(({ name }) => join(dataDirectory, name)),
    segments: segments.filter(({ firstZxid }) => firstZxid > zxid).map(({ name }) => join(logDirectory, name)),
    shortened: holder !== undefined && (await writeShortened(place, holder, zxid)) === 'written' ? holder : undefined,
  };
  return () => perform(place, cut);
}

async function readUntil(place: JournalPlace, zxid: number): Promise<Recovered> {
  try {
    return (await readJournal(place, nothing, zxid)).recovered;
  } catch (error) {
    if (!(error instanceof JournalError) || !uncovered.has(error.code)) throw error;
    const facts = { directory: place.dataDirectory, zxid, reason: messageOf(error) };
    throw new JournalError({ code: 'beyond_snapshot', ...facts }, { cause: error });
  }
}

async function writeShortened(place: JournalPlace, name: string, zxid: number): Promise<'written' | 'whole_as_it_is'> {
  const { disk, logDirectory } = place;
  const bytes = (await SegmentReader.open(disk, logDirectory, name)).cutAfter(zxid);
  if (bytes === undefined) return 'whole_as_it_is';
  const path = join(logDirectory, cutLogName);
  await disk.remove(path);
  const file = await disk.open(path, 'durable');
  try {
    await file.write(bytes, 0);
  } catch (error) {
    await disk.remove(path);
    throw error;
  } finally {
    await file.close();
  }
  return 'written';
}

async function perform({ disk, dataDirectory, logDirectory }: JournalPlace, cut: Cut): Promise<number> {
  for (const path of cut.snapshots) await disk.remove(path);
  if (cut.snapshots.length > 0) await disk.syncDirectory(dataDirectory);
  for (const path of cut.segments) {
    await disk.remove(path);
    await disk.syncDirectory(logDirectory);
  }
  if (cut.shortened !== undefined) {
    await disk.rename(join(logDirectory, cutLogName), join(logDirectory, cut.shortened));
    await disk.syncDirectory(logDirectory);
  }
  return cut.lastZxid;
}
