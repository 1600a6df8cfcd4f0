import { codeOf } from '@reeve/base';
import type { Coordination } from '@reeve/client';
import { createUnder } from '../recipe/ensure-path.ts';
import { retrying } from '../recipe/retrying.ts';
import { unless, untilUnwanted, type WaitOptions } from '../recipe/waiting.ts';
import { deleteIfThere } from '../shared/withdraw.ts';
import { untilPresence } from './until-presence.ts';

/**
 * Holds everybody back while it is closed. It stays closed when whoever closed it dies: somebody must open it.
 *
 * The znode is there while the barrier is closed, as with Curator's `DistributedBarrier` and kazoo's `Barrier`: all
 * three can share a path.
 *
 * @example
 * const maintenance = new Barrier(client, '/maintenance');
 * await maintenance.wait({ timeoutMs: 60_000 });
 */
export class Barrier {
  readonly path: string;
  readonly #client: Coordination;

  constructor(client: Coordination, path: string) {
    this.path = path;
    this.#client = client;
  }

  /** Whether it is closed, as the server in touch knows it. Fails as `wait` does. */
  isClosed(options: WaitOptions = {}): Promise<boolean> {
    return this.#retrying(options, async () => (await this.#client.exists(this.path)) !== undefined);
  }

  /** Closes it; no effect on a closed one. Fails as `wait` does. */
  async close(options: WaitOptions = {}): Promise<void> {
    await this.#retrying(options, async () => {
      try {
        await createUnder(this.#client, this.path, { data: Buffer.alloc(0), mode: 'persistent' });
      } catch (error) {
        if (codeOf(error) !== 'node_exists') throw error;
      }
    });
  }

  /** Opens it: all who wait go on. No effect on an open one. Fails as `wait` does. */
  open(options: WaitOptions = {}): Promise<void> {
    return this.#retrying(options, () => deleteIfThere(this.#client, this.path));
  }

  /**
   * Waits until it is open; returns at once when it is. Nothing stays behind, whatever its end.
   *
   * @throws RecipeError `session_over`, `aborted` or `deadline_exceeded`; ClientError where the service refuses
   */
  async wait(options: WaitOptions = {}): Promise<void> {
    // Without time to wait there is time to look all the same: as long as a session lives without the servers.
    const { signal, timeoutMs } = options;
    const patienceMs = this.#client.sessionTimeoutMs;
    if (timeoutMs === 0 && !(await this.isClosed({ signal, timeoutMs: patienceMs }))) return;
    await untilPresence(this.#client, { path: this.path, is: 'gone' }, untilUnwanted(options));
  }

  #retrying<T>(options: WaitOptions, step: () => Promise<T>): Promise<T> {
    const stopped = untilUnwanted(options);
    return unless(stopped, this.path, retrying({ client: this.#client, path: this.path, stopped }, step));
  }
}
