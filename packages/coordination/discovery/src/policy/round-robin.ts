import type { Candidate, Policy } from './policy.ts';

/**
 * Each in turn; one of twice the weight twice as often, and spread out (nginx's smooth weighted round robin: each gains
 * its weight at every choice, the richest is chosen and pays what all have gained).
 */
export class RoundRobin implements Policy {
  #credits = new Map<string, number>();

  choose(candidates: readonly Candidate[]): Candidate | undefined {
    const credits = new Map<string, number>();
    let total = 0;
    let chosen: Candidate | undefined;
    let most = Number.NEGATIVE_INFINITY;
    for (const candidate of candidates) {
      const { id, weight } = candidate.instance;
      const credit = (this.#credits.get(id) ?? 0) + weight;
      credits.set(id, credit);
      total += weight;
      if (credit <= most) continue;
      most = credit;
      chosen = candidate;
    }
    if (chosen !== undefined) credits.set(chosen.instance.id, most - total);
    // Who is no candidate now begins anew: it must not make up for what it has missed.
    this.#credits = credits;
    return chosen;
  }
}
