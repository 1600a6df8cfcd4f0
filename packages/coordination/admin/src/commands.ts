import { type ConnectionReport, type CoordinatorReport, monitorLines, type SizeReport } from '@reeve/server';
import { noSession, type SessionId } from '@reeve/wire';
import type { CommandFields } from './command-fields.ts';
import { leader, observers, votingView, zabState } from './ensemble-commands.ts';
import { signedId } from './json-text.ts';

/** One command of the admin server. */
export interface AdminCommand {
  readonly name: string;
  readonly aliases: readonly string[];
  run(report: CoordinatorReport, parameters: ReadonlyMap<string, string>): CommandFields | Promise<CommandFields>;
}

function command(names: string, run: AdminCommand['run']): AdminCommand {
  const [name = '', ...aliases] = names.split(' ');
  return { name, aliases, run };
}

/** Every command of ZooKeeper 3.8, by name. One that is alone has no leader, no observers and no votes. */
export const commands: readonly AdminCommand[] = [
  command('configuration conf config', configuration),
  command('connection_stat_reset crst', (report) => {
    report.resetConnections();
    return {};
  }),
  command('connections cons', (report) => connectionsOf(report, connection)),
  command('dirs', async (report) => {
    const { dataBytes, logBytes } = await report.directories();
    return { datadir_size: dataBytes, logdir_size: logBytes };
  }),
  command('dump', (report) => ({
    expiry_time_to_session_ids: Object.fromEntries([...report.expiries()].map(([ms, ids]) => [ms, ids.map(signedId)])),
    session_id_to_ephemeral_paths: bySession(report.ephemerals()),
  })),
  command('environment env envi', (report) => report.environment()),
  command('get_trace_mask gtmk', (report) => ({ tracemask: report.traceMask })),
  command('hash', () => ({ digests: [] })),
  command('initial_configuration icfg', (report) => ({ initial_configuration: report.initialConfiguration() })),
  command('is_read_only isro', (report) => ({ read_only: report.isReadOnly })),
  command('last_snapshot lsnp', lastSnapshot),
  command('leader lead', leader),
  command('monitor mntr', async (report) => Object.fromEntries((await report.monitor()).flatMap(monitorLines))),
  command('observer_connection_stat_reset orst', (report) => {
    report.resetLinks();
    return {};
  }),
  command('observers obsr', observers),
  command('ruok', () => ({})),
  command('server_stats srvr', serverStats),
  command('set_trace_mask stmk', setTraceMask),
  command('stat_reset srst', (report) => {
    report.resetServer();
    return {};
  }),
  command('stats stat', async (report) => ({
    ...(await serverStats(report)),
    ...connectionsOf(report, brief),
  })),
  command('system_properties sysp', (report) => report.environment()),
  command('voting_view', votingView),
  command('watch_summary wchs', (report) => {
    const { watchers, paths, watches } = report.watchSummary();
    return { num_connections: watchers, num_paths: paths, num_total_watches: watches };
  }),
  command('watches wchc', (report) => ({ session_id_to_watched_paths: bySession(report.watchesBySession()) })),
  command('watches_by_path wchp', (report) => ({
    path_to_session_ids: Object.fromEntries(
      [...report.watchesByPath()].map(([path, sessions]) => [path, sessions.map(signedId)]),
    ),
  })),
  command('zabstate', zabState),
];

/** What a member without a place in its ensemble answers all the same: as ZooKeeper, and its figures. */
const alwaysAnswered: ReadonlySet<string> = new Set([
  'environment',
  'get_trace_mask',
  'monitor',
  'set_trace_mask',
  'system_properties',
  'zabstate',
]);
const notServing = 'This ZooKeeper instance is not currently serving requests';

const byName = new Map(commands.flatMap((one) => [one.name, ...one.aliases].map((name) => [name, one] as const)));

/** Runs the command of a name; whatever is wrong is told in its field `error`, as ZooKeeper does. */
export async function runCommand(
  name: string,
  report: CoordinatorReport,
  parameters: ReadonlyMap<string, string>,
): Promise<CommandFields> {
  const known = byName.get(name);
  if (known === undefined) return { command: name, error: `Unknown command: ${name}` };
  if (!report.isServing && !alwaysAnswered.has(known.name)) return { command: known.name, error: notServing };
  const { error = null, ...fields } = await known.run(report, parameters);
  return { ...fields, command: known.name, error };
}

