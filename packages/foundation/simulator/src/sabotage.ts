import type { Outbox, ReplicaEvent } from '@reeve/replica';
import type { Member } from './member.ts';

/**
 * A way to break a member from outside, as a mistake in the code would: by what it is told, and by what is made of what it
 * wants done. The code itself stays as it is.
 */
export interface Sabotage {
  /** Changes or withholds (`undefined`) an event before the member is told. */
  event?(member: Member, event: ReplicaEvent): ReplicaEvent | undefined;
  /** Changes what the member wants done, before it is. */
  outbox?(member: Member, outbox: Outbox): void;
  /** The member is about to start from its disk. */
  restarting?(member: Member): void;
}

/** Nothing is broken. */
export const noSabotage: Sabotage = {};
