import { invariant } from './assert.ts';

const FIRST_SLOTS = 16;
/** More slots than this are not kept when nothing is left in them. */
const KEPT_SLOTS_MAX = 4096;

/** A first-in first-out queue that refuses more than `limit` items: every queue has a bound. A ring, which leaves no garbage. */
export class BoundedQueue<T> {
  readonly limit: number;
  /** As many as a power of two, or none. */
  #slots: (T | undefined)[] = [];
  #head = 0;
  #length = 0;

  constructor(limit: number) {
    invariant(limit > 0, 'a queue holds at least one item');
    this.limit = limit;
  }

  get length(): number {
    return this.#length;
  }

  /** Adds `item` and says `true`, or says `false` when the queue is full. */
  offer(item: T): boolean {
    if (this.#length >= this.limit) return false;
    if (this.#length === this.#slots.length) this.#resize(Math.max(FIRST_SLOTS, this.#length * 2));
    this.#slots[(this.#head + this.#length) & (this.#slots.length - 1)] = item;
    this.#length += 1;
    return true;
  }

  peek(): T | undefined {
    return this.#length === 0 ? undefined : this.#slots[this.#head];
  }

  take(): T | undefined {
    if (this.#length === 0) return undefined;
    const item = this.#slots[this.#head];
    this.#slots[this.#head] = undefined;
    this.#head = (this.#head + 1) & (this.#slots.length - 1);
    this.#length -= 1;
    if (this.#length === 0 && this.#slots.length > KEPT_SLOTS_MAX) this.#resize(FIRST_SLOTS);
    return item;
  }

  #resize(slots: number): void {
    const from = this.#slots;
    this.#slots = new Array<T | undefined>(slots).fill(undefined);
    for (let at = 0; at < this.#length; at += 1) this.#slots[at] = from[(this.#head + at) & (from.length - 1)];
    this.#head = 0;
  }
}
