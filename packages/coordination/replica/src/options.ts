import type { WriteRules } from '@reeve/tree';
import type { SessionId } from '@reeve/wire';

/** Everything a replica has to be told. It holds no clock, no chance and no cryptography of its own. */
export interface ReplicaOptions extends WriteRules {
  /** The unit of session time-outs, milliseconds. */
  readonly tickMs: number;
  /** Time-outs that clients ask for are brought between these two, milliseconds. */
  readonly sessionTimeoutMinMs: number;
  readonly sessionTimeoutMaxMs: number;
  /** The first session id to give away; the next ones follow it. No session may have had one of them before. */
  readonly firstSessionId: SessionId;
  /** The secret by which a session is opened again: 16 bytes, the same for the same id as long as the session lives. */
  readonly sessionPassword: (session: SessionId) => Buffer;
  /** Base64 of the SHA-1 of `user:password`: what the `digest` scheme compares. */
  readonly digest: (credentials: Buffer) => string;
  /** `super:<digest>` of the client that may do everything; nobody may, without. */
  readonly superDigest: string | undefined;
  /** How often containers and TTL znodes are looked through, milliseconds. */
  readonly containerCheckIntervalMs: number;
  /** How many of them are looked at in one tick. */
  readonly containersPerTickMax: number;
  /** Unanswered requests of one connection above which it is congested: the server stops reading from it. */
  readonly requestsPerConnectionMax: number;
  /** Unanswered writes of all clients above which every connection with one of them is congested. */
  readonly writesMax: number;
}

/** The options of a replica that nobody has tuned; ticks and time-outs are ZooKeeper's. */
export const replicaDefaults = {
  tickMs: 2000,
  sessionTimeoutMinMs: 4000,
  sessionTimeoutMaxMs: 40_000,
  superDigest: undefined,
  x509: 'refused',
  timeToLive: 'refused',
  containerCheckIntervalMs: 60_000,
  containersPerTickMax: 10_000,
  requestsPerConnectionMax: 1000,
  writesMax: 20_000,
} as const satisfies Partial<ReplicaOptions>;
