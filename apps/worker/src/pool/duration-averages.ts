/** Share of the newest duration in an average. */
const WEIGHT = 0.2;

/** Averages are trusted from this many durations on. */
const COUNT_MIN = 4;

/** What running one attempt costs at least, milliseconds, whatever its handler took. */
const OVERHEAD_MS = 0.03;

/** Moving averages of how long each handler's attempts run. */
export class DurationAverages {
  readonly #averages = new Map<string, { ms: number; count: number }>();

  record(handler: string, ms: number): void {
    const average = this.#averages.get(handler);
    if (average === undefined) this.#averages.set(handler, { ms, count: 1 });
    else {
      average.ms += WEIGHT * (ms - average.ms);
      average.count += 1;
    }
  }

  /** How long an attempt is expected to run; infinite while there is too little to go by. */
  expectedMs(handler: string): number {
    const average = this.#averages.get(handler);
    if (average === undefined || average.count < COUNT_MIN) return Number.POSITIVE_INFINITY;
    return average.ms + OVERHEAD_MS;
  }
}
