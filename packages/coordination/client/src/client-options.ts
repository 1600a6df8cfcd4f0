import { createSecureContext, type SecureContext } from 'node:tls';
import { type Clock, type Logger, messageOf, type Random, silent } from '@reeve/base';
import { FRAME_BYTES_MAX } from '@reeve/wire';
import { clientError } from './client-error.ts';
import { type ConnectString, parseConnectString } from './hosts.ts';
import type { SaslCredentials } from './sasl-login.ts';

/**
 * An identity that a session presents after each connect. That of scheme `sasl` is proved by DIGEST-MD5 before
 * everything else, and its password is not sent.
 */
export interface AuthInfo {
  /** Such as `digest`. */
  readonly scheme: string;
  /** Such as `user:password`, as bytes. */
  readonly auth: Uint8Array;
}

/** How a client speaks TLS. Everything in PEM, and the certificates of the system's authorities trusted, unless given. */
export interface ClientTls {
  /** The certificates that the servers' certificates must go back to. */
  readonly ca?: string | Uint8Array;
  /** The client's own certificate, for servers that ask for one; `key` belongs to it. */
  readonly cert?: string | Uint8Array;
  readonly key?: string | Uint8Array;
  /** Opens `key`. */
  readonly passphrase?: string;
  /** The name that the servers' certificates must bear; that by which they are connected to unless given. */
  readonly servername?: string;
}

/** What a client is made of. Only `servers` must be given. */
export interface ClientOptions {
  /** `host:port,host:port/chroot`: every server that may be asked, and the znode taken for the root. */
  readonly servers: string;
  /** The session time-out asked for, milliseconds; the server may grant another. 10 s unless given. */
  readonly sessionTimeoutMs?: number;
  /** Milliseconds until a request fails with `deadline_exceeded`, the wait for a connection included. 15 s. */
  readonly requestTimeoutMs?: number;
  /**
   * Milliseconds that one server has to accept a connection and answer its first frame. Two thirds of the session
   * time-out are shared by all servers; each has 250 ms at least and 10 s at most.
   */
  readonly connectTimeoutMs?: number;
  /** Requests sent and not answered; further ones wait their turn. 2048. */
  readonly inFlightMax?: number;
  /** Requests that wait for a connection or their turn; further ones fail with `too_many_requests`. 65536. */
  readonly waitingMax?: number;
  /** The longest request in bytes, which is the server's `jute.maxbuffer`: it cuts a client that sends more. */
  readonly requestBytesMax?: number;
  /** The longest reply in bytes. 16 MiB. */
  readonly replyBytesMax?: number;
  /** Identities presented at each connect. */
  readonly auth?: readonly AuthInfo[];
  /** Connects with TLS, to the servers' secure ports. */
  readonly tls?: ClientTls;
  /** Where the client reports what it does; nowhere unless given. */
  readonly logger?: Logger;
  /** Time, milliseconds since the epoch; `monotonicClock` unless given. */
  readonly clock?: Clock;
  readonly random?: Random;
}

/** The options of a client, complete and checked. */
export type ClientSettings = Required<Omit<ClientOptions, 'servers' | 'tls'>> &
  ConnectString & {
    readonly tls: TlsSettings | undefined;
    /** Proved at each connect, before anything else. */
    readonly sasl: SaslCredentials | undefined;
  };

/** What is needed to connect with TLS. */
export interface TlsSettings {
  readonly secureContext: SecureContext;
  readonly servername: string | undefined;
}

/** Milliseconds since the epoch that never jump: the wall clock at start plus the time passed since. */
export const monotonicClock: Clock = { now: () => performance.timeOrigin + performance.now() };

/**
 * How long a server may take to answer the first frame unless somebody says so, milliseconds. Apache ZooKeeper now and
 * then never reads a connection that it accepted while it started: a long session is not to wait for it long.
 */
const connectTimeouts = { min: 250, max: 10_000 };

const within = ({ min, max }: { min: number; max: number }, ms: number) => Math.min(max, Math.max(min, ms));

/** Fills in the defaults and checks every option. @throws ClientError `invalid_argument` */
export function completeOptions({ servers, tls, auth = [], ...options }: ClientOptions): ClientSettings {
  const parsed = parseConnectString(servers);
  const sessionTimeoutMs = options.sessionTimeoutMs ?? 10_000;
  const settings = {
    sessionTimeoutMs,
    requestTimeoutMs: 15_000,
    // Every server gets its chance before the session can have expired.
    connectTimeoutMs: within(connectTimeouts, Math.round((sessionTimeoutMs * 2) / 3 / parsed.hosts.length)),
    inFlightMax: 2_048,
    waitingMax: 65_536,
    requestBytesMax: FRAME_BYTES_MAX,
    replyBytesMax: 16 * 1024 * 1024,
    logger: silent,
    clock: monotonicClock,
    random: Math.random,
    ...options,
    ...parsed,
    auth: auth.filter(({ scheme }) => scheme !== SASL),
    sasl: saslCredentials(auth),
    tls: tls === undefined ? undefined : tlsSettings(tls),
  };
  for (const name of limits) requirePositive(name, settings[name]);
  return settings;
}

/** The scheme of identities that are proved by DIGEST-MD5. */
export const SASL = 'sasl';

function saslCredentials(auth: readonly AuthInfo[]): SaslCredentials | undefined {
  const [first, second] = auth.filter(({ scheme }) => scheme === SASL);
  if (first === undefined) return undefined;
  const [, user, password] = /^([^:]+):([\s\S]*)$/.exec(Buffer.from(first.auth).toString()) ?? [];
  if (second !== undefined) throw illegal('there can be one identity of scheme sasl');
  if (user === undefined || password === undefined) throw illegal('an identity of scheme sasl must be user:password');
  return { user, password };
}

function tlsSettings({ servername, ...options }: ClientTls): TlsSettings {
  const bytes = (given: string | Uint8Array) => (typeof given === 'string' ? given : Buffer.from(given));
  const { ca, cert, key, passphrase } = options;
  try {
    const secureContext = createSecureContext({
      ...(ca === undefined ? {} : { ca: bytes(ca) }),
      ...(cert === undefined ? {} : { cert: bytes(cert) }),
      ...(key === undefined ? {} : { key: bytes(key) }),
      ...(passphrase === undefined ? {} : { passphrase }),
      minVersion: 'TLSv1.2',
    });
    return { secureContext, servername };
  } catch (error) {
    throw illegal(`key or certificates for TLS cannot be used: ${messageOf(error)}`);
  }
}

function illegal(detail: string) {
  return clientError({ code: 'invalid_argument', outcome: 'failed' }, detail);
}

const limits = [
  'sessionTimeoutMs',
  'requestTimeoutMs',
  'connectTimeoutMs',
  'inFlightMax',
  'waitingMax',
  'requestBytesMax',
  'replyBytesMax',
] as const;

function requirePositive(name: string, value: number): void {
  if (Number.isSafeInteger(value) && value > 0) return;
  throw illegal(`the option ${name} must be a whole number above 0, not ${value}`);
}
