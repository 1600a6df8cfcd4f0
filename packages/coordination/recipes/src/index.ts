/** Election, membership and mirrors of trees, on nothing but the client's interface. */
export type { Candidate } from './candidate.ts';
export { ensurePath } from './ensure-path.ts';
export * from './group-member.ts';
export * from './group-view.ts';
export * from './leader-election.ts';
export { RecipeError, type RecipeFacts } from './recipe-error.ts';
export * from './tree-mirror.ts';
