import { journalDefaults } from '@reeve/journal';
import { replicaDefaults } from '@reeve/replica';
import { FRAME_BYTES_MAX } from '@reeve/wire';
import type { ConnectThrottleSettings } from './connect-throttle.ts';
import type { EnsembleConfig } from './peers/ensemble-config.ts';
import { type IdentityConfig, identityDefaults, type TlsConfig } from './security/security-config.ts';

/** Where admin commands are served over HTTP. */
export interface AdminConfig {
  /** The address to listen on; `*` is every one of this machine. */
  readonly host: string;
  readonly port: number;
  /** The path below which the commands lie. */
  readonly commandUrl: string;
  /** How long a connection may say nothing, milliseconds. */
  readonly idleMs: number;
}

/** An admin server of which nobody said where and how; path and patience are ZooKeeper's. */
export const adminDefaults = { commandUrl: '/commands', idleMs: 30_000 } as const;

/** Where metrics are served for Prometheus. */
export interface MetricsConfig {
  /** The address to listen on; `*` is every one of this machine. */
  readonly host: string;
  readonly port: number;
  /** Whether memory, garbage collection, event loop and the like of the process are among them. */
  readonly ofProcess: 'exported' | 'left_out';
}

/** Everything a coordinator is told at start. Complete: nobody reads a file or the environment later. */
export interface CoordinatorConfig {
  /** Where snapshots, and unless told otherwise the log, lie. */
  readonly dataDirectory: string;
  /** Where the log lies. */
  readonly logDirectory: string;
  /** The address to listen on; `*` is every one of this machine. */
  readonly host: string;
  /** The port to listen on without TLS; 0 takes any free one. */
  readonly port: number | 'none';
  /** The address to listen on with TLS; `*` is every one of this machine. */
  readonly secureHost: string;
  /** The port to listen on with TLS; 0 takes any free one, none when left out. */
  readonly securePort: number | undefined;
  /** Whether the port without TLS takes clients with TLS too. */
  readonly portUnification: 'plain' | 'plain_and_tls';
  /** Keys, certificates and rules of TLS; needed where it is served. */
  readonly tls: TlsConfig | undefined;
  /** Who clients may prove to be. */
  readonly identity: IdentityConfig;
  /** The ensemble that it belongs to; it is alone without. */
  readonly ensemble: EnsembleConfig | undefined;
  /** The unit of time: sessions are checked once a tick, and their time-outs are counted in ticks. Milliseconds. */
  readonly tickMs: number;
  /** The shortest session time-out that is granted, milliseconds. */
  readonly sessionTimeoutMsMin: number;
  /** The longest session time-out that is granted, milliseconds. */
  readonly sessionTimeoutMsMax: number;
  /** Connections from one address at a time; 0 is no limit. */
  readonly connectionsPerAddressMax: number;
  /** Connections at a time; 0 is no limit. */
  readonly connectionsMax: number;
  /** The longest frame, and so about the largest data of a znode, bytes. */
  readonly frameBytesMax: number;
  /** Entries of the log after which a snapshot is due. */
  readonly snapshotEntries: number;
  /** How many snapshots are kept, with the logs they need. */
  readonly snapshotsKept: number | 'all';
  /** How large a log file grows before the next is begun, bytes. */
  readonly segmentBytesMax: number;
  /** Whether a write is acknowledged only when it is on disk. */
  readonly sync: 'always' | 'never';
  /** The four-letter words that are answered. */
  readonly fourLetterWords: ReadonlySet<string> | 'all';
  /** Whether there are znodes with a time to live. */
  readonly extendedTypes: 'enabled' | 'disabled';
  /** `user:base64(sha1(user:password))` of the one who may do everything. */
  readonly superDigest: string | undefined;
  /** Whether hard quotas refuse writes beyond them, and soft ones warn; otherwise what is in use is counted only. */
  readonly quotas: 'enforced' | 'counted';
  /** What the digests of names and passwords are made with, by its name in OpenSSL. */
  readonly digestAlgorithm: string;
  /** Whether access lists bind anybody. */
  readonly accessLists: 'checked' | 'skipped';
  /** How a request to change the ensemble is refused. */
  readonly reconfiguration: 'unimplemented' | 'reconfig_disabled';
  /** Writes of all clients not yet on disk above which connections with one of them are read no more. */
  readonly writesMax: number;
  /** Such writes at which no connection is read; none: there is no such limit. */
  readonly requestsMax: number | undefined;
  /** How long a request that was read may wait before it is refused, milliseconds; none: as long as it must. */
  readonly requestWaitMsMax: number | undefined;
  /** How many handshakes are let through, and how fast; all of them, without. */
  readonly connectThrottle: ConnectThrottleSettings | undefined;
  /** Connections that the kernel may hold until they are accepted. */
  readonly unacceptedConnectionsMax: number;
  /** How often empty containers and outlived TTL znodes are looked for, milliseconds. */
  readonly reapIntervalMs: number;
  /** How long a container may wait for its first child, milliseconds; 0 is for ever. */
  readonly containerNeverUsedMs: number;
  /** Where admin commands are served; nowhere when left out. */
  readonly admin: AdminConfig | undefined;
  /** Where metrics are served; nowhere when left out. */
  readonly metrics: MetricsConfig | undefined;
  /** The file to which every change is logged with who made it, `-` for standard output; none when left out. */
  readonly auditFile: string | undefined;
  /** How long the disk may take for a sync before it is worth a warning, milliseconds. */
  readonly syncWarnMs: number;
  /** The configuration file, without its secrets; empty where there was none. */
  readonly initialConfiguration: string;
}

