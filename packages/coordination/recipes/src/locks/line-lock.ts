import type { Coordination } from '@reeve/client';
import type { Lease } from '../line/lease.ts';
import { type Participant, participantsOf } from '../line/participants.ts';
import { Place } from '../line/place.ts';
import { askToRevoke } from '../line/revocation.ts';
import type { WaitOptions } from '../recipe/waiting.ts';
import { holdsLock } from './access.ts';
import type { AcquireOptions, Lock, LockOptions } from './lock.ts';
import { Owners } from './owners.ts';
import { runWith } from './run-with.ts';
import { selfDescription } from './self-description.ts';

/** One way to stand in a line that is a lock. */
export interface LineLockOptions extends LockOptions {
  /** What the names of the znodes hold before their number. */
  readonly name: string;
  /** Who among the line must go before one. */
  readonly ahead: (line: readonly string[], own: number) => string | undefined;
  /** The place in line that this owner has by another lock, and which is good for this one as well. */
  readonly shared?: (owner: unknown) => Place | undefined;
}

/** A lock for which one stands in line: the plain one, and both sides of one for reading and writing. */
export class LineLock implements Lock {
  readonly path: string;
  readonly #client: Coordination;
  readonly #options: LineLockOptions;
  readonly #data: Uint8Array;
  readonly #owners: Owners;

  constructor(client: Coordination, options: LineLockOptions) {
    this.path = options.path;
    this.#client = client;
    this.#options = options;
    this.#data = options.data ?? selfDescription();
    this.#owners = new Owners(options.path);
  }

  acquire(options: AcquireOptions = {}): Promise<Lease> {
    return this.#owners.acquire(options, (wait) => this.#take(options.owner, wait));
  }

  async run<T>(work: (lease: Lease) => Promise<T> | T, options: AcquireOptions = {}): Promise<T> {
    return runWith(await this.acquire(options), work);
  }

  participants(): Promise<readonly Participant[]> {
    return participantsOf(this.#client, { path: this.path, holds: holdsLock });
  }

  async askToRevoke(): Promise<number> {
    const holders = (await this.participants()).filter(({ role }) => role === 'holds');
    const answers = await Promise.all(holders.map(({ path }) => askToRevoke(this.#client, path)));
    return answers.filter((answer) => answer === 'asked').length;
  }

  /** The place in line that this owner holds now, if any. */
  placeOf(owner: unknown): Place | undefined {
    return this.#owners.placeOf(owner);
  }

  async #take(owner: unknown, wait: WaitOptions): Promise<Place> {
    const { path, name, ahead, safetyMs, clock, shared } = this.#options;
    const basis = owner === undefined ? undefined : shared?.(owner);
    const standing = { path, name, data: this.#data, ahead, safetyMs, clock };
    const place = new Place(this.#client, { ...standing, beside: basis?.path, fence: basis?.fence });
    await place.take(wait);
    return place;
  }
}
