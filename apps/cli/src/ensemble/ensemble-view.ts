import type { LearnerView, MemberView } from './member-view.ts';

/** A member with what is to be said of it in its ensemble. */
export interface StandingView extends MemberView {
  /** Transactions that its leader has and it has not; undefined when that cannot be told. */
  readonly behind: number | undefined;
  /** What is wrong with it; empty when nothing is. */
  readonly problem: string;
}

/** How an ensemble is. */
export interface EnsembleView {
  /** `whole`: all that is known of is at work. `degraded`: it serves, and not all of it. `no_quorum`: nobody leads. */
  readonly status: 'whole' | 'degraded' | 'no_quorum';
  /** The address of the leader, or of a coordinator that is alone. */
  readonly leader: string | undefined;
  readonly epoch: number | undefined;
  /** Voting members, and how many of them are at work; where the leader tells. */
  readonly participants: { readonly all: number; readonly working: number } | undefined;
  readonly members: readonly StandingView[];
}

/** A caught-up member is slow when it lacks more than this, or was not heard of for so long. */
const behindMax = 1_000;
const silentMsMax = 3_000;

/** What the members' own words add up to. */
export function ensembleView(members: readonly MemberView[]): EnsembleView {
  const leader = leaderOf(members);
  const standings = members.map((member) => standingOf(member, leader));
  const leading = leader?.leading;
  const participants = leading && { all: leading.quorumSize, working: leading.syncedFollowers + 1 };
  const isWhole =
    standings.every(({ problem }) => problem === '') &&
    (participants === undefined || participants.working >= participants.all) &&
    (leading?.learners ?? []).every((learner) => slownessOf(learner) === '');
  const served = isWhole ? 'whole' : 'degraded';
  return {
    status: leader === undefined ? 'no_quorum' : served,
    leader: leader?.address,
    epoch: leader?.epoch,
    participants,
    members: standings,
  };
}

/** Of two that say so, the one in the later epoch. */
function leaderOf(members: readonly MemberView[]): MemberView | undefined {
  const leaders = members.filter(({ role }) => role === 'leader' || role === 'standalone');
  return leaders.sort((a, b) => (b.epoch ?? 0) - (a.epoch ?? 0))[0];
}

function standingOf(member: MemberView, leader: MemberView | undefined): StandingView {
  const learner = leader?.leading?.learners.find(({ id }) => id === member.id);
  return { ...member, behind: behindOf(member, { leader, learner }), problem: problemOf(member, { leader, learner }) };
}

interface SeenFrom {
  readonly leader: MemberView | undefined;
  readonly learner: LearnerView | undefined;
}

function behindOf(member: MemberView, { leader, learner }: SeenFrom): number | undefined {
  if (member === leader) return 0;
  if (learner !== undefined) return learner.behind;
  if (leader?.zxid === undefined || member.zxid === undefined || leader.epoch !== member.epoch) return undefined;
  return Math.max(0, leader.zxid - member.zxid);
}

function problemOf(member: MemberView, { leader, learner }: SeenFrom): string {
  if (member.state === 'unreachable') return 'does not answer';
  if (member.state === 'not_serving') return learner === undefined ? 'follows nobody' : 'is catching up';
  if (member.role === 'read-only') return 'takes no writes';
  if (member.role === 'leader' && member !== leader) return 'leads an epoch that is over';
  return learner === undefined ? '' : slownessOf(learner);
}

function slownessOf({ phase, behind, silentMs }: LearnerView): string {
  if (phase !== 'caught_up') return 'is catching up';
  if (silentMs > silentMsMax) return `was not heard of for ${Math.round(silentMs / 1_000)}s`;
  return behind > behindMax ? 'is slow' : '';
}
