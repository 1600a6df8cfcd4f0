import { arch, hostname, release, type as systemName, totalmem, userInfo } from 'node:os';
import { unreachable } from '@reeve/base';
import type { ConnectionStatus, ReplicaStatus } from '@reeve/replica';
import { noSession, type OpName, opName, type SessionId } from '@reeve/wire';
import type { CoordinatorConfig } from './config.ts';
import type { Conversation } from './conversation.ts';
import { descriptors, directoryBytes } from './process-facts.ts';
import type { Totals } from './traffic.ts';
import { version } from './version.ts';

/** A connection, for those who list them. */
interface ConnectionFacts {
  readonly address: string;
  readonly port: number;
  /** When it was made, milliseconds since the epoch. */
  readonly sinceMs: number;
  readonly conversation: Conversation;
  /** What the replica knows of it; nothing before its first frame. */
  readonly status: ConnectionStatus | undefined;
}

/** What four-letter words tell of a coordinator. */
export interface CoordinatorFacts {
  readonly config: CoordinatorConfig;
  readonly port: number;
  readonly uptimeMs: number;
  readonly totals: Totals;
  readonly status: ReplicaStatus;
  readonly connections: readonly ConnectionFacts[];
}

const words = [
  'conf',
  'cons',
  'crst',
  'dirs',
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
export async function answer(word: FourLetterWord, facts: CoordinatorFacts): Promise<string> {
  const { fourLetterWords } = facts.config;
  const allowed = fourLetterWords === 'all' || fourLetterWords.has(word);
  return allowed ? compose(word, facts) : `${word} is not executed because it is not in the whitelist.\n`;
}

function compose(word: FourLetterWord, facts: CoordinatorFacts): string | Promise<string> {
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
    case 'dirs':
      return directories(facts);
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
      facts.totals.reset();
      return 'Server stats reset.\n';
    case 'crst':
      for (const connection of facts.connections) connection.conversation.traffic.reset();
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

function inBrief({ address, port, status, conversation }: ConnectionFacts): string {
  const { received, sent } = conversation.traffic;
  const interest = status === undefined ? 0 : 1;
  return ` /${address}:${port}[${interest}](queued=${status?.waiting ?? 0},recved=${received},sent=${sent}`;
}

function fully(facts: ConnectionFacts): string {
  const { status, sinceMs, conversation } = facts;
  if (status === undefined || status.session === noSession) return briefly(facts);
  const { traffic, lastXid, lastOp, lastZxid, lastReplyMs } = conversation;
  const parts = [
    inBrief(facts),
    `sid=${hexId(status.session)}`,
    `lop=${shortName(lastOp)}`,
    `est=${sinceMs}`,
    `to=${status.sessionTimeoutMs}`,
    `lcxid=0x${(lastXid >>> 0).toString(16)}`,
    `lzxid=0x${lastZxid.toString(16)}`,
    `lresp=${lastReplyMs}`,
    `llat=${round(traffic.latencyMsLast)}`,
    `minlat=${round(traffic.latencyMsMin)}`,
    `avglat=${round(traffic.latencyMsAverage)}`,
    `maxlat=${round(traffic.latencyMsMax)}`,
  ];
  return `${parts.join(',')})`;
}

/** ZooKeeper's four letters for an operation; `SESS` before the first. */
const shortNames: Readonly<Partial<Record<OpName, string>>> = {
  create: 'CREA',
  create2: 'CRE2',
  createContainer: 'CREC',
  createTTL: 'CRET',
  delete: 'DELE',
  deleteContainer: 'DELC',
  exists: 'EXIS',
  getData: 'GETD',
  setData: 'SETD',
  getACL: 'GETA',
  setACL: 'SETA',
  getChildren: 'GETC',
  getChildren2: 'GETC',
  getAllChildrenNumber: 'GACN',
  getEphemerals: 'GETE',
  sync: 'SYNC',
  ping: 'PING',
  check: 'CHEC',
  multi: 'MULT',
  multiRead: 'MLTR',
  setWatches: 'SETW',
  setWatches2: 'STW2',
  addWatch: 'ADDW',
  checkWatches: 'CHKW',
  removeWatches: 'REMW',
  whoAmI: 'WHOA',
  closeSession: 'CLOS',
};

function shortName(op: number): string {
  const name = opName(op);
  return name === undefined ? 'SESS' : (shortNames[name] ?? 'NA');
}

function precise(ms: number): number {
  return Number(ms.toFixed(4));
}

function round(ms: number): number {
  return Math.round(ms);
}

function server({ totals, status, connections }: CoordinatorFacts, clients: readonly string[]): string {
  return lines([
    `Zookeeper version: ${version}`,
    ...clients,
    `Latency min/avg/max: ${round(totals.latencyMsMin)}/${precise(totals.latencyMsAverage)}/${round(totals.latencyMsMax)}`,
    `Received: ${totals.received}`,
    `Sent: ${totals.sent}`,
    `Connections: ${connections.length}`,
    `Outstanding: ${status.outstanding}`,
    `Zxid: 0x${status.lastZxid.toString(16)}`,
    `Mode: ${status.mode}`,
    `Node count: ${status.znodes}`,
  ]);
}

async function monitor({ totals, status, connections, uptimeMs }: CoordinatorFacts): Promise<string> {
  const files = await descriptors();
  const values: Record<string, string | number> = {
    version,
    server_state: status.mode,
    avg_latency: precise(totals.latencyMsAverage),
    max_latency: round(totals.latencyMsMax),
    min_latency: round(totals.latencyMsMin),
    packets_received: totals.received,
    packets_sent: totals.sent,
    bytes_received_count: totals.bytesReceived,
    num_alive_connections: connections.length,
    connection_drop_count: totals.connectionsDropped,
    connection_rejected: totals.connectionsRejected,
    outstanding_requests: status.outstanding,
    znode_count: status.znodes,
    watch_count: status.watches.watches,
    ephemerals_count: status.ephemerals,
    approximate_data_size: status.approximateDataBytes,
    global_sessions: status.sessions,
    local_sessions: 0,
    stale_sessions_expired: totals.sessionsExpired,
    last_client_response_size: totals.replyBytesLast,
    min_client_response_size: totals.replyBytesMin,
    max_client_response_size: totals.replyBytesMax,
    open_file_descriptor_count: files.open,
    max_file_descriptor_count: files.max,
    uptime: uptimeMs,
  };
  return lines(Object.entries(values).map(([name, value]) => `zk_${name}\t${value}`));
}

async function configuration({ config, port }: CoordinatorFacts): Promise<string> {
  return lines([
    `clientPort=${port}`,
    'secureClientPort=-1',
    `dataDir=${config.dataDirectory}`,
    `dataDirSize=${await directoryBytes(config.dataDirectory)}`,
    `dataLogDir=${config.logDirectory}`,
    `dataLogSize=${await directoryBytes(config.logDirectory)}`,
    `tickTime=${config.tickMs}`,
    `maxClientCnxns=${config.connectionsPerAddressMax}`,
    `minSessionTimeout=${config.sessionTimeoutMsMin}`,
    `maxSessionTimeout=${config.sessionTimeoutMsMax}`,
    'serverId=0',
  ]);
}

async function directories({ config }: CoordinatorFacts): Promise<string> {
  return lines([
    `datadir_size: ${await directoryBytes(config.dataDirectory)}`,
    `logdir_size: ${await directoryBytes(config.logDirectory)}`,
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
