/** The znode tree: prepare, apply, read, watch, snapshot. */
export { type AccessRules, permits, unbound, userName } from './access.ts';
export { type AccessList, openList } from './access-list.ts';
export { type ApplyObserver, apply, type ChangeType, type NumberedOrigin, nobody } from './apply.ts';
export { Pending } from './pending.ts';
export {
  type Asker,
  type Preparation,
  prepare,
  prepareClose,
  type WriteOp,
  type WriteRules,
} from './prepare.ts';
export { QuotaGuard } from './quota-guard.ts';
export type { QuotaExcess } from './quota-limits.ts';
export {
  type Reading,
  type ReadOp,
  read,
  writeFailedResult,
  writeResultHead,
  writeResultsEnd,
} from './read.ts';
export { type MissedSink, rearm } from './rearm.ts';
export { type Snapshot, takeSnapshot } from './snapshot.ts';
export { SnapshotError, type SnapshotFacts } from './snapshot-format.ts';
export { SnapshotLoader } from './snapshot-loader.ts';
export { keyNameHashes, type Lifetime } from './store/znode-store.ts';
export { reservedPaths, Tree } from './tree.ts';
export { decodeTxn, encodeTxn, type LoggedTxn, sessionOver, type Txn, type TxnOrigin, type TxnPart } from './txn.ts';
export { type WatcherId, Watches, type WatchKind, type WatchSink } from './watches.ts';
export { writeStat, Znode } from './znode.ts';
