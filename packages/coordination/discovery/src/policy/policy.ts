import type { ServiceInstance } from '../instance/service-instance.ts';

/** An instance that may be called, and what its caller knows of it. */
export interface Candidate {
  readonly instance: ServiceInstance;
  /** Calls of this caller that it has not answered yet. */
  readonly inFlight: number;
}

/** What is asked for. */
export interface Query {
  /** Who asks, or for what: calls with the same key go to the same instance, where the policy minds it. */
  readonly key?: string | undefined;
}

/** How one of several instances is chosen. */
export interface Policy {
  /** One of the candidates; nobody where there are none. */
  choose(candidates: readonly Candidate[], query: Query): Candidate | undefined;
}

/**
 * How busy a candidate is for its weight: what it reports, what its caller knows to be under way, and the call that is to
 * be placed.
 */
export function busyness({ instance, inFlight }: Candidate): number {
  return ((instance.load ?? 0) + inFlight + 1) / instance.weight;
}
