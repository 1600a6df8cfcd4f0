import { unreachable } from '@reeve/base';
import { noSession, type SessionId } from '@reeve/wire';
import { monitorLines } from './monitor-value.ts';
import type { ConnectionReport, CoordinatorReport, EnsembleReport, SizeReport } from './report.ts';

const words = [
  'conf',
  'cons',
  'crst',
  'dirs',
  'dump',
  'envi',
  'gtmk',
  'hash',
  'isro',
  'mntr',
  'ruok',
  'srst',
  'srvr',
  'stat',
  'stmk',
  'wchc',
  'wchp',
  'wchs',
] as const;

/** The four-letter words that are understood. They arrive in place of the first frame; the answer is text. */
type FourLetterWord = (typeof words)[number];

/** A word with the bytes that came with it. */
export interface AskedWord {
  readonly word: FourLetterWord;
  /** What follows the word: the mask of `stmk`. */
  readonly argument: Buffer;
}

/** Words that a member without a place in its ensemble answers all the same, as ZooKeeper does. */
const alwaysAnswered: ReadonlySet<FourLetterWord> = new Set(['envi', 'gtmk', 'isro', 'ruok', 'stmk']);
const notServing = 'This ZooKeeper instance is not currently serving requests\n';
const wordBytes = 4;
const maskBytes = 8;

/**
 * The word that the first bytes of a connection spell; `none` when they are a frame's length, `more` when they are not
 * enough to tell.
 */
export function fourLetterWord(bytes: Buffer): AskedWord | 'more' | 'none' {
  if (bytes.length < wordBytes) return 'more';
  const text = bytes.toString('latin1', 0, wordBytes);
  const word = words.find((known) => known === text);
  if (word === undefined) return 'none';
  const argument = bytes.subarray(wordBytes);
  return word === 'stmk' && argument.length < maskBytes ? 'more' : { word, argument };
}

/** The answer to a word, or that it is not allowed. */
export async function answer(
  { word, argument }: AskedWord,
  report: CoordinatorReport,
  allowed: ReadonlySet<string> | 'all',
): Promise<string> {
  if (allowed !== 'all' && !allowed.has(word)) return `${word} is not executed because it is not in the whitelist.\n`;
  if (!report.isServing && !alwaysAnswered.has(word)) return notServing;
  return word === 'stmk' ? setTraceMask(report, argument) : compose(word, report);
}

function compose(word: Exclude<FourLetterWord, 'stmk'>, report: CoordinatorReport): string | Promise<string> {
  switch (word) {
    case 'ruok':
      return 'imok';
    case 'isro':
      return readOnly(report);
    case 'gtmk':
      return String(report.traceMask);
    case 'srvr':
      return server(report, []);
    case 'stat':
      return server(report, ['Clients:', ...report.connections().map(briefly), '']);
    case 'mntr':
      return monitor(report);
    case 'conf':
      return configuration(report);
    case 'cons':
      return `${report.connections().map(fully).join('\n')}\n\n`;
    case 'dirs':
      return directories(report);
    case 'envi':
      return lines([
        'Environment:',
        ...Object.entries(report.environment()).map(([name, value]) => `${name}=${value}`),
      ]);
    case 'dump':
      return dump(report);
    case 'hash':
      // ZooKeeper lists digests of the tree here, when it is told to make them; there are none.
      return '';
    case 'wchs':
      return watchSummary(report);
    case 'wchc':
      return grouped([...report.watchesBySession()].map(([id, paths]) => [hexId(id), paths]));
    case 'wchp':
      return grouped([...report.watchesByPath()].map(([path, sessions]) => [path, sessions.map(hexId)]));
    case 'srst':
      report.resetServer();
      return 'Server stats reset.\n';
    case 'crst':
      report.resetConnections();
      return 'Connection stats reset.\n';
    default:
      return unreachable(word);
  }
}

/** `null` is what ZooKeeper says while it serves nobody. */
function readOnly(report: CoordinatorReport): string {
  if (!report.isServing) return 'null';
  return report.isReadOnly ? 'ro' : 'rw';
}

function setTraceMask(report: CoordinatorReport, argument: Buffer): string {
  report.traceMask = Number(argument.readBigInt64BE(0));
  return String(report.traceMask);
}

/** A session id as ZooKeeper prints it: without leading zeros. */
function hexId(id: SessionId): string {
  return `0x${id.replace(/^0+(?=.)/, '')}`;
}

function briefly(connection: ConnectionReport): string {
  return `${inBrief(connection)})`;
}

function inBrief({ address, port, interest, waiting, received, sent }: ConnectionReport): string {
  return ` /${address}:${port}[${interest}](queued=${waiting},recved=${received},sent=${sent}`;
}