function configuration(report: CoordinatorReport): CommandFields {
  const configured = report.configuration();
  return {
    client_port: configured.clientPort,
    data_dir: configured.dataDir,
    data_log_dir: configured.dataLogDir,
    tick_time: configured.tickTime,
    max_client_cnxns: configured.maxClientCnxns,
    min_session_timeout: configured.minSessionTimeout,
    max_session_timeout: configured.maxSessionTimeout,
    server_id: configured.serverId,
    client_port_listen_backlog: configured.clientPortListenBacklog,
  };
}

async function lastSnapshot(report: CoordinatorReport): Promise<CommandFields> {
  const last = await report.lastSnapshot();
  if (last === undefined) return { zxid: 'ffffffffffffffff', timestamp: -1 };
  return { zxid: last.zxid.toString(16), timestamp: Math.floor(last.writtenMs / 1000) };
}

async function serverStats(report: CoordinatorReport): Promise<CommandFields> {
  const server = report.server();
  const { dataBytes, logBytes } = await report.directories();
  const replies = sizes(server.replyBytes.max > 0 ? server.replyBytes : { last: -1, min: -1, max: -1 });
  return {
    version: server.version,
    read_only: report.isReadOnly,
    server_stats: {
      packets_sent: server.sent,
      packets_received: server.received,
      fsync_threshold_exceed_count: server.slowSyncs,
      client_response_stats: replies,
      data_dir_size: dataBytes,
      log_dir_size: logBytes,
      provider_null: false,
      server_state: server.mode,
      last_processed_zxid: server.zxid,
      outstanding_requests: server.outstanding,
      avg_latency: Number(server.latencyMs.average.toFixed(4)),
      max_latency: Math.round(server.latencyMs.max),
      min_latency: Math.round(server.latencyMs.min),
      num_alive_client_connections: server.connections,
      uptime: server.uptimeMs,
      auth_failed_count: server.authFailures,
      non_mtlsremote_conn_count: 0,
      non_mtlslocal_conn_count: 0,
    },
    client_response: replies,
    ...(server.proposalBytes === undefined ? {} : { proposal_stats: sizes(server.proposalBytes) }),
    node_count: server.znodes,
  };
}

function sizes({ last, min, max }: SizeReport): CommandFields {
  return { last_buffer_size: last, min_buffer_size: min, max_buffer_size: max };
}

function setTraceMask(report: CoordinatorReport, parameters: ReadonlyMap<string, string>): CommandFields {
  const said = parameters.get('traceMask');
  const wanted = 'setTraceMask requires long traceMask argument';
  if (said === undefined) return { error: wanted };
  const mask = Number(said);
  if (!/^[+-]?\d+$/.test(said) || !Number.isSafeInteger(mask)) return { error: `${wanted}, got ${said}` };
  report.traceMask = mask;
  return { tracemask: mask };
}

function connectionsOf(report: CoordinatorReport, form: (one: ConnectionReport) => CommandFields): CommandFields {
  const over = (transport: ConnectionReport['transport']) =>
    report.connections().filter((one) => one.transport === transport);
  return { connections: over('plain').map(form), secure_connections: over('tls').map(form) };
}

function brief({ address, port, interest, waiting, received, sent }: ConnectionReport): CommandFields {
  return {
    remote_socket_address: `${address}:${port}`,
    interest_ops: interest,
    outstanding_requests: waiting,
    packets_received: received,
    packets_sent: sent,
  };
}

function connection(one: ConnectionReport): CommandFields {
  const { latencyMs } = one;
  return {
    ...brief(one),
    session_id: one.session === noSession ? 0 : signedId(one.session),
    last_operation: one.lastOperation,
    established: one.sinceMs,
    session_timeout: one.sessionTimeoutMs,
    last_cxid: one.lastXid,
    last_zxid: one.lastZxid,
    last_response_time: one.lastReplyMs,
    last_latency: Math.round(latencyMs.last),
    min_latency: Math.round(latencyMs.min),
    avg_latency: Math.round(latencyMs.average),
    max_latency: Math.round(latencyMs.max),
  };
}

function bySession<T>(groups: ReadonlyMap<SessionId, T>): Record<string, T> {
  return Object.fromEntries([...groups].map(([id, group]) => [String(signedId(id)), group]));
}
