import { type Clock, type Logger, type Random, silent } from '@reeve/base';
import { FRAME_BYTES_MAX } from '@reeve/wire';
import { clientError } from './client-error.ts';
import { type ConnectString, parseConnectString } from './hosts.ts';

/** An identity that a session presents after each connect. */
export interface AuthInfo {
  /** Such as `digest`. */
  readonly scheme: string;
  /** Such as `user:password`, as bytes. */
  readonly auth: Uint8Array;
}

/** What a client is made of. Only `servers` must be given. */
export interface ClientOptions {
  /** `host:port,host:port/chroot`: every server that may be asked, and the znode taken for the root. */
  readonly servers: string;
  /** The session time-out asked for, milliseconds; the server may grant another. 10 s unless given. */
  readonly sessionTimeoutMs?: number;
  /** Milliseconds until a request fails with `deadline_exceeded`, the wait for a connection included. 15 s. */
  readonly requestTimeoutMs?: number;
  /** Milliseconds that one server has to accept a connection and answer its first frame. */
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
  /** Where the client reports what it does; nowhere unless given. */
  readonly logger?: Logger;
  /** Time, milliseconds since the epoch; `monotonicClock` unless given. */
  readonly clock?: Clock;
  readonly random?: Random;
}

/** The options of a client, complete and checked. */
export type ClientSettings = Required<Omit<ClientOptions, 'servers'>> & ConnectString;

/** Milliseconds since the epoch that never jump: the wall clock at start plus the time passed since. */
export const monotonicClock: Clock = { now: () => performance.timeOrigin + performance.now() };

/** Fills in the defaults and checks every option. @throws ClientError `invalid_argument` */
export function completeOptions({ servers, ...options }: ClientOptions): ClientSettings {
  const parsed = parseConnectString(servers);
  const sessionTimeoutMs = options.sessionTimeoutMs ?? 10_000;
  const settings = {
    sessionTimeoutMs,
    requestTimeoutMs: 15_000,
    // Every server gets its chance before the session can have expired.
    connectTimeoutMs: Math.max(250, Math.round((sessionTimeoutMs * 2) / 3 / parsed.hosts.length)),
    inFlightMax: 2_048,
    waitingMax: 65_536,
    requestBytesMax: FRAME_BYTES_MAX,
    replyBytesMax: 16 * 1024 * 1024,
    auth: [],
    logger: silent,
    clock: monotonicClock,
    random: Math.random,
    ...options,
    ...parsed,
  };
  for (const name of limits) requirePositive(name, settings[name]);
  return settings;
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
  const detail = `the option ${name} must be a whole number above 0, not ${value}`;
  throw clientError({ code: 'invalid_argument', outcome: 'failed' }, detail);
}
