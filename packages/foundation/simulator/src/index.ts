/** Whole ensembles in virtual time: members run the production code, everything around them is simulated. */
export { variants } from './broken/variants.ts';
export { Chance } from './chance.ts';
export { perform } from './deeds.ts';
export { messageIn } from './message-in.ts';
export { type Deed, type DeedName, deedNames, type Plan, parsePlan, planText, type Setup } from './plan.ts';
export { planOfSeed, type Wanted } from './plan-of-seed.ts';
export { mend, type RunResult, run, settle } from './run.ts';
export { noSabotage, type Sabotage } from './sabotage.ts';
export type { PromiseName, Violation } from './violation.ts';
export { timing, World, type WorldOptions } from './world.ts';
