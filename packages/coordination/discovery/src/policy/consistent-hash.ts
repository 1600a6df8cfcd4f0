import { invariant, type Random } from '@reeve/base';
import type { Candidate, Policy, Query } from './policy.ts';
import { WeightedRandom } from './weighted-random.ts';

/** How a consistent hash deals with keys that are asked for more often than others. */
export interface ConsistentHashOptions {
  /**
   * An instance gets no more than so many times the mean of what this caller has under way; beyond that the next one in
   * the key's order does (Mirrokni and others, "Consistent hashing with bounded loads", 2016). Above 1; no bound unless
   * given.
   */
  readonly loadFactor?: number;
  /** For calls without a key; `Math.random` unless given. */
  readonly random?: Random;
}

/**
 * By key: the same key goes to the same instance, for every caller. When an instance leaves, only its keys move; when
 * one comes, only to it. By weighted rendezvous: each instance has a number for each key, and the highest one wins.
 * Calls without a key are spread by chance.
 */
export class ConsistentHash implements Policy {
  readonly #loadFactor: number;
  readonly #keyless: Policy;

  constructor({ loadFactor = Number.POSITIVE_INFINITY, random = Math.random }: ConsistentHashOptions = {}) {
    invariant(loadFactor > 1, 'the load factor of a consistent hash is above 1');
    this.#loadFactor = loadFactor;
    this.#keyless = new WeightedRandom(random);
  }

  choose(candidates: readonly Candidate[], query: Query): Candidate | undefined {
    if (query.key === undefined) return this.#keyless.choose(candidates, query);
    const keyHash = hashOf(query.key, SEED);
    const bound = this.#boundOf(candidates);
    let chosen: Candidate | undefined;
    let highest = Number.NEGATIVE_INFINITY;
    for (const candidate of candidates) {
      const { id, weight } = candidate.instance;
      if (candidate.inFlight >= bound * weight) continue;
      const number = scoreOf(hashOf(id, keyHash), weight);
      // Two that are equal are told apart by name, so that every caller chooses alike.
      if (number < highest || (number === highest && id > (chosen?.instance.id ?? ''))) continue;
      highest = number;
      chosen = candidate;
    }
    return chosen;
  }

  /** How many calls may be under way per weight; some candidate is always below. */
  #boundOf(candidates: readonly Candidate[]): number {
    if (this.#loadFactor === Number.POSITIVE_INFINITY) return this.#loadFactor;
    let calls = 1;
    let weights = 0;
    for (const { instance, inFlight } of candidates) {
      calls += inFlight;
      weights += instance.weight;
    }
    return (this.#loadFactor * calls) / weights;
  }
}

/** The offset basis of FNV-1a, 32 bits. */
const SEED = 0x811c9dc5;

/** FNV-1a, 32 bits, then the last mixing of MurmurHash3, so that names that differ in one digit are far apart. */
function hashOf(text: string, seed: number): number {
  let hash = seed;
  for (let i = 0; i < text.length; i += 1) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/** Grows with the hash so that the share of keys won is the share of the weight (Schindelhauer and Schomaker, 2005). */
function scoreOf(hash: number, weight: number): number {
  return -weight / Math.log((hash + 0.5) / 2 ** 32);
}
