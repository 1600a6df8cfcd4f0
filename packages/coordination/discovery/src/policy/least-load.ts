import type { Random } from '@reeve/base';
import { busyness, type Candidate, type Policy } from './policy.ts';

/**
 * The least busy for its weight, by what it reports and what this caller has under way; by chance among equals. With
 * many callers and reports that are seconds old all of them choose the same one: two choices are better then.
 */
export class LeastLoad implements Policy {
  readonly #random: Random;

  constructor(random: Random = Math.random) {
    this.#random = random;
  }

  choose(candidates: readonly Candidate[]): Candidate | undefined {
    let least = Number.POSITIVE_INFINITY;
    let equals: Candidate[] = [];
    for (const candidate of candidates) {
      const busy = busyness(candidate);
      if (busy > least) continue;
      if (busy < least) equals = [];
      least = busy;
      equals.push(candidate);
    }
    return equals[Math.floor(this.#random() * equals.length)];
  }
}
