/** Backup, restore and inspection of data directories, beside coordinators at work. */

export { hexZxid } from '@reeve/journal';
export { ArchiveError, type ArchiveFacts } from './archive-error.ts';
export type { BackupFacts } from './backup-format.ts';
export { type ReadBackup, readBackup } from './backup-reader.ts';
export type { BackupStream } from './backup-sink.ts';
export { createBackup, type MadeBackup } from './create-backup.ts';
export { type DataPlace, type LoadedState, loadState } from './data-directory.ts';
export {
  type InspectFilter,
  type InspectItem,
  inspectDirectory,
  inspectFile,
  inspectFileTree,
  inspectTree,
} from './inspect.ts';
export { type RestorePlace, restoreBackup } from './restore-backup.ts';
export type { ZnodeFacts } from './tree-facts.ts';
export type { DataDisplay, PartFacts, TxnFacts } from './txn-facts.ts';
export { readOrigins } from './znode-origins.ts';
export type { ZnodeOrigins, ZooKeeperPlace } from './zookeeper/data-files.ts';
export type { ZnodeOrigin } from './zookeeper/lifetimes.ts';
