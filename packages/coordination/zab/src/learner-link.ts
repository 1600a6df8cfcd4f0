import type { LinkId } from './event.ts';
import type { MemberId } from './membership.ts';
import type { Message } from './message.ts';
import type { LearnerStatus } from './status.ts';
import type { LearnerLog } from './sync-plan.ts';

/** How far a learner has come, as its leader sees it. */
export type LearnerPhase =
  /** There is a link, and maybe a wish to join that cannot be answered yet. */
  | { readonly kind: 'joining'; readonly join: Extract<Message, { kind: 'join' }> | undefined }
  /** It was told the epoch. */
  | { readonly kind: 'asked'; readonly epoch: number }
  /** It has promised the epoch, and waits for its history. */
  | { readonly kind: 'promised'; readonly epoch: number; readonly counted: 'yes' | 'no'; readonly log: LearnerLog }
  /** It was sent the history, and gets every proposal. */
  | { readonly kind: 'catching_up' }
  /** It has the history on its disk: what it acknowledges counts. */
  | { readonly kind: 'caught_up' };

/** The leader's view of one learner. */
export class LearnerLink {
  readonly link: LinkId;
  readonly peer: MemberId;
  phase: LearnerPhase = { kind: 'joining', join: undefined };
  /** The last zxid that it has on its disk. */
  acked = 0;
  /** The last round of pings that it answered. */
  answered = 0;
  /** The last epoch that it promised while it followed. */
  rolledTo = 0;
  heardMs: number;

  constructor({ link, peer }: { link: LinkId; peer: MemberId }, nowMs: number) {
    this.link = link;
    this.peer = peer;
    this.heardMs = nowMs;
  }

  get caughtUp(): boolean {
    return this.phase.kind === 'caught_up';
  }

  /** Whether it gets what is proposed and committed. */
  get listens(): boolean {
    return this.phase.kind === 'caught_up' || this.phase.kind === 'catching_up';
  }

  status(role: LearnerStatus['role'], nowMs: number): LearnerStatus {
    const { kind } = this.phase;
    const phase = kind === 'caught_up' || kind === 'catching_up' ? kind : 'joining';
    return { member: this.peer, role, phase, ackedZxid: this.acked, silentMs: nowMs - this.heardMs };
  }
}
