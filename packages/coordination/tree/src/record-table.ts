import type { PendingZnode } from './pending-znode.ts';

const FIRST_BUCKETS = 64;
/** More buckets than this are not kept when nothing is left in them. */
const KEPT_BUCKETS_MAX = 65_536;

/**
 * Pending records by a hash. Chained through the records themselves: a Map takes several times as long, and leaves a table
 * for every few that come and go; each such table keeps its successor, and what that held, alive in the garbage collector.
 */
export class RecordTable {
  #buckets: (PendingZnode | undefined)[] = emptyBuckets(FIRST_BUCKETS);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** The first record with a hash; others with the same one come after it, among others. */
  first(hash: number): PendingZnode | undefined {
    let at = this.#buckets[hash & (this.#buckets.length - 1)];
    while (at !== undefined && at.hash !== hash) at = at.next;
    return at;
  }

  /** Adds a record, which must not be there. */
  add(znode: PendingZnode, hash: number): void {
    if (this.#size === this.#buckets.length) this.#grow();
    znode.hash = hash;
    push(this.#buckets, znode);
    this.#size += 1;
  }

  /** Takes a record out, and says whether it was there. */
  remove(znode: PendingZnode): boolean {
    const bucket = znode.hash & (this.#buckets.length - 1);
    let before: PendingZnode | undefined;
    for (let at = this.#buckets[bucket]; at !== znode; at = at.next) {
      if (at === undefined) return false;
      before = at;
    }
    if (before === undefined) this.#buckets[bucket] = znode.next;
    else before.next = znode.next;
    znode.next = undefined;
    this.#size -= 1;
    if (this.#size === 0 && this.#buckets.length > KEPT_BUCKETS_MAX) this.clear();
    return true;
  }

  clear(): void {
    this.#buckets = emptyBuckets(FIRST_BUCKETS);
    this.#size = 0;
  }

  #grow(): void {
    const larger = emptyBuckets(this.#buckets.length * 4);
    for (const first of this.#buckets) {
      for (let at = first; at !== undefined; ) {
        const { next } = at;
        push(larger, at);
        at = next;
      }
    }
    this.#buckets = larger;
  }
}

function push(buckets: (PendingZnode | undefined)[], znode: PendingZnode): void {
  const bucket = znode.hash & (buckets.length - 1);
  znode.next = buckets[bucket];
  buckets[bucket] = znode;
}

function emptyBuckets(count: number): (PendingZnode | undefined)[] {
  return new Array<PendingZnode | undefined>(count).fill(undefined);
}
