import { setTimeout as sleep } from 'node:timers/promises';
import { type Backoff, backoffMs, codeOf, invariant } from '@reeve/base';
import type { Coordination, SessionChange } from '@reeve/client';
import { isFinal } from '@reeve/client';
import { createUnder } from '../recipe/ensure-path.ts';
import { recipeError } from '../recipe/recipe-error.ts';
import { EventHub, type RecipeEvents } from '../recipe/recipe-events.ts';
import { retrying } from '../recipe/retrying.ts';
import { unless, untilUnwanted, type WaitOptions } from '../recipe/waiting.ts';
import { type Asked, Gathering } from './gathering.ts';
import { failedAt, OnceWriter } from './once-writer.ts';
import { withdraw } from './withdraw.ts';

/**
 * `following`: what it shows is what the server in touch holds; `stale`: no server is in touch; `lost`: the session is
 * over, or the service refuses; `stopped`: by its owner. The last two are final.
 */
export type SharedValueState = 'idle' | 'following' | 'stale' | 'lost' | 'stopped';

/** What a shared value was at one version. */
export interface Versioned {
  readonly data: Buffer;
  /** Grows by one with each write; begins at 0 again when the znode was deleted and made anew. */
  readonly version: number;
}

/** What a shared value tells. */
export type SharedValueEvent =
  /** Another value is there, written by whomever; `previous` is the one that was told before it. */
  | { readonly kind: 'changed'; readonly value: Versioned; readonly previous: Versioned }
  | { readonly kind: 'lost'; readonly reason: 'session_over' | 'refused'; readonly cause?: unknown };

/** What a shared value is about. */
export interface SharedValueOptions {
  readonly path: string;
  /** What it holds when nobody has written yet; nothing unless given. The znode is created with it. */
  readonly initial?: Uint8Array;
}

/** A wish to write. */
interface Write {
  /** What is to be written, by what is there. */
  readonly change: (data: Buffer) => Uint8Array;
  /** The version that must be there until then; `newest`: another try on the newer value, should there be one. */
  readonly over: number | 'any' | 'newest';
}

/** How long one waits whose change another client has forestalled: longer, the more often. */
const contention: Backoff = { baseMs: 4, factor: 2, ceilingMs: 250, jitter: 1 };

/**
 * A value that many clients see and change, each change based on what it was before where that matters. Follows the
 * changes of others.
 *
 * The znode holds the bytes as they are, as Curator's `SharedValue` does: both can share a path.
 *
 * @example
 * const motto = new SharedValue(client, { path: '/motto', initial: Buffer.from('festina lente') });
 * await motto.start();
 * await motto.update((data) => Buffer.from(`${data}!`));
 * await motto.stop();
 */
export class SharedValue {
  readonly events: RecipeEvents<SharedValueEvent>;
  readonly #client: Coordination;
  readonly #path: string;
  readonly #initial: Uint8Array;
  readonly #hub: EventHub<SharedValueEvent>;
  readonly #writer: OnceWriter;
  readonly #writes: Gathering<Write, Versioned | 'other_version'>;
  readonly #stopped = new AbortController();
  #state: SharedValueState = 'idle';
  #value: Versioned | undefined;
  /** The zxid of the newest value seen: an answer that was under way for longer does not replace it. */
  #mzxid = -1;
  #looking: 'no' | 'yes' | 'yes, and again' = 'no';
  #unsubscribe: () => void = () => undefined;

  constructor(client: Coordination, { path, initial = Buffer.alloc(0) }: SharedValueOptions) {
    this.#client = client;
    this.#path = path;
    this.#initial = initial;
    this.#hub = new EventHub(path);
    this.events = this.#hub;
    this.#writer = new OnceWriter(client, path);
    this.#writes = new Gathering(path, (asked) => this.#write(asked));
  }

  get state(): SharedValueState {
    return this.#state;
  }

