import { invariant } from '@reeve/base';
import type { Coordination } from '@reeve/client';
import { HeldLease } from '../line/held-lease.ts';
import type { Lease } from '../line/lease.ts';
import { type Participant, participantsOf } from '../line/participants.ts';
import { Place, type PlaceOptions } from '../line/place.ts';
import { askToRevoke } from '../line/revocation.ts';
import { inTime } from '../recipe/parting.ts';
import { recipeError } from '../recipe/recipe-error.ts';
import { retrying } from '../recipe/retrying.ts';
import { untilUnwanted, type WaitOptions } from '../recipe/waiting.ts';
import type { LockOptions } from './lock.ts';
import { runWith } from './run-with.ts';
import { selfDescription } from './self-description.ts';
import { SemaphoreCount } from './semaphore-count.ts';

/** What a semaphore is about. */
export interface SemaphoreOptions extends LockOptions {
  /** How many may hold at once, as long as nobody has set another count for all by `resize`; all should say the same. */
  readonly leases: number;
  /**
   * The znode of the count for all, four bytes as Curator's `SharedCount` has it; `<path>/count` unless given. It stays
   * when nobody holds anything.
   */
  readonly countPath?: string;
}

/**
 * A right that so many hold at a time, in the order in which they came. Those who wait stand in line, and only the first
 * of them looks at the leases: a release wakes one. Shared with Curator's `InterProcessSemaphoreV2`.
 *
 * @example
 * const semaphore = new Semaphore(client, { path: '/reeve/semaphores/import', leases: 3 });
 * await semaphore.run(async ({ signal }) => importOne(signal));
 */
export class Semaphore {
  readonly path: string;
  readonly #client: Coordination;
  readonly #options: SemaphoreOptions;
  readonly #data: Uint8Array;
  readonly #count: SemaphoreCount;

  constructor(client: Coordination, options: SemaphoreOptions) {
    const { path, leases, countPath = `${path}/count`, data = selfDescription() } = options;
    invariant(Number.isInteger(leases) && leases > 0, 'a semaphore has at least one lease');
    this.path = path;
    this.#client = client;
    this.#options = options;
    this.#data = data;
    this.#count = new SemaphoreCount(client, countPath);
  }

  /**
   * Waits until one of the leases is ours. `timeoutMs: 0` tries once. Who gives up leaves nothing behind; that takes two
   * seconds at most.
   *
   * @throws RecipeError `deadline_exceeded`, `aborted`, `session_over` or `lost`; ClientError where the service refuses
   */
  async acquire(options: WaitOptions = {}): Promise<Lease> {
    const { signal, timeoutMs } = options;
    const wait = timeoutMs === 0 ? { signal, timeoutMs } : { signal: untilUnwanted(options) };
    const turn = this.#place('locks', { name: 'lock-', ahead: (line, own) => line[own - 1] });
    await turn.take(wait);
    try {
      const lease = new HeldLease(await this.#takeLease(wait));
      if (lease.state !== 'held') throw recipeError('lost', this.path);
      return lease;
    } catch (error) {
      // Why there is no lease says more than why that could not be taken back.
      await turn.leave().catch(() => undefined);
      throw error;
    } finally {
      // Sent before anything that is asked from here on; nobody needs to wait for the answer.
      turn.leave().catch(() => undefined);
    }
  }

  /**
   * Does some work while a lease is held, and releases it. The work must heed `lease.signal`.
   *
   * @throws what the work throws; RecipeError `lost` when the lease was lost before the work ended, and what `acquire`
   *   throws
   */
  async run<T>(work: (lease: Lease) => Promise<T> | T, options: WaitOptions = {}): Promise<T> {
    return runWith(await this.acquire(options), work);
  }

  /** Who holds a lease, in the order in which they got it, and who waits for one. */
  async participants(): Promise<readonly Participant[]> {
    const [holders, waiting, size] = await Promise.all([
      participantsOf(this.#client, { path: `${this.path}/leases`, holds: () => true }),
      participantsOf(this.#client, { path: `${this.path}/locks`, holds: () => false }),
      this.size(),
    ]);
    // The first who waits has a znode among the leases already.
    const early = holders.findLastIndex(({ sessionId }, at) => at >= size && sessionId === waiting[0]?.sessionId);
    return [...holders.filter((_, at) => at !== early), ...waiting];
  }

  /** How many may hold at once. */
  async size(): Promise<number> {
    return (await this.#count.read()) ?? this.#options.leases;
  }

  /** Sets, for all, how many may hold at once. Who holds already goes on, also where there are more then. */
  resize(leases: number): Promise<void> {
    return this.#count.write(leases);
  }

  /** Asks everyone who holds a lease to give it back. Says how many were asked. */
  async askToRevoke(): Promise<number> {
    const holders = (await this.participants()).filter(({ role }) => role === 'holds');
    const answers = await Promise.all(holders.map(({ path }) => askToRevoke(this.#client, path)));
    return answers.filter((answer) => answer === 'asked').length;
  }

  /** We are the first of those who wait: nobody else adds to the leases meanwhile. */
  async #takeLease(wait: WaitOptions): Promise<Place> {
    const { leases } = this.#options;
    const retry = { client: this.#client, path: this.path, stopped: untilUnwanted({ signal: wait.signal }) };
    let size = (await retrying(retry, () => this.#count.read())) ?? leases;
    const done = new AbortController();
    let following: Promise<void> | undefined;
    const changed = (count: number | undefined) => {
      size = count ?? leases;
      place.look();
    };
    const ahead = (line: readonly string[], own: number) => {
      if (own < size) return undefined;
      // Only who must wait for a lease asks to be told of the count.
      following ??= this.#count.follow(changed, done.signal);
      return line[0];
    };
    const place: Place = this.#place('leases', { name: 'lease-', follows: 'line', ahead });
    try {
      await place.take(wait);
      return place;
    } finally {
      done.abort();
      if (following !== undefined) await inTime(this.#client, following);
    }
  }

  #place(under: 'locks' | 'leases', options: Pick<PlaceOptions, 'name' | 'follows' | 'ahead'>): Place {
    const { safetyMs, clock } = this.#options;
    return new Place(this.#client, { path: `${this.path}/${under}`, data: this.#data, safetyMs, clock, ...options });
  }
}
