/** How many of the latest values the quantiles are taken of. */
const recentMax = 1024;

/** Values that were measured: how many, their sum and range, and quantiles of the latest of them. */
export class Distribution {
  count = 0;
  sum = 0;
  min = 0;
  max = 0;
  readonly #recent = new Float64Array(recentMax);

  get average(): number {
    return this.count === 0 ? 0 : this.sum / this.count;
  }

  /** Takes one value. */
  note(value: number): void {
    this.#recent[this.count % recentMax] = value;
    if (this.count === 0 || value < this.min) this.min = value;
    if (value > this.max) this.max = value;
    this.count += 1;
    this.sum += value;
  }

  /** The values below which these shares (0 to 1) of the latest values lie; 0 without any. */
  quantiles(shares: readonly number[]): number[] {
    const sorted = this.#recent.slice(0, Math.min(this.count, recentMax)).sort();
    return shares.map((share) => sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0);
  }

  reset(): void {
    this.count = 0;
    this.sum = 0;
    this.min = 0;
    this.max = 0;
  }
}
