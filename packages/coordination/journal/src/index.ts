/** The transaction log and snapshots on disk: opaque entries in zxid order, one sync for all that waits. */
export type { Entry } from './batch.ts';
export { type DirectoryLock, lockDirectory } from './directory-lock.ts';
export { type Disk, type DiskFile, nodeDisk, type OpenMode, unsyncedDisk } from './disk.ts';
export { type EpochDisk, type Epochs, nodeEpochDisk, readEpochs, writeEpochs } from './epochs.ts';
export { epochsFile, sessionSecretFile, unfinishedRestoreFile } from './file-names.ts';
export type { IncomingSnapshot } from './incoming-snapshot.ts';
export { type Contents, contentsOf, installIn } from './install-files.ts';
export { type Journal, type JournalSettings, journalDefaults, type OpenedJournal, openJournal } from './journal.ts';
export { hexZxid, JournalError, type JournalFacts } from './journal-error.ts';
export type { JournalObserver } from './journal-observer.ts';
export type { JournalPlace } from './journal-place.ts';
export type { LogFault, LogListener } from './log.ts';
export { type Portion, portionsOf, type SnapshotPace, type SnapshotSource } from './portions.ts';
export {
  type JournalReading,
  type Recovered,
  type RecoverySink,
  readJournal,
} from './read-journal.ts';
export { type PlacedBatch, type SegmentEnd, type SegmentName, SegmentReader, segmentsIn } from './segment.ts';
export { type SnapshotFacts, SnapshotReader } from './snapshot-reader.ts';
export { type SnapshotName, type SnapshotPlace, snapshotsIn, writeSnapshot } from './snapshots.ts';
