import type { WriteRules } from '@reeve/tree';
import type { SessionId } from '@reeve/wire';
import type { ZabOptions } from '@reeve/zab';
import type { ReadPlace } from './membership-text.ts';
import type { SaslOptions } from './sasl-exchange.ts';

/** Everything a replica has to be told. It holds no clock, no chance and no cryptography of its own. */
export interface ReplicaOptions extends WriteRules {
  /** The unit of session time-outs, milliseconds. */
  readonly tickMs: number;
  /** Time-outs that clients ask for are brought between these two, milliseconds. */
  readonly sessionTimeoutMinMs: number;
  readonly sessionTimeoutMaxMs: number;
  /** The first session id to give away; the next ones follow it. No session may have had one of them before. */
  readonly firstSessionId: SessionId;
  /** Whether clients that ask for it may read while this member has no place in the ensemble. */
  readonly readOnlyMode: 'enabled' | 'disabled';
  /** Whether a member that leads several takes clients too (ZooKeeper's leaderServes). */
  readonly leaderServes: 'clients' | 'members_only';
  /** How this member finds its place in the ensemble. */
  readonly zab: ZabOptions;
  /** How the places of members are written. */
  readonly readPlace: ReadPlace;
  /** The password by which a session is opened again: 16 bytes, the same for the same id and secret. */
  readonly sessionPassword: (session: SessionId, secret: Buffer) => Buffer;
  /** What those passwords are made of, until a leader says otherwise. */
  readonly sessionSecret: Buffer;
  /** Base64 of the SHA-1 of `user:password`: what the `digest` scheme compares. */
  readonly digest: (credentials: Buffer) => string;
  /** `super:<digest>` of the client that may do everything; nobody may, without. */
  readonly superDigest: string | undefined;
  /** The subject of the certificate whose owner may do everything; nobody's, without. */
  readonly x509SuperUser: string | undefined;
  /** How clients prove names by SASL; without, they are told that there is no SASL here. */
  readonly saslServer: SaslOptions | undefined;
  /** Schemes of which a client must have proved an identity before it may ask for anything; none: it may at once. */
  readonly requiredSchemes: ReadonlySet<string>;
  /** Whether access lists bind anybody (ZooKeeper's skipACL). */
  readonly accessLists: 'checked' | 'skipped';
  /** Whether hard quotas refuse what goes beyond them, and soft ones warn of it (ZooKeeper's enforceQuota). */
  readonly quotas: 'enforced' | 'counted';
  /** Whether the outbox tells who changed what. */
  readonly audit: 'on' | 'off';
  /** How often containers and TTL znodes are looked through, milliseconds. */
  readonly containerCheckIntervalMs: number;
  /** How long a container may wait for its first child, milliseconds; 0 is for ever. */
  readonly containerNeverUsedMs: number;
  /** How many of them are looked at in one tick. */
  readonly containersPerTickMax: number;
  /** Paths that all connections together watch, each counted for itself, above which the one with most is closed. */
  readonly watchesMax: number;
  /** Unanswered requests of one connection above which it is congested: the server stops reading from it. */
  readonly requestsPerConnectionMax: number;
  /** Unanswered writes of all clients above which every connection with one of them is congested. */
  readonly writesMax: number;
  /** Unanswered writes of all clients at which every connection is congested, those without one too. */
  readonly requestsMax: number;
  /** Unanswered writes of all clients for which there is room: who asks for one more is disconnected. */
  readonly outstandingMax: number;
}

/** The options of a replica that nobody has tuned; ticks and time-outs are ZooKeeper's. */
export const replicaDefaults = {
  tickMs: 2000,
  readOnlyMode: 'disabled',
  leaderServes: 'clients',
  readPlace: () => undefined,
  sessionTimeoutMinMs: 4000,
  sessionTimeoutMaxMs: 40_000,
  superDigest: undefined,
  x509SuperUser: undefined,
  saslServer: undefined,
  requiredSchemes: new Set<string>(),
  x509: 'refused',
  sasl: 'refused',
  timeToLive: 'refused',
  audit: 'off',
  reconfiguration: 'reconfig_disabled',
  accessLists: 'checked',
  quotas: 'counted',
  containerCheckIntervalMs: 60_000,
  containerNeverUsedMs: 0,
  containersPerTickMax: 10_000,
  watchesMax: 5_000_000,
  requestsPerConnectionMax: 1000,
  writesMax: 20_000,
  requestsMax: Number.POSITIVE_INFINITY,
  outstandingMax: 160_000,
} as const satisfies Partial<ReplicaOptions>;
