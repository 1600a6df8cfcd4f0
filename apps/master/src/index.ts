/** A master as a process: follows all tasks and workers, stands for primary, and decides who runs what. */
export { type RunningMaster, runMaster } from './master.ts';
export { MasterError, type MasterFacts } from './master-error.ts';
export type { MasterOptions } from './master-options.ts';
export type { MasterRole } from './master-session.ts';
