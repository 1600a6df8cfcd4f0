import type { LinkId } from './event.ts';
import type { Member } from './member.ts';
import type { MemberId, Membership } from './membership.ts';
import type { Notification, Vote } from './notification.ts';
import type { EarlyLink, Election, OpenedLink, Received, Role, RoleStatus } from './role.ts';
import { compareVotes, voteText } from './vote.ts';

/**
 * Fast leader election. Everybody tells everybody whom it would follow, and takes over the best vote it hears of, until
 * a quorum names the same member. Whoever leads or follows already says so, and is joined if a quorum agrees.
 */
export class Looking implements Role {
  readonly #member: Member;
  readonly #why: string;
  readonly #startedMs: number;
  /** What others vote in this round. */
  readonly #votes = new Map<MemberId, Vote>();
  /** What those say who lead or follow, whatever their round. */
  readonly #settled = new Map<MemberId, Notification>();
  readonly #early = new Map<LinkId, EarlyLink>();
  /** A member whose tries to follow keep failing is in no hurry with the next. */
  readonly #decideAtMs: number;
  #vote: Vote;
  /** When a quorum names the same member, and that has settled. */
  #settleAtMs: number | undefined;
  #resendMs: number;
  #resendAtMs: number;

  constructor(member: Member, why: string) {
    this.#member = member;
    this.#why = why;
    const { nowMs, failures, options } = member;
    this.#startedMs = nowMs;
    this.#vote = member.ownVote;
    this.#resendMs = options.resendMs;
    this.#resendAtMs = nowMs + options.resendMs;
    const waitMs = failures < 2 ? 0 : Math.min(options.resendMsMax, options.resendMs * 2 ** (failures - 2));
    this.#decideAtMs = nowMs + waitMs;
  }

