import type { ReplicaStatus } from '@reeve/replica';
import { noSession, type SessionId } from '@reeve/wire';
import type { EnsembleMember, ZabStatus } from '@reeve/zab';
import { type AgreementReport, agreementReport } from './agreement-report.ts';
import type { CoordinatorConfig } from './config.ts';
import type { ConnectionFacts, CoordinatorFacts } from './coordinator-facts.ts';
import type { MonitorValue } from './monitor-value.ts';
import { monitorValues } from './monitor-values.ts';
import { shortName } from './operation-names.ts';
import { placeOf } from './peers/place.ts';
import { directoryBytes, environment, newestSnapshot } from './process-facts.ts';
import { version } from './version.ts';

/** How long requests took, milliseconds; of those that were timed. */
export interface LatencyReport {
  readonly last: number;
  readonly min: number;
  readonly average: number;
  readonly max: number;
}

/** The size of the last one, the smallest and the largest. */
export interface SizeReport {
  readonly last: number;
  readonly min: number;
  readonly max: number;
}

/** What a coordinator is at and has done since its statistics were reset. */
export interface ServerReport {
  readonly version: string;
  readonly mode: ReplicaStatus['mode'];
  readonly latencyMs: LatencyReport;
  readonly received: number;
  readonly sent: number;
  readonly connections: number;
  /** Writes that wait for the disk. */
  readonly outstanding: number;
  readonly zxid: number;
  readonly znodes: number;
  readonly uptimeMs: number;
  readonly slowSyncs: number;
  /** Clients that failed to prove who they are. */
  readonly authFailures: number;
  /** Bytes of the answers; 0 before the first. */
  readonly replyBytes: SizeReport;
  /** Bytes of its proposals, of a leader; -1 before the first. */
  readonly proposalBytes: SizeReport | undefined;
}

/** One client connection. */
export interface ConnectionReport {
  readonly address: string;
  readonly port: number;
  readonly transport: 'plain' | 'tls';
  /** 1 when it is read from, as a selector of Java would say; 0 before the protocol's first bytes. */
  readonly interest: 0 | 1;
  /** Requests without an answer. */
  readonly waiting: number;
  readonly received: number;
  readonly sent: number;
  /** When it was made, milliseconds since the epoch. */
  readonly sinceMs: number;
  /** None before the end of the handshake. */
  readonly session: SessionId;
  readonly sessionTimeoutMs: number;
  /** ZooKeeper's four letters for the last request. */
  readonly lastOperation: string;
  readonly lastXid: number;
  readonly lastZxid: number;
  readonly lastReplyMs: number;
  readonly latencyMs: LatencyReport;
}

/** What a coordinator was told at its start, as far as ZooKeeper's `conf` tells of it. */
export interface ConfigurationReport {
  readonly clientPort: number;
  readonly secureClientPort: number;
  readonly dataDir: string;
  readonly dataLogDir: string;
  readonly tickTime: number;
  readonly maxClientCnxns: number;
  readonly minSessionTimeout: number;
  readonly maxSessionTimeout: number;
  readonly clientPortListenBacklog: number;
  readonly serverId: number;
  /** Of one member of several. */
  readonly ensemble: EnsembleReport | undefined;
}

/** What a member was told of its ensemble, and who belongs to it now. */
export interface EnsembleReport {
  readonly initLimit: number;
  readonly syncLimit: number;
  readonly electionAlg: 3;
  readonly electionPort: number;
  readonly quorumPort: number;
  /** 0 is a participant, 1 an observer: ZooKeeper's numbers. */
  readonly peerType: 0 | 1;
  readonly members: readonly EnsembleMember[];
  readonly version: number;
}

/** What a coordinator says of itself to those who operate it: four-letter words and admin commands are forms of this. */
export class CoordinatorReport {
  readonly #facts: CoordinatorFacts;

  constructor(facts: CoordinatorFacts) {
    this.#facts = facts;
  }

  /** Whether it takes requests: a member that has no leader does not. */
  get isServing(): boolean {
    return this.#facts.status.mode !== 'looking';
  }

  /** Whether writes are refused: the disk takes none, or there is no quorum. */
  get isReadOnly(): boolean {
    return this.#facts.status.mode === 'read-only';
  }

  server(): ServerReport {
    const { totals, status, connections, uptimeMs, storage } = this.#facts;
    const { received, sent, replyBytesLast: last, replyBytesMin: min, replyBytesMax: max } = totals;
    return {
      version,
      mode: status.mode,
      latencyMs: latencyOf(totals),
      received,
      sent,
      connections: connections.length,
      outstanding: status.outstanding,
      zxid: status.lastZxid,
      znodes: status.znodes,
      uptimeMs,
      slowSyncs: storage.slowSyncs,
      authFailures: totals.authFailures,
      replyBytes: { last, min, max },
      proposalBytes: status.mode === 'leader' ? proposalBytes(status.zab) : undefined,
    };
  }

  connections(): ConnectionReport[] {
    return this.#facts.connections.map(connectionReport);
  }

  configuration(): ConfigurationReport {
    const { config, ports, status } = this.#facts;
    return {
      clientPort: ports.port ?? -1,
      secureClientPort: ports.securePort ?? -1,
      dataDir: config.dataDirectory,
      dataLogDir: config.logDirectory,
      tickTime: config.tickMs,
      maxClientCnxns: config.connectionsPerAddressMax,
      minSessionTimeout: config.sessionTimeoutMsMin,
      maxSessionTimeout: config.sessionTimeoutMsMax,
      clientPortListenBacklog: config.unacceptedConnectionsMax,
      serverId: config.ensemble?.id ?? 0,
      ensemble: ensembleReport(config, status.zab),
    };
  }

