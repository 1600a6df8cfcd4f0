/** Coordination services: elections, locks, membership, mirrors and more, on nothing but the client's interface. */
export * from './barriers/barrier.ts';
export * from './barriers/double-barrier.ts';
export * from './election/leader-election.ts';
export * from './line/lease.ts';
export type { LossReason, SafetyOptions } from './line/place.ts';
export * from './membership/group-member.ts';
export * from './membership/group-view.ts';
export * from './mirrors/tree-mirror.ts';
export { createUnder, ensurePath } from './recipe/ensure-path.ts';
export { inTime, takeBack } from './recipe/parting.ts';
export { RecipeError, type RecipeFacts, recipeError } from './recipe/recipe-error.ts';
export { EventHub, type RecipeEvents } from './recipe/recipe-events.ts';
export { type Retrying, retrying } from './recipe/retrying.ts';
export { reasonOf, unless, untilUnwanted, type WaitOptions } from './recipe/waiting.ts';
export * from './shared/counter.ts';
export * from './shared/sequence-range.ts';
export * from './shared/shared-value.ts';
