import { type KeyRow, oneOf, text, trueOrFalse, whole } from './key-row.ts';

const INT_MIN = -0x80000000;
const INT_MAX = 0x7fffffff;
const number = whole('', INT_MIN, INT_MAX);
const count = whole('', 0, INT_MAX);
const positive = whole('', 1, INT_MAX);
const ticks = whole('ticks', 1, INT_MAX);
const ms = whole('milliseconds', -1, INT_MAX);
const className = text('must be the name of a class');

/** Between members of an ensemble that is built otherwise. */
const ensemble = {
  connectToLearnerMasterLimit: ticks,
  syncEnabled: trueOrFalse,
  'observer.syncEnabled': trueOrFalse,
  observerMasterPort: whole('', 0, 65_535),
  'observer.reconnectDelayMs': ms,
  'observer.election.DelayMs': ms,
  quorumCnxnTimeoutMs: ms,
  'quorum.cnxn.threads.size': positive,
  'fastleader.minNotificationInterval': ms,
  'fastleader.maxNotificationInterval': ms,
  maxTimeToWaitForEpoch: ms,
  'leader.maxTimeToWaitForEpoch': ms,
  maxConcurrentSnapSyncs: count,
  'leader.maxConcurrentSnapSyncs': count,
  maxConcurrentDiffSyncs: count,
  'leader.maxConcurrentDiffSyncs': count,
  tcpKeepAlive: trueOrFalse,
  electionPortBindRetry: count,
  'learner.closeSocketAsync': trueOrFalse,
  'leader.closeSocketAsync': trueOrFalse,
  'learner.asyncSending': trueOrFalse,
  forward_learner_requests_to_commit_processor_disabled: trueOrFalse,
  'follower.skipLearnerRequestToNextProcessor': trueOrFalse,
  'multiAddress.enabled': trueOrFalse,
  'multiAddress.reachabilityCheckTimeoutMs': ms,
  'multiAddress.reachabilityCheckEnabled': trueOrFalse,
  oraclePath: text('must be a path'),
  commitLogCount: count,
  enableEagerACLCheck: trueOrFalse,
  'messageTracker.BufferSize': positive,
  'messageTracker.Enabled': trueOrFalse,
  // A server alone opens global sessions whatever these say, in ZooKeeper too.
  localSessionsEnabled: trueOrFalse,
  localSessionsUpgradingEnabled: trueOrFalse,
} as const satisfies Record<string, KeyRow<unknown>>;

/** Threads, queues and caches of a server that is built otherwise. */
const works = {
  'nio.numSelectorThreads': positive,
  'nio.numWorkerThreads': count,
  'nio.directBufferBytes': count,
  'nio.shutdownTimeout': ms,
  'nio.sessionlessCnxnTimeout': ms,
  'commitProcessor.numWorkerThreads': count,
  'commitProcessor.maxReadBatchSize': number,
  'commitProcessor.maxCommitBatchSize': positive,
  'commitProcessor.shutdownTimeout': ms,
  serverCnxnFactory: className,
  watchManagerName: className,
  watcherCleanThreadsNum: positive,
  watcherCleanThreshold: positive,
  watcherCleanIntervalInSeconds: positive,
  maxInProcessingDeadWatchers: number,
  bitHashCacheSize: positive,
  maxResponseCacheSize: number,
  maxGetChildrenResponseCacheSize: number,
  advancedFlowControlEnabled: trueOrFalse,
  'netty.advancedFlowControl.enabled': trueOrFalse,
  'jvm.pause.info-threshold.ms': ms,
  'jvm.pause.warn-threshold.ms': ms,
  'jvm.pause.sleep.time.ms': ms,
  'jvm.pause.monitor': trueOrFalse,
  // Connections are kept alive anyway, so that the dead are found.
  clientTcpKeepAlive: trueOrFalse,
} as const satisfies Record<string, KeyRow<unknown>>;

/** The log and its batches: it syncs as soon as it can, everything that has come by then at once. */
const storage = {
  flushDelay: ms,
  maxWriteQueuePollTime: ms,
  maxBatchSize: count,
  preAllocEnabled: trueOrFalse,
  snapSizeLimitInKb: number,
  'digest.enabled': trueOrFalse,
  'snapshot.compression.method': oneOf(['', 'gz', 'snappy'], 'must be gz, snappy or nothing'),
  'snapshot.trust.empty': trueOrFalse,
  emulate353TTLNodes: trueOrFalse,
  'jute.maxbuffer.extrasize': count,
  'znode.container.maxPerMinute': positive,
} as const satisfies Record<string, KeyRow<unknown>>;

/** What waits is bounded here without them, and goes with its connection. */
const waiting = {
  requestThrottleStallTime: ms,
  request_throttle_stall_time: ms,
  requestThrottleDropStale: trueOrFalse,
  request_throttle_drop_stale: trueOrFalse,
  requestStaleLatencyCheck: trueOrFalse,
  request_stale_latency_check: trueOrFalse,
  requestStaleConnectionCheck: trueOrFalse,
  request_stale_connection_check: trueOrFalse,
  'request_throttler.shutdownTimeout': ms,
  largeRequestMaxBytes: positive,
  largeRequestThreshold: number,
} as const satisfies Record<string, KeyRow<unknown>>;

/** Names that ZooKeeper's guide gives, and that do nothing in a zoo.cfg of its own, or not without others. */
const namesOnly = {
  authProvider: className,
  ensembleAuthName: text('must be names with commas between them'),
  'outstandingHandshake.limit': number,
  'fips-mode': trueOrFalse,
  'kerberos.canonicalizeHostNames': trueOrFalse,
} as const satisfies Record<string, KeyRow<unknown>>;

/** Keys that are right in a zoo.cfg and make no difference here; their values must be right all the same. */
export const idleKeys: Readonly<Record<string, KeyRow<unknown>>> = {
  ...ensemble,
  ...works,
  ...storage,
  ...waiting,
  ...namesOnly,
};
