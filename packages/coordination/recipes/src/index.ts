/** Coordination services: elections, locks, membership, mirrors and more, on nothing but the client's interface. */
export * from './election/leader-election.ts';
export * from './line/lease.ts';
export type { LossReason, SafetyOptions } from './line/place.ts';
export * from './membership/group-member.ts';
export * from './membership/group-view.ts';
export * from './mirrors/tree-mirror.ts';
export { ensurePath } from './recipe/ensure-path.ts';
export { RecipeError, type RecipeFacts } from './recipe/recipe-error.ts';
export type { RecipeEvents } from './recipe/recipe-events.ts';
export type { WaitOptions } from './recipe/waiting.ts';
