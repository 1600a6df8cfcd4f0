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

/** What a member says of agreement. */
export interface ZabStatus {
  /** `alone` is the leader of an ensemble of one; `failed` when the journal takes nothing. */
  readonly role: 'alone' | 'looking' | 'following' | 'observing' | 'leading' | 'failed';
  /** Whether it serves: it leads with a quorum, or has caught up with its leader. */
  readonly phase: 'settling' | 'serving';
  readonly leader: MemberId | undefined;
  readonly epoch: number;
  readonly acceptedEpoch: number;
  readonly lastLogged: number;
  readonly lastCommitted: number;
  readonly membership: Membership;
  /** Of a leader. */
  readonly learners: readonly LearnerStatus[];
}
