const FIRST_SLOTS = 64;

/**
 * What was sent, by consecutive numbers, until it is answered: in nearly the order it was sent. A ring: a Map leaves a
 * table behind for every few that come and go.
 */
export class SentRequests<T> {
  /** As many as a power of two. */
  #slots = emptySlots<T>(FIRST_SLOTS);
  #size = 0;
  /** The oldest that may not be answered, and the next; counted from the first: numbers begin with the clock. */
  #oldest = 0;
  #next = 0;
  readonly #first: number;

  /** @param first the number of the first */
  constructor(first: number) {
    this.#first = first;
  }

  /** How many are not answered. */
  get size(): number {
    return this.#size;
  }

  /** The number that the next will have. */
  get nextNumber(): number {
    return this.#first + this.#next;
  }

  /** Keeps an item, and says its number. */
  add(item: T): number {
    if (this.#next - this.#oldest === this.#slots.length) this.#grow();
    const at = this.#next;
    this.#slots[at & (this.#slots.length - 1)] = item;
    this.#next += 1;
    this.#size += 1;
    return this.#first + at;
  }

  /** Takes the item of a number out, if it is there. */
  take(number: number): T | undefined {
    const at = number - this.#first;
    if (at < this.#oldest || at >= this.#next) return undefined;
    const mask = this.#slots.length - 1;
    const item = this.#slots[at & mask];
    if (item === undefined) return undefined;
    this.#slots[at & mask] = undefined;
    this.#size -= 1;
    while (this.#oldest < this.#next && this.#slots[this.#oldest & mask] === undefined) this.#oldest += 1;
    return item;
  }

  #grow(): void {
    const larger = emptySlots<T>(this.#slots.length * 2);
    for (let at = this.#oldest; at < this.#next; at += 1) {
      larger[at & (larger.length - 1)] = this.#slots[at & (this.#slots.length - 1)];
    }
    this.#slots = larger;
  }
}

function emptySlots<T>(count: number): (T | undefined)[] {
  return new Array<T | undefined>(count).fill(undefined);
}
