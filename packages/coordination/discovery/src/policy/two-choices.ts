import type { Random } from '@reeve/base';
import { busyness, type Candidate, type Policy } from './policy.ts';

/**
 * Draws two by chance and takes the less busy one for its weight. Nearly as even as the least load, and many callers
 * with old reports do not all run to the same instance (Mitzenmacher, "The power of two choices", 1996).
 */
export class TwoChoices implements Policy {
  readonly #random: Random;

  constructor(random: Random = Math.random) {
    this.#random = random;
  }

  choose(candidates: readonly Candidate[]): Candidate | undefined {
    const first = Math.floor(this.#random() * candidates.length);
    if (candidates.length < 2) return candidates[first];
    const step = 1 + Math.floor(this.#random() * (candidates.length - 1));
    const [one, other] = [candidates[first], candidates[(first + step) % candidates.length]] as [Candidate, Candidate];
    return busyness(other) < busyness(one) ? other : one;
  }
}
