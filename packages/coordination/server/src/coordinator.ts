import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { invariant, type Logger, messageOf, silent } from '@reeve/base';
import { type DirectoryLock, type Disk, lockDirectory, nodeDisk, type Recovered, unsyncedDisk } from '@reeve/journal';
import type { AuditRecord } from './audit-record.ts';
import type { CoordinatorConfig } from './config.ts';
import { userName } from './process-facts.ts';
import type { CoordinatorReport } from './report.ts';
import { type MemberSurroundings, type RunningMember, runMember } from './running-member.ts';

/** A running coordinator: an ensemble of one, or one member of several. */
export interface Coordinator {
  /** Where it listens without TLS; 0 when it does not. */
  readonly port: number;
  /** Where it listens with TLS; 0 when it does not. */
  readonly securePort: number;
  /** What was on disk when it started. */
  readonly recovered: Recovered;
  /** What it says of itself at this moment. */
  report(): CoordinatorReport;
  /** Answers what has been asked, closes everything, and lets go of the data directory. Sessions live on. */
  stop(): Promise<void>;
}

/** What a coordinator may be given beside its configuration. */
export interface CoordinatorOptions {
  readonly logger?: Logger;
  /** What to write to instead of the real disk: a simulated one, or one that fails. */
  readonly disk?: Disk;
  /** Takes a line for each change and each that was refused; without it nobody keeps who made them. */
  readonly audit?: (record: AuditRecord) => void;
  /** Learns that it had to start again from its disk, and could not: it serves nobody any more. */
  readonly onFailed?: (error: unknown) => void;
}

/**
 * Starts a coordinator: takes the data directory, restores what it holds, and listens.
 *
 * @throws JournalError when the directory is in use, cannot be used, or holds something that cannot be trusted
 * @throws SecurityError when keys, certificates or users cannot be read
 * @throws ServerError when it cannot listen
 *
 * @example
 * const coordinator = await createServer(coordinatorConfig({ dataDirectory: './data', port: 0 }));
 * console.log(coordinator.port);
 * await coordinator.stop();
 */
export async function createServer(config: CoordinatorConfig, options: CoordinatorOptions = {}): Promise<Coordinator> {
  const locks = await lockDirectories(config);
  try {
    return await start(config, options, locks);
  } catch (error) {
    options.audit?.({ user: userName(), operation: 'serverStart', result: 'failure' });
    await release(locks);
    throw error;
  }
}

async function start(
  config: CoordinatorConfig,
  options: CoordinatorOptions,
  locks: readonly DirectoryLock[],
): Promise<Coordinator> {
  const { audit } = options;
  const user = userName();
  const incarnations = new Incarnations(config, options);
  const { ports, recovered } = await incarnations.begin();
  audit?.({ user, operation: 'serverStart', result: 'success' });
  return {
    port: ports.port ?? 0,
    securePort: ports.securePort ?? 0,
    recovered,
    report: () => incarnations.report(),
    async stop() {
      await incarnations.end();
      audit?.({ user, operation: 'serverStop', result: 'invoked' });
      await release(locks);
    },
  };
}

/** A member that ran for less than the first before it had to start again waits: twice as long each time. */
const restartPace = { steadyMs: 60_000, waitMsMin: 100, waitMsMax: 10_000 } as const;

/** The member of this coordinator, and those that take its place when it must start again from its disk. */
class Incarnations {
  readonly #config: CoordinatorConfig;
  readonly #surroundings: MemberSurroundings;
  readonly #onFailed: CoordinatorOptions['onFailed'];
  #running: RunningMember | undefined;
  #changing: Promise<void> = Promise.resolve();
  #begunMs = 0;
  #waitMs = 0;
  readonly #ended = new AbortController();

  constructor(config: CoordinatorConfig, { logger = silent, disk, audit, onFailed }: CoordinatorOptions) {
    this.#config = config;
    this.#onFailed = onFailed;
    this.#surroundings = {
      logger,
      disk: disk ?? (config.sync === 'always' ? nodeDisk : unsyncedDisk),
      audit,
      restart: () => {
        this.#changing = this.#changing.then(() => this.#restart());
      },
    };
  }

  async begin(): Promise<RunningMember> {
    this.#begunMs = performance.now();
    this.#running = await runMember(this.#config, this.#surroundings);
    return this.#running;
  }

  report(): CoordinatorReport {
    invariant(this.#running !== undefined, 'who reports has begun');
    return this.#running.report();
  }

  async end(): Promise<void> {
    this.#ended.abort();
    await this.#changing;
    await this.#running?.stop();
  }

  /** On the same ports, which clients and other members know. */
  async #restart(): Promise<void> {
    const running = this.#running;
    if (running === undefined || this.#ended.signal.aborted) return;
    await running.stop();
    await this.#pause();
    if (this.#ended.signal.aborted) return;
    const { port = 'none', securePort } = running.ports;
    try {
      this.#begunMs = performance.now();
      this.#running = await runMember({ ...this.#config, port, securePort }, this.#surroundings);
    } catch (error) {
      this.#surroundings.logger.error({ reason: messageOf(error) }, 'starting again from the disk failed');
      this.#onFailed?.(error);
    }
  }

  /** Its leader has a snapshot to send each time: a disk that keeps failing must not have it sent all the time. */
  async #pause(): Promise<void> {
    const { steadyMs, waitMsMin, waitMsMax } = restartPace;
    if (performance.now() - this.#begunMs >= steadyMs) this.#waitMs = 0;
    else await sleep(this.#waitMs, undefined, { signal: this.#ended.signal }).catch(() => undefined);
    this.#waitMs = Math.min(waitMsMax, Math.max(waitMsMin, this.#waitMs * 2));
  }
}

/** The log may lie elsewhere; then both places are taken. */
async function lockDirectories({ dataDirectory, logDirectory }: CoordinatorConfig): Promise<DirectoryLock[]> {
  const data = await lockDirectory(dataDirectory);
  if (resolve(logDirectory) === resolve(dataDirectory)) return [data];
  try {
    return [data, await lockDirectory(logDirectory)];
  } catch (error) {
    await data.release();
    throw error;
  }
}

async function release(locks: readonly DirectoryLock[]): Promise<void> {
  for (const lock of locks) await lock.release();
}
