import { HeldLease } from '../line/held-lease.ts';
import type { Lease } from '../line/lease.ts';
import type { Place } from '../line/place.ts';
import { unless, untilUnwanted, type WaitOptions } from '../recipe/waiting.ts';
import type { AcquireOptions } from './lock.ts';

/** What an owner has: a place in line, and leases on it. */
interface Share {
  readonly place: Promise<Place>;
  /** The same, once it is there. */
  held?: Place;
  leases: number;
}

/** Lets everyone who holds a lock acquire it again: all leases of one owner share one place in line. */
export class Owners {
  readonly #path: string;
  readonly #shares = new Map<unknown, Share>();

  /** @param path where the lock is, for messages */
  constructor(path: string) {
    this.#path = path;
  }

  /** A lease on the place that the owner has, or gets by `take`. */
  async acquire(options: AcquireOptions, take: (wait: WaitOptions) => Promise<Place>): Promise<Lease> {
    const { owner, signal, timeoutMs } = options;
    if (owner === undefined) return new HeldLease(await take(options));
    const wanted = untilUnwanted(options);
    // However often it is tried, the time is that of this call.
    const wait = timeoutMs === 0 ? { signal, timeoutMs } : { signal: wanted };
    for (;;) {
      const known = this.#shares.get(owner);
      if (known === undefined) return this.#first(owner, take(wait));
      const place = await unless(wanted, this.#path, known.place).catch((error) => {
        // Another acquire of this owner gave up, which is no reason for this one.
        if (wanted.aborted) throw error;
      });
      if (place?.state === 'granted' && this.#shares.get(owner) === known) return this.#draw(owner, known, place);
      if (this.#shares.get(owner) === known) this.#shares.delete(owner);
    }
  }

  /** The place that the owner holds now, if any. */
  placeOf(owner: unknown): Place | undefined {
    const held = this.#shares.get(owner)?.held;
    return held?.state === 'granted' ? held : undefined;
  }

  async #first(owner: unknown, taken: Promise<Place>): Promise<Lease> {
    const share: Share = { place: taken, leases: 0 };
    this.#shares.set(owner, share);
    try {
      return this.#draw(owner, share, await taken);
    } catch (error) {
      if (this.#shares.get(owner) === share) this.#shares.delete(owner);
      throw error;
    }
  }

  #draw(owner: unknown, share: Share, place: Place): Lease {
    share.held = place;
    share.leases += 1;
    return new HeldLease(place, async () => {
      share.leases -= 1;
      if (share.leases > 0) return;
      if (this.#shares.get(owner) === share) this.#shares.delete(owner);
      await place.leave();
    });
  }
}
