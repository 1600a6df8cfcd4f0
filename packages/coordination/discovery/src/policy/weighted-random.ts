import type { Random } from '@reeve/base';
import type { Candidate, Policy } from './policy.ts';

/** By chance: one of twice the weight twice as often. */
export class WeightedRandom implements Policy {
  readonly #random: Random;

  constructor(random: Random = Math.random) {
    this.#random = random;
  }

  choose(candidates: readonly Candidate[]): Candidate | undefined {
    const total = candidates.reduce((sum, { instance }) => sum + instance.weight, 0);
    let left = this.#random() * total;
    for (const candidate of candidates) {
      left -= candidate.instance.weight;
      if (left < 0) return candidate;
    }
    // What is left after all have been subtracted is an error of rounding.
    return candidates.at(-1);
  }
}
