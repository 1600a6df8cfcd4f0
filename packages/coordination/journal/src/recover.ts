import { join } from 'node:path';
import { finishInstall, temporaryInstallName } from './install-files.ts';
import { hexZxid } from './journal-error.ts';
import type { JournalPlace } from './journal-place.ts';
import { cutLogName } from './log-cut.ts';
import { type JournalReading, type Recovered, type RecoverySink, readJournal } from './read-journal.ts';
import { segmentHeaderBytes, spareName } from './segment.ts';
import { temporarySnapshotName } from './snapshots.ts';

/**
 * Reads the newest whole snapshot and the log after it, and cuts off what a crash left half-written.
 *
 * @throws JournalError when going on would lose or invent something; nothing of the log was changed then
 */
export async function recover(place: JournalPlace, sink: RecoverySink): Promise<Recovered> {
  const { disk, dataDirectory, logDirectory } = place;
  const { recovered, last } = await readJournal(place, sink);
  const installed = await finishInstall(place);
  if (installed !== undefined) {
    const facts = { zxid: hexZxid(installed.zxid) };
    place.logger.warn(facts, 'the process died while a snapshot from the leader was being installed: now it is');
  }
  await disk.remove(join(dataDirectory, temporarySnapshotName));
  await disk.remove(join(dataDirectory, temporaryInstallName));
  await disk.remove(join(logDirectory, spareName));
  await disk.remove(join(logDirectory, cutLogName));
  if (last !== undefined) await mend(place, last);
  return recovered;
}

/** Cuts the last log file where its good bytes end: what follows them was never acknowledged. */
async function mend(place: JournalPlace, last: NonNullable<JournalReading['last']>): Promise<void> {
  const { disk, logger } = place;
  const { goodBytes, tornBytes } = last;
  const path = join(place.logDirectory, last.name);
  if (tornBytes > 0) {
    const facts = { file: path, offset: goodBytes, bytes: tornBytes };
    logger.warn(facts, 'the end of the log was half-written when the process died: cut off, it was never acknowledged');
  }
  if (goodBytes <= segmentHeaderBytes) {
    await disk.remove(path);
    // It must not come back behind a file that is begun later with a lower zxid.
    return disk.syncDirectory(place.logDirectory);
  }
  if (goodBytes === (await disk.size(path))) return;
  const file = await disk.open(path, 'existing');
  try {
    await file.truncate(goodBytes);
  } finally {
    await file.close();
  }
}
