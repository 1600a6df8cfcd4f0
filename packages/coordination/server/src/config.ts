import { journalDefaults } from '@reeve/journal';
import { FRAME_BYTES_MAX } from '@reeve/wire';

/** Everything a coordinator is told at start. Complete: nobody reads a file or the environment later. */
export interface CoordinatorConfig {
  /** Where snapshots, and unless told otherwise the log, lie. */
  readonly dataDirectory: string;
  /** Where the log lies. */
  readonly logDirectory: string;
  /** The address to listen on; `*` is every one of this machine. */
  readonly host: string;
  /** The port to listen on; 0 takes any free one. */
  readonly port: number;
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
  /** How often empty containers and outlived TTL znodes are looked for, milliseconds. */
  readonly reapIntervalMs: number;
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
    reapIntervalMs: 60_000,
  };
  const said = Object.entries(given).filter(([, value]) => value !== undefined);
  return { ...defaults, ...Object.fromEntries(said) };
}
