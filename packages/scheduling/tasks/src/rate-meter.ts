const CELL_MS = 100;
const CELLS = 10;

/** How many of something happened in the last second. */
export class RateMeter {
  readonly #cells = new Array<number>(CELLS).fill(0);
  #total = 0;
  /** The number of the newest cell, counted from the epoch. */
  #newest = 0;

  add(now: number, count: number): void {
    this.#advance(now);
    const at = this.#newest % CELLS;
    this.#cells[at] = (this.#cells[at] as number) + count;
    this.#total += count;
  }

  perSecond(now: number): number {
    this.#advance(now);
    return this.#total;
  }

  /** Forgets what is older than a second. A clock that steps back leaves the newest cell as it is. */
  #advance(now: number): void {
    const cell = Math.floor(now / CELL_MS);
    const steps = Math.min(cell - this.#newest, CELLS);
    for (let step = 0; step < steps; step += 1) {
      const at = (cell - step) % CELLS;
      this.#total -= this.#cells[at] as number;
      this.#cells[at] = 0;
    }
    if (steps > 0) this.#newest = cell;
  }
}
