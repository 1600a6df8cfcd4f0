import type { Outbox, Replica, ReplicaEvent, ReplicaOptions } from '@reeve/replica';
import type { MemberId } from '@reeve/zab';
import type { Disk } from './disk.ts';
import type { Timeline } from './timeline.ts';

/** What sabotage can lay hands on. */
export interface Victim {
  readonly id: MemberId;
  readonly timeline: Timeline;
  readonly disk: Disk;
  /** Another one in each life. */
  readonly replica: Replica | undefined;
  step(event: ReplicaEvent): void;
  persisted(zxid: number): void;
  truncated(): void;
  installed(): void;
  jump(ms: number): void;
}

/**
 * A way to break a member from outside, as a mistake in the code would: by what it is told, and by what is made of what it
 * wants done. The code itself stays as it is.
 */
export interface Sabotage {
  /** Changes or withholds (`undefined`) an event before the member is told. */
  event?(member: Victim, event: ReplicaEvent): ReplicaEvent | undefined;
  /** Changes what the member wants done, before it is. */
  outbox?(member: Victim, outbox: Outbox): void;
  /** Changes what a member is told when it starts. */
  options?(member: Victim, options: ReplicaOptions): ReplicaOptions;
  /** The member is about to start from its disk. */
  restarting?(member: Victim): void;
}

/** Nothing is broken. */
export const noSabotage: Sabotage = {};
