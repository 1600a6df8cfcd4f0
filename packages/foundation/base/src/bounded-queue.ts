import { invariant } from './assert.ts';

/** A first-in first-out queue that refuses more than `limit` items: every queue has a bound. */
export class BoundedQueue<T> {
  readonly limit: number;
  #items: (T | undefined)[] = [];
  #head = 0;

  constructor(limit: number) {
    invariant(limit > 0, 'a queue holds at least one item');
    this.limit = limit;
  }

  get length(): number {
    return this.#items.length - this.#head;
  }

  /** Adds `item` and says `true`, or says `false` when the queue is full. */
  offer(item: T): boolean {
    if (this.length >= this.limit) return false;
    this.#items.push(item);
    return true;
  }

  peek(): T | undefined {
    return this.#items[this.#head];
  }

  take(): T | undefined {
    if (this.length === 0) return undefined;
    const item = this.#items[this.#head];
    this.#items[this.#head] = undefined;
    this.#head += 1;
    if (this.#head > 1024 && this.#head * 2 > this.#items.length) this.#compact();
    return item;
  }

  #compact(): void {
    this.#items = this.#items.slice(this.#head);
    this.#head = 0;
  }
}