  /** What it holds, as far as is known here. Not before `start`. */
  get value(): Versioned {
    invariant(this.#value !== undefined, 'a shared value is read after its start');
    return this.#value;
  }

  /**
   * Begins to follow; resolves when the value is known.
   *
   * @throws RecipeError `session_over`, `stopped`, `aborted` or `deadline_exceeded`; ClientError where the service
   *   refuses
   */
  async start(options: WaitOptions = {}): Promise<void> {
    invariant(this.#state === 'idle', 'a shared value is started once');
    this.#unsubscribe = this.#client.onSession((change) => this.#sessionChanged(change));
    const unwanted = untilUnwanted(options, this.#stopped.signal);
    try {
      await unless(unwanted, this.#path, this.#lookUntilSettled(unwanted));
    } catch (error) {
      await this.stop();
      throw error;
    }
    if (this.#state === 'idle') this.#state = 'following';
  }

  /** Writes whatever was there before. Fails as `update` does. */
  async set(data: Uint8Array, options: WaitOptions = {}): Promise<void> {
    await this.#writes.ask({ change: () => data, over: 'any' }, options);
  }

  /** Writes unless somebody has written since `version`. Says whether it was written. Fails as `update` does. */
  async compareAndSet(data: Uint8Array, { version, ...options }: WaitOptions & { version: number }): Promise<boolean> {
    return (await this.#writes.ask({ change: () => data, over: version }, options)) !== 'other_version';
  }

  /**
   * Writes what `change` makes of the value; again, on the newer value, when somebody was faster. Says what was written.
   *
   * @throws RecipeError `in_doubt` when the session ended before the answer came, `session_over`, `stopped`, `aborted`,
   *   `deadline_exceeded`; ClientError where the service refuses; whatever `change` throws
   */
  async update(change: (data: Buffer) => Uint8Array, options: WaitOptions = {}): Promise<Versioned> {
    return (await this.#writes.ask({ change, over: 'newest' }, options)) as Versioned;
  }

  /** Ends: no watch stays behind, and no znode but the value's. Takes two seconds at most. Idempotent. */
  async stop(): Promise<void> {
    if (this.#state === 'stopped') return;
    this.#end('stopped');
    await this.#writer.stop();
    await withdraw(this.#client, this.#path, () => this.#client.unwatch(this.#path, this.#changed));
  }

  get #isOver(): boolean {
    return this.#state === 'lost' || this.#state === 'stopped';
  }

  /** One after the other: what one caller changes, the next one finds. */
  async #write(asked: Asked<Write, Versioned | 'other_version'>[]): Promise<void> {
    for (const { ask, resolve, reject } of asked.splice(0, 1)) {
      try {
        for (let failures = 1; ; failures += 1) {
          const written = await this.#writeOnce(ask);
          if (written !== 'other_version' || ask.over !== 'newest') return resolve(written);
          await this.#lookOnce(this.#stopped.signal);
          await sleep(backoffMs(contention, failures, Math.random));
        }
      } catch (error) {
        reject(error);
      }
    }
  }

  async #writeOnce({ change, over }: Write): Promise<Versioned | 'other_version'> {
    const { version } = this.value;
    const data = Buffer.from(change(this.value.data));
    const expected = over === 'any' ? {} : { version: over === 'newest' ? version : over };
    try {
      const written = await this.#writer.write([{ op: 'setData', path: this.#path, data, ...expected }]);
      const stat = written === 'answer_lost' ? undefined : written[0]?.stat;
      if (stat !== undefined) this.#learn(data, stat);
      // Who has written sees it, although the answer that says its version is lost.
      else await this.#lookOnce(this.#stopped.signal).catch(() => undefined);
      return { data, version: stat?.version ?? (expected.version ?? version) + 1 };
    } catch (error) {
      if (failedAt(error, 'bad_version') === undefined) throw error;
      return 'other_version';
    }
  }

  readonly #changed = (): void => {
    if (this.#isOver) return;
    if (this.#looking !== 'no') this.#looking = 'yes, and again';
    else this.#lookUntilSettled(this.#stopped.signal).catch((error) => this.#fail(error));
  };

  async #lookUntilSettled(wanted: AbortSignal): Promise<void> {
    try {
      do {
        this.#looking = 'yes';
        await this.#lookOnce(wanted);
      } while (this.#looking === ('yes, and again' as string));
    } finally {
      this.#looking = 'no';
    }
  }

  async #lookOnce(stopped: AbortSignal): Promise<void> {
    await retrying({ client: this.#client, path: this.#path, stopped }, async () => {
      const { data, stat } = await this.#read();
      this.#learn(data ?? Buffer.alloc(0), stat);
    });
    // Stopped while the answer was on its way: the watch must not stay behind.
    if (this.#isOver) await this.#client.unwatch(this.#path, this.#changed);
  }

  async #read() {
    for (;;) {
      try {
        return await this.#client.getData(this.#path, { watch: this.#changed });
      } catch (error) {
        if (codeOf(error) !== 'no_node') throw error;
      }
      try {
        await createUnder(this.#client, this.#path, { data: this.#initial, mode: 'persistent' });
      } catch (error) {
        if (codeOf(error) !== 'node_exists') throw error;
      }
    }
  }

  #learn(data: Buffer, { version, mzxid }: { readonly version: number; readonly mzxid: number }): void {
    if (mzxid <= this.#mzxid || this.#isOver) return;
    const previous = this.#value;
    this.#mzxid = mzxid;
    this.#value = { data, version };
    if (previous !== undefined) this.#hub.tell({ kind: 'changed', value: this.#value, previous });
  }

  #sessionChanged({ to }: SessionChange): void {
    if (isFinal(to)) this.#fail(recipeError('session_over', this.#path));
    else if (this.#state === 'following' || this.#state === 'stale') {
      this.#state = to === 'connected' ? 'following' : 'stale';
    }
  }

  #fail(error: unknown): void {
    if (this.#isOver) return;
    const isOver = isFinal(this.#client.state) || codeOf(error) === 'session_over';
    this.#hub.tell({ kind: 'lost', ...(isOver ? { reason: 'session_over' } : { reason: 'refused', cause: error }) });
    this.#end('lost');
    this.#writer.stop().catch(() => undefined);
  }

  #end(state: 'lost' | 'stopped'): void {
    const why = recipeError(state === 'lost' ? 'session_over' : 'stopped', this.#path);
    this.#state = state;
    this.#stopped.abort(why);
    this.#writes.end(why);
    this.#unsubscribe();
    this.#hub.end();
  }
}
