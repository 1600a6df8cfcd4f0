import { uncountedBytes } from './uncounted-bytes.ts';

/** The number of a record; 0 is none. A number whose record was given back is used again. */
export type RecordId = number;

const PAGE_RECORDS_SHIFT = 14;
const PAGE_RECORDS = 1 << PAGE_RECORDS_SHIFT;
const PAGE_RECORDS_MASK = PAGE_RECORDS - 1;

/**
 * Records of a fixed number of 32-bit words outside the garbage collector's sight, in pages, so that neither a million of
 * them nor the next page holds anything up. A pair of words at an even place may hold a double instead.
 */
export class Records {
  readonly #words: number;
  readonly #ints: Int32Array[] = [];
  readonly #doubles: Float64Array[] = [];
  #free: RecordId = 0;
  #next: RecordId = 1;

  /** @param words an even number */
  constructor(words: number) {
    this.#words = words;
  }

  /** Every record that is or was in use has a smaller number than this. */
  get end(): RecordId {
    return this.#next;
  }

  /** Takes a record, all zeros. */
  allocate(): RecordId {
    const free = this.#free;
    if (free === 0) return this.#fresh();
    this.#free = this.int(free, 0);
    const page = this.#ints[free >>> PAGE_RECORDS_SHIFT] as Int32Array;
    const start = (free & PAGE_RECORDS_MASK) * this.#words;
    page.fill(0, start, start + this.#words);
    return free;
  }

  /** Gives a record back. */
  release(id: RecordId): void {
    this.setInt(id, 0, this.#free);
    this.#free = id;
  }

  int(id: RecordId, word: number): number {
    const page = this.#ints[id >>> PAGE_RECORDS_SHIFT] as Int32Array;
    return page[(id & PAGE_RECORDS_MASK) * this.#words + word] as number;
  }

  setInt(id: RecordId, word: number, value: number): void {
    const page = this.#ints[id >>> PAGE_RECORDS_SHIFT] as Int32Array;
    page[(id & PAGE_RECORDS_MASK) * this.#words + word] = value;
  }

  /** @param pair half the place of the first word */
  double(id: RecordId, pair: number): number {
    const page = this.#doubles[id >>> PAGE_RECORDS_SHIFT] as Float64Array;
    return page[(((id & PAGE_RECORDS_MASK) * this.#words) >>> 1) + pair] as number;
  }

  setDouble(id: RecordId, pair: number, value: number): void {
    const page = this.#doubles[id >>> PAGE_RECORDS_SHIFT] as Float64Array;
    page[(((id & PAGE_RECORDS_MASK) * this.#words) >>> 1) + pair] = value;
  }

  #fresh(): RecordId {
    const id = this.#next;
    this.#next += 1;
    if (id >>> PAGE_RECORDS_SHIFT === this.#ints.length) {
      const page = uncountedBytes(PAGE_RECORDS * this.#words * 4);
      this.#ints.push(new Int32Array(page));
      this.#doubles.push(new Float64Array(page));
    }
    return id;
  }
}
