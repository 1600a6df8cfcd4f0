import { codeOf, invariant } from '@reeve/base';
import type { Coordination } from '@reeve/client';
import { ensurePath } from '../recipe/ensure-path.ts';
import { retrying } from '../recipe/retrying.ts';

/** What a count takes, as Curator's `SharedCount` writes it: a signed number, the highest byte first. */
const COUNT_BYTES = 4;
const COUNT_MAX = 0x7fffffff;

/** A count that a znode holds for all, where there is one. */
export class SemaphoreCount {
  readonly #client: Coordination;
  readonly #path: string;

  constructor(client: Coordination, path: string) {
    this.#client = client;
    this.#path = path;
  }

  /** The count; `undefined` where nobody has set one. */
  async read(watch?: () => void): Promise<number | undefined> {
    for (;;) {
      try {
        return countIn((await this.#client.getData(this.#path, { ...(watch !== undefined && { watch }) })).data);
      } catch (error) {
        if (codeOf(error) !== 'no_node') throw error;
      }
      if (watch === undefined) return undefined;
      // Told as well when somebody sets one; and read at once if that has happened meanwhile.
      if ((await this.#client.exists(this.#path, { watch })) === undefined) return undefined;
    }
  }

  /** Sets the count for all. */
  async write(count: number): Promise<void> {
    invariant(Number.isInteger(count) && count >= 0 && count <= COUNT_MAX, 'a count of leases is a whole number');
    const data = Buffer.alloc(COUNT_BYTES);
    data.writeInt32BE(count);
    const { signal: stopped } = new AbortController();
    await retrying({ client: this.#client, path: this.#path, stopped }, async () => {
      // Who may set a count that is there need not be allowed to create one.
      if ((await this.#client.exists(this.#path)) === undefined) await ensurePath(this.#client, this.#path);
      await this.#client.setData(this.#path, data);
    });
  }

  /** Calls `changed` with the count, now and whenever it changes, until `stopped` fires. Never rejects. */
  async follow(changed: (count: number | undefined) => void, stopped: AbortSignal): Promise<void> {
    let due: 'no' | 'yes' = 'yes';
    let wake = () => {};
    const look = () => {
      due = 'yes';
      wake();
    };
    stopped.addEventListener('abort', look, { once: true });
    const retry = { client: this.#client, path: this.#path, stopped };
    try {
      while (!stopped.aborted) {
        due = 'no';
        changed(await retrying(retry, () => this.read(look)));
        if ((due as string) === 'no') {
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
        }
      }
    } catch {
      // Refused, or over with the session: the place that waits for the count meets the same, and tells.
    } finally {
      await this.#client.unwatch(this.#path, look).catch(() => undefined);
    }
  }
}

function countIn(data: Buffer | null): number | undefined {
  return data?.length === COUNT_BYTES ? data.readInt32BE() : undefined;
}
