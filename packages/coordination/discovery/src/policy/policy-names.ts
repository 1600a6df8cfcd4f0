import { ConsistentHash } from './consistent-hash.ts';
import { LeastLoad } from './least-load.ts';
import type { Policy } from './policy.ts';
import { RoundRobin } from './round-robin.ts';
import { TwoChoices } from './two-choices.ts';
import { WeightedRandom } from './weighted-random.ts';

const policies = {
  'round-robin': () => new RoundRobin(),
  random: () => new WeightedRandom(),
  'least-load': () => new LeastLoad(),
  'two-choices': () => new TwoChoices(),
  hash: () => new ConsistentHash(),
} as const satisfies Readonly<Record<string, () => Policy>>;

/** How a policy is called on a command line or in a configuration. */
export type PolicyName = keyof typeof policies;

/** All names of policies. */
export const policyNames = Object.keys(policies) as readonly PolicyName[];

/** A policy by its name. */
export function policyOf(name: PolicyName): Policy {
  return policies[name]();
}