  /** What it says of agreement with others; nothing when it is alone. */
  agreement(): AgreementReport | undefined {
    return agreementReport(this.#facts);
  }

  /** The configuration file as it was read, without its secrets. */
  initialConfiguration(): string {
    return this.#facts.config.initialConfiguration;
  }

  /** What snapshots and log take, bytes. */
  async directories(): Promise<{ readonly dataBytes: number; readonly logBytes: number }> {
    const { dataDirectory, logDirectory } = this.#facts.config;
    return { dataBytes: await directoryBytes(dataDirectory), logBytes: await directoryBytes(logDirectory) };
  }

  /** The newest snapshot on disk. */
  lastSnapshot(): Promise<{ readonly zxid: number; readonly writtenMs: number } | undefined> {
    return newestSnapshot(this.#facts.config.dataDirectory);
  }

  /** The open sessions by the tick at whose end they expire unless they are heard of, milliseconds since the epoch. */
  expiries(): Map<number, SessionId[]> {
    const { status, nowMs, config } = this.#facts;
    const expiries = new Map<number, SessionId[]>();
    for (const { id, timeoutMs, lastHeardMs } of status.eachSession()) {
      const dueMs = nowMs + timeoutMs - (status.clockMs - lastHeardMs);
      add(expiries, Math.ceil(dueMs / config.tickMs) * config.tickMs, id);
    }
    return new Map([...expiries].sort(([a], [b]) => a - b));
  }

  /** The ephemerals of the sessions that own any. */
  ephemerals(): Map<SessionId, readonly string[]> {
    return new Map([...this.#facts.status.eachOwner()].map(([id, paths]) => [id, [...paths]]));
  }

  /** How many watch how much. */
  watchSummary(): { readonly watchers: number; readonly paths: number; readonly watches: number } {
    return this.#facts.status.watches;
  }

  /** The sessions that watch a path. */
  watchesByPath(): Map<string, readonly SessionId[]> {
    return new Map(this.#facts.status.eachWatch());
  }

  /** The paths that a session watches. */
  watchesBySession(): Map<SessionId, readonly string[]> {
    const paths = new Map<SessionId, string[]>();
    for (const [path, sessions] of this.#facts.status.eachWatch()) {
      for (const id of sessions) add(paths, id, path);
    }
    return paths;
  }

  /** Every figure, in the order of `mntr`. */
  monitor(): Promise<readonly MonitorValue[]> {
    return monitorValues(this.#facts);
  }

  /** Where and in what the process runs. */
  environment(): Record<string, string> {
    return environment();
  }

  /** ZooKeeper's trace mask: kept, and without effect. */
  get traceMask(): number {
    return this.#facts.trace.value;
  }

  set traceMask(mask: number) {
    this.#facts.trace.value = mask;
  }

  /** Begins to count and time requests anew. */
  resetServer(): void {
    this.#facts.totals.reset();
  }

  /** Begins to count anew what goes over links to other members. */
  resetLinks(): void {
    for (const { traffic } of this.#facts.links) traffic.reset();
  }

  /** Begins to count and time the requests of each connection anew. */
  resetConnections(): void {
    for (const { conversation } of this.#facts.connections) conversation.traffic.reset();
  }
}

function connectionReport({
  address,
  port,
  transport,
  sinceMs,
  conversation,
  status,
}: ConnectionFacts): ConnectionReport {
  const { traffic, lastXid, lastOp, lastZxid, lastReplyMs } = conversation;
  return {
    address,
    port,
    transport,
    interest: status === undefined ? 0 : 1,
    waiting: status?.waiting ?? 0,
    received: traffic.received,
    sent: traffic.sent,
    sinceMs,
    session: status?.session ?? noSession,
    sessionTimeoutMs: status?.sessionTimeoutMs ?? 0,
    lastOperation: shortName(lastOp),
    lastXid,
    lastZxid,
    lastReplyMs,
    latencyMs: latencyOf(traffic),
  };
}

function proposalBytes({ tally }: ZabStatus): SizeReport {
  return { last: tally.proposalBytesLast, min: tally.proposalBytesMin, max: tally.proposalBytesMax };
}

function ensembleReport(
  { ensemble, tickMs }: CoordinatorConfig,
  { membership }: ZabStatus,
): EnsembleReport | undefined {
  if (ensemble === undefined) return undefined;
  const own = membership.members.find(({ id }) => id === ensemble.id);
  const { electionPort = -1, peerPort = -1 } = placeOf(own?.place ?? '') ?? {};
  return {
    initLimit: Math.round(ensemble.initTimeoutMs / tickMs),
    syncLimit: Math.round(ensemble.syncTimeoutMs / tickMs),
    electionAlg: 3,
    electionPort,
    quorumPort: peerPort,
    peerType: own?.role === 'observer' ? 1 : 0,
    members: membership.members,
    version: membership.version,
  };
}

function latencyOf(traffic: ConnectionFacts['conversation']['traffic']): LatencyReport {
  const { latencyMsLast: last, latencyMsMin: min, latencyMsAverage: average, latencyMsMax: max } = traffic;
  return { last, min, average, max };
}

function add<K, V>(groups: Map<K, V[]>, key: K, value: V): void {
  const group = groups.get(key);
  if (group === undefined) groups.set(key, [value]);
  else group.push(value);
}
