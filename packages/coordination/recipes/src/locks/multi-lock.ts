import { invariant } from '@reeve/base';
import type { Coordination } from '@reeve/client';
import type { Lease, LeaseEvent, LeaseState } from '../line/lease.ts';
import type { Participant } from '../line/participants.ts';
import { recipeError } from '../recipe/recipe-error.ts';
import { EventHub, type RecipeEvents } from '../recipe/recipe-events.ts';
import { untilUnwanted } from '../recipe/waiting.ts';
import type { AcquireOptions, Lock, LockOptions } from './lock.ts';
import { Mutex } from './mutex.ts';
import { runWith } from './run-with.ts';

/** Which locks are held together. */
export type MultiLockOptions =
  | (Omit<LockOptions, 'path'> & {
      /** Where they are: each is a `Mutex`. */
      readonly paths: readonly string[];
    })
  /** Any locks, at different paths, such as the `read` of one and the `write` of another. */
  | { readonly locks: readonly Lock[] };

/** The right to several things at once. */
export interface MultiLease extends Lease {
  /**
   * The lease of each lock, in the order in which they were taken. What one lock guards is fenced by the fence of its own
   * lease; `fence`, that of the last, only grows among those who hold the same locks.
   */
  readonly leases: readonly Lease[];
}

/**
 * Several locks, of which one has all or none. They are taken in the order of their paths, so that two who want some of
 * the same never wait for each other.
 *
 * @example
 * const both = new MultiLock(client, { paths: ['/reeve/locks/stock', '/reeve/locks/orders'] });
 * await both.run(async ({ signal }) => move(signal));
 */
export class MultiLock implements Lock {
  readonly path: string;
  readonly #locks: readonly Lock[];

  constructor(client: Coordination, options: MultiLockOptions) {
    const locks = 'locks' in options ? options.locks : mutexes(client, options);
    this.#locks = [...locks].sort((a, b) => (a.path < b.path ? -1 : 1));
    const paths = this.#locks.map(({ path }) => path);
    invariant(paths.length > 0, 'there is a lock to take');
    invariant(new Set(paths).size === paths.length, 'each lock is taken once');
    this.path = paths.join();
  }

  async acquire(options: AcquireOptions = {}): Promise<MultiLease> {
    const { owner, signal, timeoutMs } = options;
    // One time for all of them, however many have been taken when it is up.
    const wait = timeoutMs === 0 ? { signal, timeoutMs } : { signal: untilUnwanted(options) };
    const leases: Lease[] = [];
    try {
      for (const lock of this.#locks) leases.push(await lock.acquire({ owner, ...wait }));
      if (leases.some(({ state }) => state !== 'held')) throw recipeError('lost', this.path);
      return new HeldTogether(leases);
    } catch (error) {
      await releaseAll(leases).catch(() => undefined);
      throw error;
    }
  }

  async run<T>(work: (lease: MultiLease) => Promise<T> | T, options: AcquireOptions = {}): Promise<T> {
    const lease = await this.acquire(options);
    return runWith(lease, () => work(lease));
  }

  /** Those of each lock, one lock after the other. */
  async participants(): Promise<readonly Participant[]> {
    return (await Promise.all(this.#locks.map((lock) => lock.participants()))).flat();
  }

  async askToRevoke(): Promise<number> {
    const asked = await Promise.all(this.#locks.map((lock) => lock.askToRevoke()));
    return asked.reduce((sum, count) => sum + count, 0);
  }
}

function mutexes(
  client: Coordination,
  { paths, ...options }: Extract<MultiLockOptions, { paths: unknown }>,
): readonly Lock[] {
  return [...new Set(paths)].map((path) => new Mutex(client, { ...options, path }));
}

async function releaseAll(leases: readonly Lease[]): Promise<void> {
  const ends = await Promise.allSettled(leases.map((lease) => lease.release()));
  for (const end of ends) if (end.status === 'rejected') throw end.reason;
}

/** Several leases as one: lost with the first that is lost, asked for when any is. */
class HeldTogether implements MultiLease {
  readonly path: string;
  readonly fence: number;
  readonly signal: AbortSignal;
  readonly events: RecipeEvents<LeaseEvent>;
  readonly leases: readonly Lease[];
  readonly #hub: EventHub<LeaseEvent>;
  readonly #lost = new AbortController();
  #state: LeaseState = 'held';
  #released: Promise<void> | undefined;

  constructor(leases: readonly Lease[]) {
    const last = leases.at(-1) as Lease;
    this.leases = leases;
    this.path = last.path;
    this.fence = last.fence;
    this.signal = this.#lost.signal;
    this.#hub = new EventHub(last.path);
    this.events = this.#hub;
    for (const lease of leases) lease.events.subscribe((event) => this.#changed(event));
  }

  get state(): LeaseState {
    // Asked for their state, the leases may find out, and tell, that they are lost.
    for (const { state } of this.leases) if (state === 'lost') break;
    return this.#state;
  }

  get revocation(): Lease['revocation'] {
    return this.leases.some(({ revocation }) => revocation === 'asked') ? 'asked' : 'none';
  }

  release(): Promise<void> {
    this.#released ??= this.#release();
    return this.#released;
  }

  async #release(): Promise<void> {
    if (this.state === 'held') this.#state = 'released';
    this.#hub.end();
    await releaseAll(this.leases);
  }

  #changed(event: LeaseEvent): void {
    if (this.#state !== 'held') return;
    if (event.kind === 'lost') {
      this.#state = 'lost';
      this.#lost.abort(recipeError('lost', this.path));
    }
    this.#hub.tell(event);
    if (event.kind === 'lost') this.#hub.end();
  }
}
