import { counterOf, epochOf, type LearnerStatus, type MemberId, type ZabStatus } from '@reeve/zab';
import { gauge, type MonitorValue, text } from './monitor-value.ts';

/** Figures of one member of several; one alone has none. Names are ZooKeeper's where it has them. */
export function ensembleValues(zab: ZabStatus, id: MemberId | undefined): MonitorValue[] {
  if (id === undefined) return [];
  const own = gauge('reeve_coordinator_member_id', id, 'This member: its myid');
  return [own, ...membership(zab), ...(zab.role === 'leading' ? leading(zab) : [])];
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

function leading({ learners, lastLogged }: ZabStatus): MonitorValue[] {
  const caughtUp = learners.filter(({ phase }) => phase === 'caught_up');
  const followers = caughtUp.filter(({ role }) => role === 'participant').length;
  const lag = Math.max(0, ...caughtUp.map(({ ackedZxid }) => behind(lastLogged, ackedZxid)));
  return [
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

function peerState({ role, phase }: ZabStatus): string {
  if (role === 'alone' || role === 'failed') return role;
  if (role === 'looking') return 'looking - election';
  return `${role} - ${phase === 'serving' ? 'broadcast' : 'synchronization'}`;
}
