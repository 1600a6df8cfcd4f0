/** What went over some connections, and how long requests took: for four-letter words and metrics. */
export class Traffic {
  received = 0;
  sent = 0;
  latencyMsMin = 0;
  latencyMsMax = 0;
  #latencyMsSum = 0;
  #latencies = 0;

  get latencyMsAverage(): number {
    return this.#latencies === 0 ? 0 : this.#latencyMsSum / this.#latencies;
  }

  /** Notes how long one request took; not every request is timed. */
  timed(latencyMs: number): void {
    this.latencyMsMin = this.#latencies === 0 ? latencyMs : Math.min(this.latencyMsMin, latencyMs);
    this.latencyMsMax = Math.max(this.latencyMsMax, latencyMs);
    this.#latencyMsSum += latencyMs;
    this.#latencies += 1;
  }

  reset(): void {
    this.received = 0;
    this.sent = 0;
    this.latencyMsMin = 0;
    this.latencyMsMax = 0;
    this.#latencyMsSum = 0;
    this.#latencies = 0;
  }
}
