import { type Backoff, backoffMs, messageOf } from '@reeve/base';
import { createClient } from '@reeve/client';
import { completeOptions, type MasterOptions, type MasterSettings } from './master-options.ts';
import { type MasterRole, MasterSession } from './master-session.ts';

/** The wait before a new session is tried when the last one is over or could not be had. */
const sessionBackoff: Backoff = { baseMs: 100, factor: 2, ceilingMs: 5_000, jitter: 0.5 };

/** A master that runs in this process. */
export interface RunningMaster {
  /** Its name, as in znodes and logs. */
  readonly masterId: string;
  readonly role: MasterRole;
  /** Calls `listener` at every change of role, until the returned function is called. */
  onRole(listener: (role: MasterRole) => void): () => void;
  /**
   * Stands down and closes the session: a backup takes over at once. Takes two seconds at most; out of touch it
   * returns at once, and a backup takes over when the session has expired. Idempotent.
   */
  stop(): Promise<void>;
}

/**
 * Runs a master: it makes the folders where they are missing, follows the tree, and stands for primary. Resolves when
 * it is in line. From then on it survives lost connections, lost sessions and coordinators that are away.
 *
 * @throws ClientError when no coordinator answers; MasterError for an option that is not legal
 * @example
 * const master = await runMaster({ connect: '127.0.0.1:2181', logger });
 */
export async function runMaster(options: MasterOptions): Promise<RunningMaster> {
  const master = new Master(completeOptions(options));
  await master.start();
  return master;
}

class Master implements RunningMaster {
  readonly #settings: MasterSettings;
  readonly #listeners = new Set<(role: MasterRole) => void>();
  readonly #stopping = new AbortController();
  #session: MasterSession | undefined;
  #role: MasterRole = 'away';
  #running: Promise<void> = Promise.resolve();

  constructor(settings: MasterSettings) {
    this.#settings = settings;
  }

  get masterId(): string {
    return this.#settings.name;
  }

  get role(): MasterRole {
    return this.#role;
  }

  onRole(listener: (role: MasterRole) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async start(): Promise<void> {
    const session = await this.#open();
    this.#running = this.#keepRunning(session);
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#session?.stop();
    await this.#running;
  }

  async #keepRunning(first: MasterSession): Promise<void> {
    await first.ended;
    for (let failures = 1; !this.#stopping.signal.aborted; failures += 1) {
      await this.#pause(backoffMs(sessionBackoff, failures, this.#settings.random));
      if (this.#stopping.signal.aborted) return;
      try {
        const session = await this.#open();
        failures = 0;
        await session.ended;
      } catch (error) {
        if (this.#stopping.signal.aborted) return;
        this.#settings.logger.warn({ reason: messageOf(error) }, 'no session');
      }
    }
  }

  async #open(): Promise<MasterSession> {
    const { connect: servers, auth, tls, sessionTimeoutMs, logger, random } = this.#settings;
    const secure = tls === undefined ? {} : { tls };
    const client = createClient({ servers, auth, ...secure, sessionTimeoutMs, logger, random });
    const session = new MasterSession({ client, settings: this.#settings, onRole: (role) => this.#become(role) });
    // From now on a stop ends it, whatever it waits for.
    this.#session = session;
    try {
      await session.start();
    } catch (error) {
      await session.stop();
      throw error;
    }
    return session;
  }

  #become(role: MasterRole): void {
    if (role === this.#role) return;
    this.#role = role;
    this.#settings.logger.info({ masterId: this.masterId, role }, 'role');
    for (const listener of [...this.#listeners]) listener(role);
  }

  #pause(waitMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, waitMs);
      this.#stopping.signal.addEventListener(
        'abort',
        () => {
          clearTimeout(timer);
          resolve();
        },
        { once: true },
      );
    });
  }
}
