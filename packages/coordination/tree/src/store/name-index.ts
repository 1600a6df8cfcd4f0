import type { RecordId } from './records.ts';
import { uncountedBytes } from './uncounted-bytes.ts';

/** How the entries of an index are chained: each remembers its hash and the next entry of its bucket. */
export interface Chains {
  hash(id: RecordId): number;
  next(id: RecordId): RecordId;
  setNext(id: RecordId, next: RecordId): void;
}

const PAGE_SHIFT = 14;
const PAGE_BUCKETS = 1 << PAGE_SHIFT;
const PAGE_MASK = PAGE_BUCKETS - 1;
const FIRST_LEVEL = 6;

/**
 * Finds entries by hash, by linear hashing (Litwin 1980): each entry that is added splits at most one bucket, so that the
 * index grows with its entries and never stops to be built anew.
 */
export class NameIndex {
  readonly #chains: Chains;
  readonly #pages: Int32Array[] = [newPage()];
  /** There are between 2^level and 2^(level+1) buckets: those before `#split` have been split already. */
  #level = FIRST_LEVEL;
  #split = 0;
  #entries = 0;

  constructor(chains: Chains) {
    this.#chains = chains;
  }

  get size(): number {
    return this.#entries;
  }

  /** The first entry that may have this hash; the others follow by `Chains.next`. */
  first(hash: number): RecordId {
    return this.#head(this.#bucket(hash));
  }

  add(id: RecordId): void {
    this.#push(this.#bucket(this.#chains.hash(id)), id);
    this.#entries += 1;
    if (this.#entries > (1 << this.#level) + this.#split) this.#splitOne();
  }

  remove(id: RecordId): void {
    const bucket = this.#bucket(this.#chains.hash(id));
    const after = this.#chains.next(id);
    this.#entries -= 1;
    let before = this.#head(bucket);
    if (before === id) return this.#setHead(bucket, after);
    while (this.#chains.next(before) !== id) before = this.#chains.next(before);
    this.#chains.setNext(before, after);
  }

  #bucket(hash: number): number {
    const bucket = hash & ((1 << this.#level) - 1);
    return bucket < this.#split ? hash & ((2 << this.#level) - 1) : bucket;
  }

  #splitOne(): void {
    const bucket = this.#split;
    const other = bucket + (1 << this.#level);
    if (other >>> PAGE_SHIFT === this.#pages.length) this.#pages.push(newPage());
    this.#split += 1;
    if (this.#split === 1 << this.#level) {
      this.#level += 1;
      this.#split = 0;
    }
    let id = this.#head(bucket);
    this.#setHead(bucket, 0);
    while (id !== 0) {
      const next = this.#chains.next(id);
      this.#push(this.#bucket(this.#chains.hash(id)), id);
      id = next;
    }
  }

  #push(bucket: number, id: RecordId): void {
    this.#chains.setNext(id, this.#head(bucket));
    this.#setHead(bucket, id);
  }

  #head(bucket: number): RecordId {
    return (this.#pages[bucket >>> PAGE_SHIFT] as Int32Array)[bucket & PAGE_MASK] as number;
  }

  #setHead(bucket: number, id: RecordId): void {
    (this.#pages[bucket >>> PAGE_SHIFT] as Int32Array)[bucket & PAGE_MASK] = id;
  }
}

function newPage(): Int32Array {
  return new Int32Array(uncountedBytes(PAGE_BUCKETS * Int32Array.BYTES_PER_ELEMENT));
}
