import type { MemberId, Membership } from './membership.ts';

/** Whom a member would have lead, and why: the one whose history is the longest. Greater wins: epoch, then zxid, then id. */
export interface Vote {
  readonly leader: MemberId;
  /** The current epoch of that member: the last in which it was in agreement with a leader. */
  readonly epoch: number;
  /** The last zxid in its log. */
  readonly zxid: number;
}

/** What a member says of its vote to all others. */
export interface Notification {
  readonly from: MemberId;
  readonly vote: Vote;
  /** Counts the elections of the sender: votes are compared within one round only. */
  readonly round: number;
  readonly state: 'looking' | 'following' | 'leading' | 'observing';
  /** Who belongs to the ensemble, as far as the sender knows: a change that others have missed may have to be told first. */
  readonly membership: Membership;
}
