import { monotonicMs } from '../message.ts';

/** The longest wait that a timer of Node can have. */
const TIMER_MS_MAX = 2 ** 31 - 1;

/** Calls `onReached` at a moment of the monotonic clock, which may be moved. */
export class Deadline {
  readonly #onReached: () => void;
  #atMs = Number.POSITIVE_INFINITY;
  #timer: NodeJS.Timeout | undefined;

  constructor(onReached: () => void) {
    this.#onReached = onReached;
  }

  get atMs(): number {
    return this.#atMs;
  }

  set(atMs: number): void {
    this.#atMs = atMs;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#check(), Math.min(TIMER_MS_MAX, Math.max(0, atMs - monotonicMs())));
  }

  #check(): void {
    if (monotonicMs() >= this.#atMs) this.#onReached();
    else this.set(this.#atMs);
  }
}
