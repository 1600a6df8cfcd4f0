import { arch, hostname, release, type as systemName, totalmem, userInfo } from 'node:os';
import { unreachable } from '@reeve/base';
import type { ConnectionStatus, ReplicaStatus } from '@reeve/replica';
import { noSession, type SessionId } from '@reeve/wire';
import type { CoordinatorConfig } from './config.ts';
import type { Traffic } from './traffic.ts';
import { version } from './version.ts';

/** A connection, for those who list them. */
export interface ConnectionFacts {
  readonly address: string;
  readonly port: number;
  /** When it was made, milliseconds since the epoch. */
  readonly sinceMs: number;
  readonly traffic: Traffic;
  /** What the replica knows of it; nothing before its first frame. */
  readonly status: ConnectionStatus | undefined;
}

/** What four-letter words tell of a coordinator. */
export interface CoordinatorFacts {
  readonly config: CoordinatorConfig;
  readonly port: number;
  readonly uptimeMs: number;
  readonly traffic: Traffic;
  readonly status: ReplicaStatus;
  readonly connections: readonly ConnectionFacts[];
}

const words = [
  'conf',
  'cons',
  'crst',
  'dump',
  'envi',
  'isro',
  'mntr',
  'ruok',
  'srst',
  'srvr',
  'stat',
  'wchc',
  'wchp',
  'wchs',
] as const;

/** The four-letter words that are understood. They arrive in place of the first frame; the answer is text. */
export type FourLetterWord = (typeof words)[number];

/** The word that the first four bytes of a connection spell; `undefined` when they are a frame's length. */
export function fourLetterWord(bytes: Buffer): FourLetterWord | undefined {
  const text = bytes.toString('latin1', 0, 4);
  return words.find((word) => word === text);
}

/** The answer to a word, or that it is not allowed. */
export function answer(word: FourLetterWord, facts: CoordinatorFacts): string {
  const { fourLetterWords } = facts.config;
  const allowed = fourLetterWords === 'all' || fourLetterWords.has(word);
  return allowed ? compose(word, facts) : `${word} is not executed because it is not in the whitelist.\n`;
}

function compose(word: FourLetterWord, facts: CoordinatorFacts): string {
  switch (word) {
    case 'ruok':
      return 'imok';
    case 'isro':
      return facts.status.mode === 'read-only' ? 'ro' : 'rw';
    case 'srvr':
      return server(facts, []);
    case 'stat':
      return server(facts, ['Clients:', ...facts.connections.map(briefly), '']);
    case 'mntr':
      return monitor(facts);
    case 'conf':
      return configuration(facts);
    case 'cons':
      return `${facts.connections.map(fully).join('\n')}\n\n`;
    case 'envi':
      return environment();
    case 'dump':
      return dump(facts);
    case 'wchs':
      return watchSummary(facts);
    case 'wchc':
      return grouped(bySession(facts));
    case 'wchp':
      return grouped(byPath(facts));
    case 'srst':
      facts.traffic.reset();
      return 'Server stats reset.\n';
    case 'crst':
      for (const connection of facts.connections) connection.traffic.reset();
      return 'Connection stats reset.\n';
    default:
      return unreachable(word);
  }
}

/** A session id as ZooKeeper prints it: without leading zeros. */
function hexId(id: SessionId): string {
  return `0x${id.replace(/^0+(?=.)/, '')}`;
}

function sessionOf({ status }: ConnectionFacts): SessionId {
  return status?.session ?? noSession;
}

function briefly(facts: ConnectionFacts): string {
  return `${inBrief(facts)})`;
}

function inBrief({ address, port, status, traffic }: ConnectionFacts): string {
  const interest = status === undefined ? 0 : 1;
  const queued = status?.waiting ?? 0;
  return ` /${address}:${port}[${interest}](queued=${queued},recved=${traffic.received},sent=${traffic.sent}`;
}

function fully(facts: ConnectionFacts): string {
  const { status, sinceMs, traffic } = facts;
  if (status === undefined || status.session === noSession) return briefly(facts);
  const average = round(traffic.latencyMsAverage);
  const latencies = `minlat=${round(traffic.latencyMsMin)},avglat=${average},maxlat=${round(traffic.latencyMsMax)}`;
  return `${inBrief(facts)},sid=${hexId(status.session)},est=${sinceMs},to=${status.sessionTimeoutMs},${latencies})`;
}

