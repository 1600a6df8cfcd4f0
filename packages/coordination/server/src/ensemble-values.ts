import { counterOf, epochOf, type LearnerStatus, type MemberId, type Timing, type ZabStatus } from '@reeve/zab';
import { counter, gauge, type MonitorValue, text } from './monitor-value.ts';

/** Figures of one member of several; one alone has none. Names are ZooKeeper's where it has them. */
export function ensembleValues(zab: ZabStatus, id: MemberId | undefined): MonitorValue[] {
  if (id === undefined) return [];
  const own = gauge('reeve_coordinator_member_id', id, 'This member: its myid');
  return [own, ...membership(zab), ...deeds(zab), ...(zab.role === 'leading' ? leading(zab) : [])];
}

function membership(zab: ZabStatus): MonitorValue[] {
  const { membership, epoch, acceptedEpoch, lastLogged, lastCommitted, leader } = zab;
  const participants = membership.members.filter(({ role }) => role === 'participant').length;
  return [
    text('peer_state', peerState(zab), 'What the member is to the ensemble, and how far it is with that'),
    gauge('quorum_size', participants, 'Members that vote'),
    gauge('reeve_coordinator_members', membership.members.length, 'Members, observers among them'),
    gauge('reeve_coordinator_leader_id', leader ?? 0, 'The member that leads; 0 when none does'),
    gauge('reeve_coordinator_epoch', epoch, 'The epoch that the member agreed to last'),
    gauge('reeve_coordinator_accepted_epoch', acceptedEpoch, 'The epoch that the member promised itself to last'),
    gauge('reeve_coordinator_last_logged_zxid', lastLogged, 'The last zxid in the log'),
    gauge('reeve_coordinator_last_committed_zxid', lastCommitted, 'The last zxid that is agreed on'),
    gauge('reeve_coordinator_uncommitted', behind(lastLogged, lastCommitted), 'Log entries that are not agreed on yet'),
  ];
}

/** What it has done, in whatever role. */
function deeds({ tally }: ZabStatus): MonitorValue[] {
  const { searches, elections, outages, syncs, quorumAcks, proposals, commits, received } = tally;
  return [
    counter('looking_count', searches, 'How often it began to look for a leader'),
    timing('election_time', elections, 'From then on until it knew who leads, milliseconds'),
    timing('unavailable_time', outages, 'How long it did not serve, milliseconds'),
    timing('follower_sync_time', syncs, 'Getting to the state of its leader, of an observer too, milliseconds'),
    counter('proposal_count', proposals, 'Proposals that it made as a leader'),
    counter('commit_count', commits, 'Those that were agreed on while it led'),
    counter('learner_proposal_received_count', received, 'Proposals that it got from a leader'),
    timing('quorum_ack_latency', quorumAcks, 'From its proposal until a quorum has it, milliseconds; of one at a time'),
    counter('diff_count', tally.differencesSent, 'Learners that it sent what they lacked'),
    counter('snap_count', tally.snapshotsSent, 'Learners that it sent a snapshot'),
  ];
}

function timing(name: string, { count, sumMs: sum, minMs: min, maxMs: max }: Timing, help: string): MonitorValue {
  return { kind: 'summary', name, help, count, sum, min, max, average: count === 0 ? 0 : sum / count, quantiles: [] };
}

function leading({ learners, lastLogged, servingMs, tally }: ZabStatus): MonitorValue[] {
  const caughtUp = learners.filter(({ phase }) => phase === 'caught_up');
  const followers = caughtUp.filter(({ role }) => role === 'participant').length;
  const lag = Math.max(0, ...caughtUp.map(({ ackedZxid }) => behind(lastLogged, ackedZxid)));
  return [
    gauge('leader_uptime', servingMs ?? 0, 'How long it has led, milliseconds'),
    gauge('last_proposal_size', tally.proposalBytesLast, 'Bytes of its last proposal; -1 before the first'),
    gauge('min_proposal_size', tally.proposalBytesMin, 'Bytes of its smallest proposal'),
    gauge('max_proposal_size', tally.proposalBytesMax, 'Bytes of its largest proposal'),
    gauge('learners', learners.length, 'Members that follow or observe this leader'),
    gauge('followers', learners.filter(({ role }) => role === 'participant').length, 'Voting members that follow it'),
    gauge('synced_followers', followers, 'Voting members that have caught up'),
    gauge('synced_non_voting_followers', 0, 'Followers that do not vote: there are none but observers'),
    gauge('synced_observers', caughtUp.length - followers, 'Observers that have caught up'),
    gauge('pending_syncs', learners.length - caughtUp.length, 'Members that are catching up'),
    gauge(
      'reeve_coordinator_learner_lag',
      lag,
      'Log entries that the slowest of those who caught up has not acknowledged',
    ),
    ...learners.map((learner) => learnerValue(learner, lastLogged)),
  ];
}

/** `participant caught_up acked=0x200000007 behind=0 silent=12ms`: for people, and for `reeve coordinator status`. */
function learnerValue({ member, role, phase, ackedZxid, silentMs }: LearnerStatus, lastLogged: number): MonitorValue {
  const facts = [`acked=0x${ackedZxid.toString(16)}`, `behind=${behind(lastLogged, ackedZxid)}`];
  const value = [role, phase, ...facts, `silent=${Math.round(silentMs)}ms`].join(' ');
  return text(`reeve_coordinator_learner_${member}`, value, 'A member as its leader sees it');
}

/** Entries from one zxid to another. What an epoch before had more is not known; the new one's count is a lower bound. */
function behind(last: number, reached: number): number {
  if (reached >= last) return 0;
  return epochOf(last) === epochOf(reached) ? last - reached : Math.max(1, counterOf(last));
}

const zabStates = {
  electing: 'election',
  discovering: 'discovery',
  synchronizing: 'synchronization',
  serving: 'broadcast',
} as const satisfies Record<ZabStatus['phase'], string>;

/** The part of Zab that a member is in, by ZooKeeper's word. */
export function zabState({ phase }: ZabStatus): string {
  return zabStates[phase];
}

function peerState(zab: ZabStatus): string {
  const { role } = zab;
  return role === 'alone' || role === 'failed' ? role : `${role} - ${zabState(zab)}`;
}
