import type { CoordinatorFacts } from './coordinator-facts.ts';
import type { Distribution } from './distribution.ts';
import { ensembleValues } from './ensemble-values.ts';
import { counter, gauge, type MonitorValue, text } from './monitor-value.ts';
import { descriptors } from './process-facts.ts';
import { version } from './version.ts';

/** Shares that ZooKeeper tells of. */
const shares = [0.5, 0.95, 0.99, 0.999] as const;

/** Every figure: what `mntr`, the admin command `monitor` and the metrics are made of. */
export async function monitorValues(facts: CoordinatorFacts): Promise<readonly MonitorValue[]> {
  return [
    ...state(facts),
    ...ensembleValues(facts.status.zab, facts.config.ensemble?.id),
    ...clients(facts),
    ...(await resources()),
    ...counters(facts),
    ...summaries(facts),
  ];
}

function state({ status, backlogBytes, uptimeMs }: CoordinatorFacts): MonitorValue[] {
  return [
    text('version', version, 'Version'),
    text(
      'server_state',
      status.mode,
      'The mode: standalone, leader, follower or observer, or read-only while no writes are taken',
    ),
    gauge('uptime', uptimeMs, 'Time since the start, milliseconds'),
    gauge('znode_count', status.znodes, 'Znodes'),
    gauge('ephemerals_count', status.ephemerals, 'Ephemeral znodes'),
    gauge('watch_count', status.watches.watches, 'Watches'),
    gauge('approximate_data_size', status.approximateDataBytes, 'Bytes of paths and data of all znodes'),
    gauge('global_sessions', status.sessions, 'Open sessions'),
    gauge('local_sessions', 0, 'Sessions that only this server knows: there are none'),
    gauge('outstanding_requests', status.outstanding, 'Writes that wait for the disk'),
    gauge('reeve_coordinator_pending_znodes', status.pendingZnodes, 'Znodes that outstanding writes will change'),
    gauge('reeve_coordinator_log_backlog_bytes', backlogBytes, 'Log bytes on their way to the disk'),
    gauge('reeve_coordinator_read_only', status.mode === 'read-only' ? 1 : 0, '1 while no writes are taken'),
  ];
}

function clients({ totals, connections }: CoordinatorFacts): MonitorValue[] {
  return [
    gauge('num_alive_connections', connections.length, 'Client connections'),
    gauge('avg_latency', totals.latencyMsAverage, 'Average time of a request since the last reset, milliseconds'),
    gauge('min_latency', totals.latencyMsMin, 'Shortest time of a request since the last reset, milliseconds'),
    gauge('max_latency', totals.latencyMsMax, 'Longest time of a request since the last reset, milliseconds'),
    gauge('packets_received', totals.received, 'Requests since the last reset'),
    gauge('packets_sent', totals.sent, 'Answers and notifications since the last reset'),
    gauge('last_client_response_size', totals.replyBytesLast, 'Bytes of the last answer'),
    gauge('min_client_response_size', totals.replyBytesMin, 'Bytes of the smallest answer'),
    gauge('max_client_response_size', totals.replyBytesMax, 'Bytes of the largest answer'),
  ];
}

async function resources(): Promise<MonitorValue[]> {
  const files = await descriptors();
  return [
    gauge('open_file_descriptor_count', files.open, 'Files and sockets that are open'),
    gauge('max_file_descriptor_count', files.max, 'Files and sockets that may be open'),
  ];
}

function counters({ totals, storage }: CoordinatorFacts): MonitorValue[] {
  return [
    counter('bytes_received_count', totals.bytesReceived, 'Bytes from clients'),
    counter('reeve_coordinator_sent_bytes', totals.bytesSent, 'Bytes to clients'),
    counter('connection_request_count', totals.handshakes, 'Handshakes of clients'),
    counter('connection_drop_count', totals.connectionsDropped, 'Connections that ended, whoever ended them'),
    counter('connection_rejected', totals.connectionsRejected, 'Connections over a limit'),
    counter('sessionless_connections_expired', totals.silentConnections, 'Connections closed for saying nothing'),
    counter('stale_sessions_expired', totals.sessionsExpired, 'Sessions that expired'),
    counter('auth_failed_count', totals.authFailures, 'Clients that failed to prove who they are'),
    counter('sync_processor_request_queued', storage.batches.sum, 'Log entries written'),
    counter('fsync_threshold_exceed_count', storage.slowSyncs, 'Syncs slower than fsync.warningthresholdms'),
    counter('reeve_coordinator_snapshot_failures', storage.snapshotsFailed, 'Snapshots that could not be taken'),
  ];
}

function summaries({ totals, storage }: CoordinatorFacts): MonitorValue[] {
  return [
    summary('readlatency', totals.reads, 'Time of a request that changes nothing, milliseconds; sampled'),
    summary('updatelatency', totals.updates, 'Time of a request that changes something, milliseconds; sampled'),
    summary('fsynctime', storage.syncs, 'Writing and syncing a batch of the log, milliseconds'),
    summary('sync_processor_batch_size', storage.batches, 'Log entries that share one sync'),
    summary('snapshottime', storage.snapshots, 'Taking a snapshot, milliseconds'),
    summary('dbinittime', storage.loads, 'Reading snapshot and log at the start, milliseconds'),
    summary('startup_txns_loaded', storage.loadedEntries, 'Log entries read after the snapshot at the start'),
  ];
}

function summary(name: string, distribution: Distribution, help: string): MonitorValue {
  const { count, sum, min, max, average } = distribution;
  const values = distribution.quantiles(shares);
  const quantiles = shares.map((share, position) => ({ share, value: values[position] ?? 0 }));
  return { kind: 'summary', name, help, count, sum, min, max, average, quantiles };
}
