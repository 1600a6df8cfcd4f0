import type { MemberId, Membership } from './membership.ts';

/** A learner as its leader sees it. */
export interface LearnerStatus {
  readonly member: MemberId;
  readonly role: 'participant' | 'observer';
  /** `caught_up` when it has acknowledged the leader's history. */
  readonly phase: 'joining' | 'catching_up' | 'caught_up';
  /** The last zxid it has acknowledged. */
  readonly ackedZxid: number;
  /** Milliseconds since it was heard of. */
  readonly silentMs: number;
}

/** How long something took each time that it happened, milliseconds. */
export interface Timing {
  readonly count: number;
  readonly sumMs: number;
  /** 0 when it never happened. */
  readonly minMs: number;
  readonly maxMs: number;
}

/** What a member has done since it started; it goes on counting. */
export interface ZabTally {
  /** How often it began to look for a leader. */
  readonly searches: number;
  /** From then on until it knew whom it would follow, or that it would lead. */
  readonly elections: Timing;
  /** How long it did not serve. */
  readonly outages: Timing;
  /** How long it took as a learner to get to its leader's history. */
  readonly syncs: Timing;
  /** What it proposed as a leader, and what of that was agreed on. */
  readonly proposals: number;
  readonly commits: number;
  /** Proposals of others that it got. */
  readonly received: number;
  /** Learners that got a difference, or a snapshot. */
  readonly differencesSent: number;
  readonly snapshotsSent: number;
  /** Of its own proposals' payloads; -1 before the first. */
  readonly proposalBytesLast: number;
  readonly proposalBytesMin: number;
  readonly proposalBytesMax: number;
  /** From a proposal of its own until it was agreed on; of one at a time. */
  readonly quorumAcks: Timing;
}

/** What a member says of agreement. */
export interface ZabStatus {
  /** `alone` is the leader of an ensemble of one; `failed` when the journal takes nothing. */
  readonly role: 'alone' | 'looking' | 'following' | 'observing' | 'leading' | 'failed';
  /** How far it is; it serves when it leads with a quorum, or has caught up with its leader. */
  readonly phase: 'electing' | 'discovering' | 'synchronizing' | 'serving';
  /** How long it has served. */
  readonly servingMs: number | undefined;
  readonly leader: MemberId | undefined;
  readonly epoch: number;
  readonly acceptedEpoch: number;
  readonly lastLogged: number;
  readonly lastCommitted: number;
  readonly membership: Membership;
  /** Of a leader. */
  readonly learners: readonly LearnerStatus[];
  readonly tally: ZabTally;
}