function round(ms: number): number {
  return Math.round(ms);
}

function server({ traffic, status, connections }: CoordinatorFacts, clients: readonly string[]): string {
  const average = Number(traffic.latencyMsAverage.toFixed(4));
  return lines([
    `Zookeeper version: ${version}`,
    ...clients,
    `Latency min/avg/max: ${round(traffic.latencyMsMin)}/${average}/${round(traffic.latencyMsMax)}`,
    `Received: ${traffic.received}`,
    `Sent: ${traffic.sent}`,
    `Connections: ${connections.length}`,
    `Outstanding: ${status.outstanding}`,
    `Zxid: 0x${status.lastZxid.toString(16)}`,
    `Mode: ${status.mode}`,
    `Node count: ${status.znodes}`,
  ]);
}

function monitor({ traffic, status, connections, uptimeMs }: CoordinatorFacts): string {
  const values: Record<string, string | number> = {
    version,
    server_state: status.mode,
    avg_latency: Number(traffic.latencyMsAverage.toFixed(4)),
    max_latency: round(traffic.latencyMsMax),
    min_latency: round(traffic.latencyMsMin),
    packets_received: traffic.received,
    packets_sent: traffic.sent,
    num_alive_connections: connections.length,
    outstanding_requests: status.outstanding,
    znode_count: status.znodes,
    watch_count: status.watches.watches,
    ephemerals_count: status.ephemerals,
    approximate_data_size: status.approximateDataBytes,
    global_sessions: status.sessions,
    uptime: uptimeMs,
  };
  return lines(Object.entries(values).map(([name, value]) => `zk_${name}\t${value}`));
}

function configuration({ config, port }: CoordinatorFacts): string {
  return lines([
    `clientPort=${port}`,
    `dataDir=${config.dataDirectory}`,
    `dataLogDir=${config.logDirectory}`,
    `tickTime=${config.tickMs}`,
    `maxClientCnxns=${config.connectionsPerAddressMax}`,
    `minSessionTimeout=${config.sessionTimeoutMsMin}`,
    `maxSessionTimeout=${config.sessionTimeoutMsMax}`,
    'serverId=0',
  ]);
}

function environment(): string {
  return lines([
    'Environment:',
    `zookeeper.version=${version}`,
    `host.name=${hostname()}`,
    `node.version=${process.version}`,
    `os.name=${systemName()}`,
    `os.arch=${arch()}`,
    `os.version=${release()}`,
    `user.name=${userInfo().username}`,
    `user.dir=${process.cwd()}`,
    `os.memory.total=${Math.round(totalmem() / 1024 / 1024)}MB`,
  ]);
}

function dump({ status, connections }: CoordinatorFacts): string {
  const owners = [...status.eachOwner()];
  return lines([
    'SessionTracker dump:',
    `Session Sets (${status.sessions})/(${status.sessions}):`,
    ...[...status.eachSession()].map(({ id }) => `\t${hexId(id)}`),
    'ephemeral nodes dump:',
    `Sessions with Ephemerals (${owners.length}):`,
    ...owners.flatMap(([id, paths]) => [`${hexId(id)}:`, ...[...paths].map((path) => `\t${path}`)]),
    'Connections dump:',
    `Connections Sets (${connections.length})/(${connections.length}):`,
    ...connections.map((one) => `\tip: /${one.address}:${one.port} sessionId: ${hexId(sessionOf(one))}`),
  ]);
}

function watchSummary({ status }: CoordinatorFacts): string {
  const { watchers, paths, watches } = status.watches;
  return `${watchers} connections watching ${paths} paths\nTotal watches:${watches}\n`;
}

function bySession({ status }: CoordinatorFacts): Map<string, string[]> {
  const paths = new Map<string, string[]>();
  for (const [path, sessions] of status.eachWatch()) {
    for (const id of sessions) paths.set(hexId(id), [...(paths.get(hexId(id)) ?? []), path]);
  }
  return paths;
}

function byPath({ status }: CoordinatorFacts): Map<string, string[]> {
  return new Map([...status.eachWatch()].map(([path, sessions]) => [path, sessions.map(hexId)]));
}

function grouped(groups: ReadonlyMap<string, readonly string[]>): string {
  return lines([...[...groups].flatMap(([head, rest]) => [head, ...rest.map((one) => `\t${one}`)]), '']);
}

function lines(all: readonly string[]): string {
  return `${all.join('\n')}\n`;
}
