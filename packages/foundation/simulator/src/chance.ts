/**
 * Chance that can be repeated: the same seed and purpose give the same numbers, whatever others draw (xoshiro128**, its
 * state filled by splitmix32). Each purpose has a stream of its own, so that a fault that is left out does not change the
 * luck of everybody else.
 */
export class Chance {
  #a: number;
  #b: number;
  #c: number;
  #d: number;

  constructor(seed: number, purpose: string) {
    const next = splitmix(hashed(seed, purpose));
    this.#a = next();
    this.#b = next();
    this.#c = next();
    this.#d = next() | 1;
  }

  /** A number in [0, 1). */
  share(): number {
    const scaled = Math.imul(this.#b, 5);
    const result = Math.imul((scaled << 7) | (scaled >>> 25), 9);
    const shifted = this.#b << 9;
    this.#c ^= this.#a;
    this.#d ^= this.#b;
    this.#b ^= this.#c;
    this.#a ^= this.#d;
    this.#c ^= shifted;
    this.#d = (this.#d << 11) | (this.#d >>> 21);
    return (result >>> 0) / 4294967296;
  }

  /** A whole number in [from, to]. */
  whole(from: number, to: number): number {
    return from + Math.floor(this.share() * (to - from + 1));
  }

  /** Whether something happens that happens with this probability. */
  happens(probability: number): boolean {
    return this.share() < probability;
  }

  /** One of these. */
  one<T>(these: readonly T[]): T {
    return these[Math.floor(this.share() * these.length)] as T;
  }

  /** One of these, each as often as its weight says. */
  weighted<T>(these: readonly (readonly [T, weight: number])[]): T {
    let left = this.share() * these.reduce((sum, [, weight]) => sum + weight, 0);
    for (const [candidate, weight] of these) {
      left -= weight;
      if (left < 0) return candidate;
    }
    return (these[0] as readonly [T, number])[0];
  }

  /** A waiting time of which most are short and few are long, with this mean. */
  wait(mean: number): number {
    return -mean * Math.log(1 - this.share());
  }
}

function hashed(seed: number, purpose: string): number {
  let hash = (0x811c9dc5 ^ seed) >>> 0;
  for (let i = 0; i < purpose.length; i += 1) hash = Math.imul(hash ^ purpose.charCodeAt(i), 0x01000193) >>> 0;
  return hash;
}

function splitmix(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x9e3779b9) | 0;
    let mixed = Math.imul(state ^ (state >>> 16), 0x21f0aaad);
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
    return (mixed ^ (mixed >>> 15)) | 0;
  };
}
