/** The znode tree: prepare, apply, read, watch, snapshot. */
export { type AccessRules, permits, userName } from './access.ts';
export { type AccessList, openList } from './access-list.ts';
export { type ApplyObserver, apply, type ChangeType, type NumberedOrigin, nobody } from './apply.ts';
export { type Octets, octets } from './octets.ts';
export { Pending } from './pending.ts';
export {
  type Asker,
  type Preparation,
  prepare,
  prepareClose,
  releaseTxn,
  type WriteOp,
  type WriteRules,
} from './prepare.ts';
export {
  type Reading,
  type ReadOp,
  read,
  writeFailedResult,
  writeResultHead,
  writeResultsEnd,
} from './read.ts';
export { type MissedSink, rearm } from './rearm.ts';
export { type Snapshot, SnapshotError, type SnapshotFacts, SnapshotLoader, takeSnapshot } from './snapshot.ts';
export { reservedPaths, Tree } from './tree.ts';
export { decodeTxn, encodeTxn, type LoggedTxn, type Txn, type TxnOrigin, type TxnPart } from './txn.ts';
export { type WatcherId, Watches, type WatchKind, type WatchSink } from './watches.ts';
export { type Lifetime, writeStat, Znode } from './znode.ts';
