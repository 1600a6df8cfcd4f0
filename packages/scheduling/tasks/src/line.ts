import { Heap } from './heap.ts';

const COMPACT_AT = 1_024;

/**
 * A priority queue for items that mostly arrive in order: one that belongs behind the last costs nothing to add or
 * take, any other costs what a heap costs. Among equals, those that arrived in order leave in order.
 */
export class Line<T> {
  readonly #before: (a: T, b: T) => boolean;
  /** Arrived in order, first at `#head`. */
  #run: T[] = [];
  #head = 0;
  readonly #strays: Heap<T>;

  constructor(before: (a: T, b: T) => boolean) {
    this.#before = before;
    this.#strays = new Heap(before);
  }

  get size(): number {
    return this.#run.length - this.#head + this.#strays.size;
  }

  push(item: T): void {
    const last = this.#run.at(-1);
    if (last === undefined || !this.#before(item, last)) this.#run.push(item);
    else this.#strays.push(item);
  }

  peek(): T | undefined {
    return this.#isStrayFirst() ? this.#strays.peek() : this.#run[this.#head];
  }

  pop(): T | undefined {
    if (this.#isStrayFirst()) return this.#strays.pop();
    const first = this.#run[this.#head];
    if (first === undefined) return undefined;
    this.#head += 1;
    if (this.#head === this.#run.length || (this.#head >= COMPACT_AT && this.#head * 2 > this.#run.length)) {
      this.#run = this.#run.slice(this.#head);
      this.#head = 0;
    }
    return first;
  }

  #isStrayFirst(): boolean {
    const stray = this.#strays.peek();
    const first = this.#run[this.#head];
    return stray !== undefined && (first === undefined || this.#before(stray, first));
  }
}
