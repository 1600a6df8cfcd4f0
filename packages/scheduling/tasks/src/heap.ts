/** A binary heap: the item that `before` puts first is at hand. Not stable: let `before` decide every tie. */
export class Heap<T> {
  readonly #items: T[] = [];
  readonly #before: (a: T, b: T) => boolean;

  constructor(before: (a: T, b: T) => boolean) {
    this.#before = before;
  }

  get size(): number {
    return this.#items.length;
  }

  peek(): T | undefined {
    return this.#items[0];
  }

  push(item: T): void {
    const items = this.#items;
    let at = items.length;
    items.push(item);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      const above = items[parent] as T;
      if (!this.#before(item, above)) break;
      items[at] = above;
      at = parent;
    }
    items[at] = item;
  }

  pop(): T | undefined {
    const first = this.#items[0];
    const last = this.#items.pop();
    if (this.#items.length > 0) this.#sink(last as T);
    return first;
  }

  /** Puts the first item, whose order has changed, where it belongs now. */
  settleFirst(): void {
    if (this.#items.length > 1) this.#sink(this.#items[0] as T);
  }

  /** Places `item` from the top downwards. */
  #sink(item: T): void {
    const items = this.#items;
    const half = items.length >> 1;
    let at = 0;
    while (at < half) {
      let child = 2 * at + 1;
      const right = child + 1;
      if (right < items.length && this.#before(items[right] as T, items[child] as T)) child = right;
      if (!this.#before(items[child] as T, item)) break;
      items[at] = items[child] as T;
      at = child;
    }
    items[at] = item;
  }
}
