import { hostname } from 'node:os';
import { isAbsolute, resolve } from 'node:path';
import { CodedError, type Logger, silent } from '@reeve/base';
import type { AuthInfo, ClientTls } from '@reeve/client';
import type { WorkerLiveSettings } from '@reeve/tasks';

/** What a worker is started with. Only `connect` must be given. */
export interface WorkerOptions {
  /** `host:port,host:port/chroot` of the coordinators. */
  readonly connect: string;
  /** The znode under which the platform lives; `/reeve` unless given. */
  readonly root?: string;
  /** Identities that its sessions present. */
  readonly auth?: readonly AuthInfo[];
  /** Connects with TLS; plainly unless given. */
  readonly tls?: ClientTls;
  /** The first part of its workerIds; the name of the host unless given. */
  readonly name?: string;
  /** How many attempts it runs at the same time; 4. */
  readonly slots?: number;
  /** The queues that it serves; `default`. */
  readonly queues?: readonly string[];
  /** Handler modules, JavaScript or TypeScript. */
  readonly handlers?: readonly string[];
  /** Whether it runs commands; `refused` unless given. */
  readonly commands?: 'allowed' | 'refused';
  /** The fleet that it belongs to; `default`. */
  readonly fleet?: string;
  readonly labels?: Readonly<Record<string, string>>;
  /** The session time-out asked for, milliseconds: so long after its death its tasks move on. 10 s. */
  readonly sessionTimeoutMs?: number;
  /** Limit of the JavaScript heap of each runner, mebibytes; that of Node unless given. */
  readonly memoryMaxMb?: number;
  /** Milliseconds between asking an attempt to stop (time-out, cancel) and ending its process. 2 s. */
  readonly graceMs?: number;
  /** Milliseconds that `drain` waits for what runs. 30 s. */
  readonly drainMs?: number;
  /** The most bytes of a result as JSON. 256 KiB. */
  readonly resultBytesMax?: number;
  readonly logger?: Logger;
  /** Called when the configuration wants the log at another level; undefined: at the one it was started with. */
  readonly setLogLevel?: (level: WorkerLiveSettings['logLevel']) => void;
}

/** The options of a worker, complete and checked. */
export type WorkerSettings = Required<Omit<WorkerOptions, 'memoryMaxMb' | 'tls'>> &
  Pick<WorkerOptions, 'tls'> & {
    readonly memoryMaxMb: number | undefined;
  };

/** Facts of options that cannot be used. */
export interface WorkerOptionFacts {
  readonly code: 'worker_options_invalid';
  readonly option: keyof WorkerOptions;
}

/** A worker cannot be started with these options. */
export class WorkerOptionsError extends CodedError<WorkerOptionFacts> {}

const NAME = /^[A-Za-z0-9._-]{1,64}$/;

/** Fills in the defaults and checks every option. @throws WorkerOptionsError */
export function completeOptions({ memoryMaxMb, handlers = [], ...options }: WorkerOptions): WorkerSettings {
  const settings = {
    root: '/reeve',
    auth: [],
    name: hostname().slice(0, 64),
    slots: 4,
    queues: ['default'],
    commands: 'refused' as const,
    fleet: 'default',
    labels: {},
    sessionTimeoutMs: 10_000,
    graceMs: 2_000,
    drainMs: 30_000,
    resultBytesMax: 256 * 1024,
    logger: silent,
    setLogLevel: () => {},
    ...options,
    handlers: handlers.map((module) => (isAbsolute(module) ? module : resolve(module))),
    memoryMaxMb,
  };
  check(settings);
  return settings;
}

function check(settings: WorkerSettings): void {
  const wholes = ['slots', 'sessionTimeoutMs', 'graceMs', 'drainMs', 'resultBytesMax', 'memoryMaxMb'] as const;
  for (const option of wholes) {
    const value = settings[option];
    if (value === undefined || (Number.isSafeInteger(value) && value > 0)) continue;
    throw invalid(option, `must be a whole number above 0, not ${value}`);
  }
  for (const option of ['name', 'fleet'] as const) {
    if (!NAME.test(settings[option]))
      throw invalid(option, `must be 1 to 64 of A-Z a-z 0-9 . _ -, not ${settings[option]}`);
  }
  if (settings.queues.length === 0) throw invalid('queues', 'must name at least one queue');
  if (settings.handlers.length === 0 && settings.commands === 'refused') {
    throw invalid('handlers', 'must name at least one module, or commands be allowed: there is nothing it could run');
  }
}

function invalid(option: keyof WorkerOptions, rule: string): WorkerOptionsError {
  return new WorkerOptionsError({ code: 'worker_options_invalid', option }, `the option ${option} ${rule}`);
}
