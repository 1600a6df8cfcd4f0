import { join } from 'node:path';
import type { JournalPlace } from './journal-place.ts';
import { segmentsIn } from './segment.ts';
import { snapshotsIn } from './snapshots.ts';

/** Removes all but the newest `keep` snapshots, and the log files that none of those needs. */
export async function purge(place: JournalPlace, keep: number): Promise<void> {
  const { disk, dataDirectory, logDirectory, logger } = place;
  const snapshots = snapshotsIn(await disk.list(dataDirectory));
  const oldestKept = snapshots[keep - 1];
  if (oldestKept === undefined) return;
  const superfluous = snapshots.slice(keep).map(({ name }) => join(dataDirectory, name));
  const segments = segmentsIn(await disk.list(logDirectory));
  for (const [index, { name }] of segments.entries()) {
    const next = segments[index + 1];
    if (next !== undefined && next.firstZxid <= oldestKept.zxid + 1) superfluous.push(join(logDirectory, name));
  }
  for (const path of superfluous) await disk.remove(path);
  if (superfluous.length > 0) logger.debug({ files: superfluous.length }, 'old snapshots and logs removed');
}