const ticksMin = 2;
const ticksMax = 20;

/** What somebody cares to say; what is left out, or `undefined`, gets its default. */
export type GivenConfig = Pick<CoordinatorConfig, 'dataDirectory'> & {
  readonly [K in keyof CoordinatorConfig]?: CoordinatorConfig[K] | undefined;
};

/** A complete configuration. */
export function coordinatorConfig(given: GivenConfig): CoordinatorConfig {
  const tickMs = given.tickMs ?? 2_000;
  const defaults: CoordinatorConfig = {
    dataDirectory: given.dataDirectory,
    logDirectory: given.dataDirectory,
    host: '127.0.0.1',
    port: 2181,
    secureHost: '127.0.0.1',
    securePort: undefined,
    portUnification: 'plain',
    tls: undefined,
    identity: identityDefaults,
    ensemble: undefined,
    tickMs,
    sessionTimeoutMsMin: tickMs * ticksMin,
    sessionTimeoutMsMax: tickMs * ticksMax,
    connectionsPerAddressMax: 60,
    connectionsMax: 0,
    frameBytesMax: FRAME_BYTES_MAX,
    snapshotEntries: journalDefaults.snapshotEntries,
    snapshotsKept: journalDefaults.snapshotsKept,
    segmentBytesMax: journalDefaults.segmentBytesMax,
    sync: 'always',
    fourLetterWords: new Set(['srvr']),
    extendedTypes: 'disabled',
    superDigest: undefined,
    quotas: 'counted',
    digestAlgorithm: 'sha1',
    accessLists: 'checked',
    reconfiguration: 'reconfig_disabled',
    writesMax: replicaDefaults.writesMax,
    requestsMax: undefined,
    requestWaitMsMax: undefined,
    connectThrottle: undefined,
    unacceptedConnectionsMax: 1024,
    containerNeverUsedMs: replicaDefaults.containerNeverUsedMs,
    reapIntervalMs: 60_000,
    admin: undefined,
    metrics: undefined,
    auditFile: undefined,
    syncWarnMs: 1_000,
    initialConfiguration: '',
  };
  const said = Object.entries(given).filter(([, value]) => value !== undefined);
  return { ...defaults, ...Object.fromEntries(said) };
}
