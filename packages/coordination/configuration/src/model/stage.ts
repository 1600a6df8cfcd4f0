import { createHash } from 'node:crypto';
import { configError } from '../config-error.ts';

/**
 * Who gets what is rolled out: followers with all these labels, and of them this share. What is not given limits
 * nothing; so an empty stage means everybody.
 */
export interface Stage {
  /** Above 0 to 1. Who belongs to 0.1 belongs to 0.5 too: it is by a hash of the follower's id. */
  readonly share?: number;
  readonly labels?: Readonly<Record<string, string>>;
}

/** Who a follower is, for stages. */
export interface FollowerIdentity {
  /** Keeps its meaning over restarts, such as the name of the host. */
  readonly id: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** Whether a stage reaches this follower. */
export function reaches(stage: Stage, { id, labels }: FollowerIdentity): boolean {
  const { share = 1, labels: wanted = {} } = stage;
  return Object.entries(wanted).every(([name, value]) => labels[name] === value) && place(id) < share;
}

/** @throws ConfigError `stage_invalid` */
export function checkStage(stage: Stage): Stage {
  const { share } = stage;
  if (share === undefined || (share > 0 && share <= 1)) return stage;
  throw configError({ code: 'stage_invalid', reason: `a share is above 0 and at most 1 (100%), not ${share}` });
}

/** Where an id stands among all, 0 to 1, the same for ever. */
function place(id: string): number {
  return createHash('sha256').update(id).digest().readUInt32BE() / 2 ** 32;
}
