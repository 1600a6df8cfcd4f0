/**
 * Rounds of pings, and who waits for one of them to be answered by a quorum. A token waits for a round that begins
 * after it came: an answer to an earlier one proves nothing.
 */
export class Confirmations {
  #round = 0;
  #answered = 0;
  readonly #waiting: { readonly token: number; readonly round: number }[] = [];

  /** The last round that has begun. */
  get round(): number {
    return this.#round;
  }

  /** Begins a round, and says which. */
  begin(): number {
    this.#round += 1;
    return this.#round;
  }

  /** Takes a token; says whether a round should begin at once, because none is under way. */
  wait(token: number): 'begin' | 'under_way' {
    this.#waiting.push({ token, round: this.#round + 1 });
    return this.#answered >= this.#round ? 'begin' : 'under_way';
  }

  /** Notes that a quorum has answered `round`; returns the tokens for which that was enough. */
  answered(round: number): number[] {
    this.#answered = Math.max(this.#answered, round);
    const count = this.#waiting.findIndex((waiting) => waiting.round > this.#answered);
    const confirmed = this.#waiting.splice(0, count === -1 ? this.#waiting.length : count);
    return confirmed.map(({ token }) => token);
  }

  /** Whether a token waits for a round that could begin now. */
  get due(): boolean {
    return this.#waiting.length > 0 && this.#answered >= this.#round;
  }
}
