/** The transaction log and snapshots on disk: opaque entries in zxid order, one sync for all that waits. */
export type { Entry } from './batch.ts';
export { type DirectoryLock, lockDirectory } from './directory-lock.ts';
export { type Disk, type DiskFile, nodeDisk, type OpenMode, unsyncedDisk } from './disk.ts';
export { type Journal, type JournalSettings, journalDefaults, type OpenedJournal, openJournal } from './journal.ts';
export { JournalError, type JournalFacts } from './journal-error.ts';
export type { LogFault, LogListener } from './log.ts';
export type { Recovered, RecoverySink } from './recover.ts';
export type { SnapshotSource } from './snapshots.ts';