function fully(connection: ConnectionReport): string {
  if (connection.session === noSession) return briefly(connection);
  const { latencyMs, lastXid } = connection;
  const parts = [
    inBrief(connection),
    `sid=${hexId(connection.session)}`,
    `lop=${connection.lastOperation}`,
    `est=${connection.sinceMs}`,
    `to=${connection.sessionTimeoutMs}`,
    `lcxid=0x${(lastXid >>> 0).toString(16)}`,
    `lzxid=0x${connection.lastZxid.toString(16)}`,
    `lresp=${connection.lastReplyMs}`,
    `llat=${Math.round(latencyMs.last)}`,
    `minlat=${Math.round(latencyMs.min)}`,
    `avglat=${Math.round(latencyMs.average)}`,
    `maxlat=${Math.round(latencyMs.max)}`,
  ];
  return `${parts.join(',')})`;
}

/** As Java prints a double: what reads such answers may look for the point. */
function decimal(value: number): string {
  const rounded = Number(value.toFixed(4));
  return Number.isInteger(rounded) ? `${rounded}.0` : String(rounded);
}

function server(report: CoordinatorReport, clients: readonly string[]): string {
  const { version, latencyMs, received, sent, connections, outstanding, zxid, mode, znodes, proposalBytes } =
    report.server();
  return lines([
    `Zookeeper version: ${version}`,
    ...clients,
    `Latency min/avg/max: ${Math.round(latencyMs.min)}/${decimal(latencyMs.average)}/${Math.round(latencyMs.max)}`,
    `Received: ${received}`,
    `Sent: ${sent}`,
    `Connections: ${connections}`,
    `Outstanding: ${outstanding}`,
    `Zxid: 0x${zxid.toString(16)}`,
    `Mode: ${mode}`,
    `Node count: ${znodes}`,
    ...(proposalBytes === undefined ? [] : [proposalSizes(proposalBytes)]),
  ]);
}

function proposalSizes({ last, min, max }: SizeReport): string {
  return `Proposal sizes last/min/max: ${last}/${min}/${max}`;
}

async function monitor(report: CoordinatorReport): Promise<string> {
  const values = (await report.monitor()).flatMap(monitorLines);
  return lines(
    values.map(([name, value]) => {
      const prefix = name.startsWith('reeve_') ? '' : 'zk_';
      return `${prefix}${name}\t${name.startsWith('avg_') ? decimal(Number(value)) : value}`;
    }),
  );
}

async function configuration(report: CoordinatorReport): Promise<string> {
  const { clientPort, secureClientPort, dataDir, dataLogDir, ensemble, ...rest } = report.configuration();
  const { dataBytes, logBytes } = await report.directories();
  const rows = {
    clientPort,
    secureClientPort,
    dataDir,
    dataDirSize: dataBytes,
    dataLogDir,
    dataLogSize: logBytes,
    ...rest,
  };
  const own = Object.entries(rows).map(([name, value]) => `${name}=${value}`);
  return lines(ensemble === undefined ? own : [...own, ...ensembleLines(ensemble)]);
}

function ensembleLines({ members, version, ...own }: EnsembleReport): string[] {
  return [
    ...Object.entries(own).map(([name, value]) => `${name}=${value}`),
    'membership: ',
    ...members.map(({ id, place }) => `server.${id}=${place}`),
    `version=${version.toString(16)}`,
  ];
}

async function directories(report: CoordinatorReport): Promise<string> {
  const { dataBytes, logBytes } = await report.directories();
  return lines([`datadir_size: ${dataBytes}`, `logdir_size: ${logBytes}`]);
}

function dump(report: CoordinatorReport): string {
  const expiries = [...report.expiries()];
  const sessions = expiries.reduce((count, [, ids]) => count + ids.length, 0);
  const owners = [...report.ephemerals()];
  const connections = report.connections();
  return lines([
    'SessionTracker dump:',
    `Session Sets (${expiries.length})/(${sessions}):`,
    ...expiries.flatMap(([ms, ids]) => [
      `${ids.length} expire at ${asJava(ms)}:`,
      ...ids.map((id) => `\t${hexId(id)}`),
    ]),
    'ephemeral nodes dump:',
    `Sessions with Ephemerals (${owners.length}):`,
    ...owners.flatMap(([id, paths]) => [`${hexId(id)}:`, ...paths.map((path) => `\t${path}`)]),
    'Connections dump:',
    `Connections Sets (${connections.length})/(${connections.length}):`,
    ...connections.map((one) => `\tip: /${one.address}:${one.port} sessionId: ${hexId(one.session)}`),
  ]);
}

/** A moment as Java prints a Date, such as `Fri Nov 20 19:10:17 UTC 2026`. */
function asJava(ms: number): string {
  const [day, date, month, year, time] = new Date(ms).toUTCString().replace(',', '').split(' ');
  return `${day} ${month} ${date} ${time} UTC ${year}`;
}

function watchSummary(report: CoordinatorReport): string {
  const { watchers, paths, watches } = report.watchSummary();
  return `${watchers} connections watching ${paths} paths\nTotal watches:${watches}\n`;
}

function grouped(groups: readonly (readonly [head: string, rest: readonly string[]])[]): string {
  return lines([...groups.flatMap(([head, rest]) => [head, ...rest.map((one) => `\t${one}`)]), '']);
}

function lines(all: readonly string[]): string {
  return `${all.join('\n')}\n`;
}
