import type { Candidate, Policy, Query } from './policy.ts';

/** What is near, and how to choose there and elsewhere. */
export interface LocalityOptions {
  /** Instances with this label of this value are near, such as `zone` and `a`. */
  readonly label: string;
  readonly value: string;
  /** How one of the near ones is chosen. */
  readonly near: Policy;
  /** How one of the others is chosen when none is near; as the near ones unless given. Another locality, for example. */
  readonly elsewhere?: Policy;
}

/** One that is near; one from elsewhere only when none is. */
export class Locality implements Policy {
  readonly #options: LocalityOptions;

  constructor(options: LocalityOptions) {
    this.#options = options;
  }

  choose(candidates: readonly Candidate[], query: Query): Candidate | undefined {
    const { label, value, near, elsewhere = near } = this.#options;
    const nearby = candidates.filter(({ instance }) => instance.labels[label] === value);
    return nearby.length > 0 ? near.choose(nearby, query) : elsewhere.choose(candidates, query);
  }
}
