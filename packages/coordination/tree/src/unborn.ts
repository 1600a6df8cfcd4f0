import type { PendingZnode } from './pending-znode.ts';
import { feedHash, seedHash } from './store/znode-store.ts';

const FIRST_BUCKETS = 64;
/** More buckets than this are not kept when all of it has been born. */
const KEPT_BUCKETS_MAX = 65_536;
/** Paths begin where no znode's names do. */
const NO_PARENT = 0;

/**
 * Records of what is not in the tree yet, by path. Chained through the records themselves: a Map leaves garbage for each
 * that comes and goes, and takes several times as long.
 */
export class Unborn {
  #buckets: (PendingZnode | undefined)[] = emptyBuckets(FIRST_BUCKETS);
  #size = 0;
  /** What was hashed last: who looks in vain for a path adds a record there next. */
  #hashedPath = '';
  #hash = hashOf('');

  get size(): number {
    return this.#size;
  }

  get(path: string): PendingZnode | undefined {
    const hash = this.#hashed(path);
    for (let at = this.#buckets[hash & (this.#buckets.length - 1)]; at !== undefined; at = at.next) {
      if (at.hash === hash && at.key === path) return at;
    }
    return undefined;
  }

  /** Adds a record, of whose path there must be none. */
  add(znode: PendingZnode, path: string): void {
    if (this.#size === this.#buckets.length) this.#grow();
    znode.hash = this.#hashed(path);
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

  #hashed(path: string): number {
    if (path !== this.#hashedPath) {
      this.#hash = hashOf(path);
      this.#hashedPath = path;
    }
    return this.#hash;
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

function hashOf(path: string): number {
  let hash = seedHash(NO_PARENT);
  for (let i = 0; i < path.length; i += 1) hash = feedHash(hash, path.charCodeAt(i));
  return hash;
}
