import type { ZabStatus } from './status.ts';

/**
 * How far a leader has come with its epoch: it waits for a quorum to join, to choose an epoch that none of them has
 * promised; then for a quorum to promise it; then for a quorum, itself included, to have its history on disk.
 */
export type LeadingPhase = 'discovering' | 'asking' | 'synchronizing' | 'established';

/** The same for those who operate it, as the paper on Zab divides it. */
export const statusPhases = {
  discovering: 'discovering',
  asking: 'discovering',
  synchronizing: 'synchronizing',
  established: 'serving',
} as const satisfies Record<LeadingPhase, ZabStatus['phase']>;
