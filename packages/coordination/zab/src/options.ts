import type { MemberId, Membership } from './membership.ts';
import type { Epochs } from './outbox.ts';

/** Everything agreement has to be told. Times are in milliseconds. */
export interface ZabOptions {
  /** This member. */
  readonly id: MemberId;
  /** The ensemble as this member knew it last. One participant alone leads without asking anybody. */
  readonly membership: Membership;
  /** What this member promised before; undefined at its first start. */
  readonly epochs: Epochs | undefined;
  /** How long a leader may take to gather a quorum and a learner to catch up (ZooKeeper's initLimit times tickTime). */
  readonly initTimeoutMs: number;
  /** How long leader and learners may not hear of each other (ZooKeeper's syncLimit times tickTime). */
  readonly syncTimeoutMs: number;
  /** How often the leader asks its learners whether they are there. */
  readonly pingIntervalMs: number;
  /** How long a quorum of equal votes waits for a better one, unless everybody has voted. */
  readonly electionSettleMs: number;
  /** How often votes are repeated while there is no leader: at first, and at most. */
  readonly resendMs: number;
  readonly resendMsMax: number;
  /** How much of the log is kept in memory for learners that were away for a short time; no more than that, committed. */
  readonly recentBytesMax: number;
  readonly recentEntriesMax: number;
  /** How many bytes may wait for one learner before it is given up. */
  readonly learnerBacklogBytesMax: number;
  /** The counter of a zxid from which on a leader prepares the next epoch; far enough from 2^32 to get there in time. */
  readonly counterRollAt: number;
}

/** The options of an ensemble that nobody has tuned; the limits are those of ZooKeeper's sample configuration. */
export const zabDefaults = {
  initTimeoutMs: 20_000,
  syncTimeoutMs: 10_000,
  pingIntervalMs: 1_000,
  electionSettleMs: 30,
  resendMs: 100,
  resendMsMax: 2_000,
  recentBytesMax: 8 * 1024 * 1024,
  recentEntriesMax: 50_000,
  learnerBacklogBytesMax: 256 * 1024 * 1024,
  counterRollAt: 2 ** 32 - 2 ** 20,
} as const satisfies Partial<ZabOptions>;
