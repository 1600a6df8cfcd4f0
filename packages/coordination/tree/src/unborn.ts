import type { PendingZnode } from './pending-znode.ts';
import { RecordTable } from './record-table.ts';
import { feedHash, seedHash } from './store/znode-store.ts';

/** Paths begin where no znode's names do. */
const NO_PARENT = 0;

/** Records of what is not in the tree yet, by path. */
export class Unborn {
  readonly #records = new RecordTable();
  /** What was hashed last: who looks in vain for a path adds a record there next. */
  #hashedPath = '';
  #hash = hashOf('');

  get size(): number {
    return this.#records.size;
  }

  get(path: string): PendingZnode | undefined {
    const hash = this.#hashed(path);
    for (let at = this.#records.first(hash); at !== undefined; at = at.next) {
      if (at.hash === hash && at.key === path) return at;
    }
    return undefined;
  }

  /** Adds a record, of whose path there must be none. */
  add(znode: PendingZnode, path: string): void {
    this.#records.add(znode, this.#hashed(path));
  }

  /** Takes a record out, and says whether it was there. */
  remove(znode: PendingZnode): boolean {
    return this.#records.remove(znode);
  }

  clear(): void {
    this.#records.clear();
  }

  #hashed(path: string): number {
    if (path !== this.#hashedPath) {
      this.#hash = hashOf(path);
      this.#hashedPath = path;
    }
    return this.#hash;
  }
}

function hashOf(path: string): number {
  let hash = seedHash(NO_PARENT);
  for (let i = 0; i < path.length; i += 1) hash = feedHash(hash, path.charCodeAt(i));
  return hash;
}
