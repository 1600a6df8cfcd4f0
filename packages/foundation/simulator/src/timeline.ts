import { invariant } from '@reeve/base';

interface Happening {
  readonly atMs: number;
  readonly sequence: number;
  readonly run: () => void;
}

/** Virtual time: what is to happen, in the order of its time, and at one time in the order in which it was decided. */
export class Timeline {
  #nowMs = 0;
  #sequence = 0;
  readonly #heap: Happening[] = [];

  /** Milliseconds since the beginning. */
  get nowMs(): number {
    return this.#nowMs;
  }

  /** How much has been decided so far: orders what happens at one time. */
  get sequence(): number {
    return this.#sequence;
  }

  /** Has something happen later. */
  after(delayMs: number, run: () => void): void {
    invariant(delayMs >= 0, 'nothing happens in the past');
    this.#sequence += 1;
    this.#push({ atMs: this.#nowMs + delayMs, sequence: this.#sequence, run });
  }

  /** Lets the next thing happen that is due by then; says whether there was one. */
  next(untilMs: number): boolean {
    const first = this.#heap[0];
    if (first === undefined || first.atMs > untilMs) {
      this.#nowMs = Math.max(this.#nowMs, untilMs);
      return false;
    }
    this.#pop();
    this.#nowMs = first.atMs;
    first.run();
    return true;
  }

  #push(happening: Happening): void {
    const heap = this.#heap;
    let at = heap.length;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      const above = heap[parent] as Happening;
      if (!isBefore(happening, above)) break;
      heap[at] = above;
      at = parent;
    }
    heap[at] = happening;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop() as Happening;
    if (heap.length === 0) return;
    let at = 0;
    for (let child = 1; child < heap.length; child = 2 * at + 1) {
      const right = child + 1;
      if (right < heap.length && isBefore(heap[right] as Happening, heap[child] as Happening)) child = right;
      if (!isBefore(heap[child] as Happening, last)) break;
      heap[at] = heap[child] as Happening;
      at = child;
    }
    heap[at] = last;
  }
}

function isBefore(a: Happening, b: Happening): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.sequence < b.sequence);
}