  get wakeAtMs(): number {
    const { nowMs } = this.#member;
    const heldBackMs = this.#decideAtMs > nowMs ? this.#decideAtMs : this.#resendAtMs;
    return Math.min(this.#resendAtMs, this.#settleAtMs ?? this.#resendAtMs, heldBackMs);
  }

  linkTo(): undefined {}

  begin(): void {
    const member = this.#member;
    member.round += 1;
    if (member.alone) return member.turn({ to: 'leading', election: this.#election, early: [] });
    member.note('looking for a leader', { why: this.#why, round: member.round, own: voteText(this.#vote) });
    this.#tell();
    this.#decide();
  }

  end(): void {
    this.#member.turnAway(this.#early.values());
  }

  notified(notification: Notification): void {
    const { from, membership } = notification;
    const member = this.#member;
    const knowsMore = membership.version > member.membership.version;
    if (knowsMore) this.#reconfigure(membership);
    if (!member.belongs(from) && !knowsMore) return this.#answer(notification);
    if (notification.state === 'looking') this.#heardVote(notification);
    else this.#heardOutcome(notification, knowsMore ? 'knows_more' : 'equal');
    this.#decide();
  }

  opened({ link, peer, origin }: OpenedLink): void {
    const member = this.#member;
    if (origin === 'dialled') return member.close(link);
    // A member that dials again has given up its earlier link.
    for (const earlier of this.#early.values()) {
      if (earlier.peer !== peer) continue;
      this.#early.delete(earlier.link);
      member.close(earlier.link);
    }
    this.#early.set(link, { link, peer, sinceMs: member.nowMs, join: undefined });
  }

  received({ link, message }: Received): void {
    const early = this.#early.get(link);
    if (early !== undefined && message.kind === 'join') early.join = message;
  }

  closed(link: LinkId): void {
    this.#early.delete(link);
  }

  advanced(): void {}

  timer(): void {
    const member = this.#member;
    const { nowMs, options } = member;
    for (const { link, sinceMs } of this.#early.values()) {
      if (nowMs - sinceMs < options.initTimeoutMs) continue;
      this.#early.delete(link);
      member.close(link);
    }
    if (nowMs >= this.#resendAtMs) {
      this.#resendMs = Math.min(this.#resendMs * 2, options.resendMsMax);
      this.#resendAtMs = nowMs + this.#resendMs;
      this.#tell();
    }
    this.#decide();
  }

  status(): RoleStatus {
    return { role: 'looking', phase: 'electing', leader: undefined, learners: [] };
  }

  get #asked(): boolean {
    return this.#member.roleOf(this.#member.id) === 'participant';
  }

  get #election(): Election {
    return { vote: this.#vote, round: this.#member.round };
  }

  #tell(): void {
    this.#member.notifyAll(this.#election, 'looking');
  }

  #answer({ from, state }: Notification): void {
    if (state === 'looking') this.#member.notify(from, this.#election, 'looking');
  }

  /** This member missed a change: with those who did not it may be a quorum, and nobody else is left to tell it. */
  #reconfigure(membership: Membership): void {
    const member = this.#member;
    member.reconfigure(membership);
    member.round += 1;
    this.#votes.clear();
    this.#vote = member.ownVote;
    this.#settleAtMs = undefined;
    this.#tell();
  }

  #heardVote(notification: Notification): void {
    const { from, vote, round } = notification;
    const member = this.#member;
    this.#settled.delete(from);
    if (member.roleOf(from) !== 'participant' || !this.#asked) return;
    if (member.roleOf(vote.leader) !== 'participant') return;
    if (round < member.round) return this.#answer(notification);
    if (round > member.round) {
      member.round = round;
      this.#votes.clear();
      this.#vote = member.ownVote;
      this.#settleAtMs = undefined;
      this.#adopt(vote);
      this.#tell();
    } else if (compareVotes(vote, this.#vote) > 0) {
      this.#adopt(vote);
      this.#tell();
    } else if (compareVotes(vote, this.#vote) < 0) {
      // What was said before may not have reached it.
      this.#answer(notification);
    }
    this.#votes.set(from, vote);
  }

  #adopt(vote: Vote): void {
    if (compareVotes(vote, this.#vote) <= 0) return;
    this.#vote = vote;
    this.#settleAtMs = undefined;
  }

  #heardOutcome(notification: Notification, of: 'knows_more' | 'equal'): void {
    const { from, vote, round, state } = notification;
    const member = this.#member;
    // Who belongs by now is not known here, but whoever leads it will be able to say.
    if (of === 'knows_more' && state === 'leading') return this.#follow({ vote, round }, 'it leads a newer membership');
    if (member.roleOf(from) !== 'participant') return;
    this.#settled.set(from, notification);
    if (round === member.round) this.#votes.set(from, vote);
  }

  #decide(): void {
    const member = this.#member;
    if (member.turning || member.nowMs < this.#decideAtMs) return;
    if (this.#joinsLeader() || !this.#asked) return;
    const agrees = (id: MemberId) => {
      const vote = id === member.id ? this.#vote : this.#votes.get(id);
      return vote !== undefined && compareVotes(vote, this.#vote) === 0;
    };
    if (!member.quorum.reached(agrees)) {
      // Who was started again has taken its vote back.
      this.#settleAtMs = undefined;
      return;
    }
    this.#settleAtMs ??= member.nowMs + member.options.electionSettleMs;
    const { leader } = this.#vote;
    const isCertain = this.#everybodyVoted() || this.#settled.get(leader)?.state === 'leading';
    if (isCertain || member.nowMs >= this.#settleAtMs) this.#elect();
  }

  /** Joins a leader that a quorum follows and that says itself that it leads. */
  #joinsLeader(): boolean {
    for (const { from, state, vote, round } of this.#settled.values()) {
      if (state !== 'leading' || vote.leader !== from) continue;
      if (!this.#member.quorum.reached((id) => this.#settled.get(id)?.vote.leader === from)) continue;
      this.#follow({ vote, round }, 'a quorum follows it already');
      return true;
    }
    return false;
  }

  #everybodyVoted(): boolean {
    const { id: self, membership } = this.#member;
    return membership.members.every(({ id, role }) => role === 'observer' || id === self || this.#votes.has(id));
  }

  #elect(): void {
    const member = this.#member;
    if (this.#vote.leader !== member.id) return this.#follow(this.#election, 'a quorum votes for it');
    this.#tellOutcome('elected', 'a quorum votes for it');
    member.notifyAll(this.#election, 'leading');
    member.turn({ to: 'leading', election: this.#election, early: [...this.#early.values()] });
    this.#early.clear();
  }

  #follow(election: Election, why: string): void {
    const member = this.#member;
    if (member.turning) return;
    member.round = election.round;
    this.#vote = election.vote;
    this.#tellOutcome('will follow', why);
    member.notifyAll(election, this.#asked ? 'following' : 'observing');
    member.turn({ to: 'learning', election });
  }

  #tellOutcome(what: string, why: string): void {
    const { round, nowMs, tally } = this.#member;
    tally.elections.note(nowMs - this.#startedMs);
    const votes = [...this.#votes].map(([from, vote]) => `${from} for ${voteText(vote)}`);
    const settled = [...this.#settled.values()].map(({ from, state, vote }) => `${from} ${state} ${vote.leader}`);
    this.#member.note(`${what} ${this.#vote.leader}`, {
      why,
      round,
      vote: voteText(this.#vote),
      votes: votes.join(', '),
      settled: settled.join(', '),
      tookMs: nowMs - this.#startedMs,
      begun: this.#why,
    });
  }
}
