import { hostname } from 'node:os';
import { type Clock, type Logger, type Random, silent } from '@reeve/base';
import type { AuthInfo, ClientTls } from '@reeve/client';
import { MasterError } from './master-error.ts';

/** What a master is made of. Only `connect` must be given. */
export interface MasterOptions {
  /** The coordinators: `host:port,host:port`, and a chroot if wanted. */
  readonly connect: string;
  /** The root of the platform's znodes. `/reeve`. */
  readonly root?: string;
  /** Identities that its sessions present. */
  readonly auth?: readonly AuthInfo[];
  /** Connects with TLS; plainly unless given. */
  readonly tls?: ClientTls;
  /** What the master calls itself in logs and znodes; host and process unless given. */
  readonly name?: string;
  /** How long a master may be out of touch until another takes over, milliseconds. 6,000. */
  readonly sessionTimeoutMs?: number;
  /** How long finished tasks are kept at least, milliseconds. Seven days. */
  readonly retainFinishedMs?: number;
  /** Beyond this number the oldest finished tasks go earlier. 100,000. */
  readonly retainFinishedMax?: number;
  /** The work of how many milliseconds may wait at a worker beyond its slots, when its tasks are short. 100. */
  readonly prefetchMs?: number;
  /** The most tasks that wait at one worker beyond its slots. 1,000. */
  readonly prefetchMax?: number;
  /** How many tasks are read ahead, so that priorities are known among them. 100,000. */
  readonly lookahead?: number;
  readonly logger?: Logger;
  /** Milliseconds since the epoch. */
  readonly clock?: Clock;
  readonly random?: Random;
}

/** The options of a master, complete and checked. */
export type MasterSettings = Required<Omit<MasterOptions, 'tls'>> & Pick<MasterOptions, 'tls'>;

const DAY_MS = 24 * 60 * 60 * 1000;

/** Fills in the defaults and checks every option. @throws MasterError `invalid_option` */
export function completeOptions(options: MasterOptions): MasterSettings {
  const settings = {
    root: '/reeve',
    auth: [],
    name: `${hostname()}-${process.pid}`,
    sessionTimeoutMs: 6_000,
    retainFinishedMs: 7 * DAY_MS,
    retainFinishedMax: 100_000,
    prefetchMs: 100,
    prefetchMax: 1_000,
    lookahead: 100_000,
    logger: silent,
    clock: Date,
    random: Math.random,
    ...options,
  };
  for (const option of counts) {
    const value = settings[option];
    if (!Number.isSafeInteger(value) || value <= 0) throw new MasterError({ code: 'invalid_option', option, value });
  }
  return settings;
}

const counts = [
  'sessionTimeoutMs',
  'retainFinishedMs',
  'retainFinishedMax',
  'prefetchMs',
  'prefetchMax',
  'lookahead',
] as const;
