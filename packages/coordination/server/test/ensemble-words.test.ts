import { readFileSync } from 'node:fs';
import { afterEach, describe, expect, test } from '@jest/globals';
import { fourLetterWord, temporaryDirectory } from '@reeve/testkit';
import type { ZabStatus } from '@reeve/zab';
import { coordinatorConfig } from '../src/config.ts';
import { type Coordinator, createServer } from '../src/coordinator.ts';
import { ensembleValues } from '../src/ensemble-values.ts';
import { monitorLines } from '../src/monitor-value.ts';
import { membershipOf, wholeConfig } from './party.ts';

const running: Coordinator[] = [];

afterEach(async () => {
  for (const coordinator of running.splice(0)) await coordinator.stop();
});

const members = [1, 2, 3, 4].map((id) => {
  const role = id === 4 ? ('observer' as const) : ('participant' as const);
  return { id, role, place: `m${id}:1:2:${role}` };
});
const epoch = 2 ** 32;

const never = { count: 0, sumMs: 0, minMs: 0, maxMs: 0 };

const leading: ZabStatus = {
  role: 'leading',
  phase: 'serving',
  servingMs: 1234.5,
  leader: 1,
  epoch: 3,
  acceptedEpoch: 3,
  lastLogged: 3 * epoch + 9,
  lastCommitted: 3 * epoch + 7,
  membership: { version: 0, members },
  learners: [
    { member: 2, role: 'participant', phase: 'caught_up', ackedZxid: 3 * epoch + 5, silentMs: 12.4 },
    { member: 3, role: 'participant', phase: 'catching_up', ackedZxid: 2 * epoch + 100, silentMs: 3 },
    { member: 4, role: 'observer', phase: 'caught_up', ackedZxid: 3 * epoch + 9, silentMs: 1 },
  ],
  tally: {
    searches: 2,
    elections: { count: 2, sumMs: 30, minMs: 10, maxMs: 20 },
    outages: { count: 1, sumMs: 40, minMs: 40, maxMs: 40 },
    syncs: never,
    proposals: 9,
    commits: 7,
    received: 5,
    differencesSent: 2,
    snapshotsSent: 1,
    proposalBytesLast: 70,
    proposalBytesMin: 50,
    proposalBytesMax: 90,
    quorumAcks: { count: 4, sumMs: 6, minMs: 1, maxMs: 3 },
  },
};

const figures = (status: ZabStatus) => Object.fromEntries(ensembleValues(status, 1).flatMap(monitorLines));

describe('the figures of a member of several', () => {
  test('tell of a leader what ZooKeeper tells, and of each learner how far it is', () => {
    expect(figures(leading)).toMatchObject({
      peer_state: 'leading - broadcast',
      leader_uptime: 1235,
      last_proposal_size: 70,
      min_proposal_size: 50,
      max_proposal_size: 90,
      quorum_size: 3,
      learners: 3,
      followers: 2,
      synced_followers: 1,
      synced_observers: 1,
      pending_syncs: 1,
      reeve_coordinator_member_id: 1,
      reeve_coordinator_leader_id: 1,
      reeve_coordinator_epoch: 3,
      reeve_coordinator_uncommitted: 2,
      reeve_coordinator_learner_lag: 4,
      reeve_coordinator_learner_2: 'participant caught_up acked=0x300000005 behind=4 silent=12ms',
      reeve_coordinator_learner_3: 'participant catching_up acked=0x200000064 behind=9 silent=3ms',
    });
  });

  test.each<[Partial<ZabStatus>, string]>([
    [{ role: 'following', learners: [] }, 'following - broadcast'],
    [{ role: 'leading', phase: 'discovering', learners: [] }, 'leading - discovery'],
    [{ role: 'observing', phase: 'synchronizing', learners: [] }, 'observing - synchronization'],
    [{ role: 'looking', phase: 'electing', leader: undefined, learners: [] }, 'looking - election'],
  ])('tell of one with %j that it is "%s", and of learners when it leads', (changes, state) => {
    const told = figures({ ...leading, ...changes });
    expect(told.peer_state).toBe(state);
    expect('learners' in told).toBe(changes.role === 'leading');
  });

  test('tell how long elections and outages took, and how fast a quorum is, under the names of ZooKeeper', () => {
    expect(figures({ ...leading, role: 'following' })).toMatchObject({
      looking_count: 2,
      cnt_election_time: 2,
      avg_election_time: 15,
      max_election_time: 20,
      sum_unavailable_time: 40,
      cnt_follower_sync_time: 0,
      avg_follower_sync_time: 0,
      avg_quorum_ack_latency: 1.5,
      proposal_count: 9,
      commit_count: 7,
      learner_proposal_received_count: 5,
      diff_count: 2,
      snap_count: 1,
    });
  });

  test('are each explained in the documentation, and nothing else is', () => {
    const page = readFileSync(new URL('../../../../docs/metrics.md', import.meta.url), 'utf8');
    const rows = page.split('## One member of several')[1]?.matchAll(/^\| (`.*?) \|/gm) ?? [];
    const explained = [...rows].flatMap(([, names]) => names?.match(/[a-z_]+/g) ?? []);
    const told = ensembleValues(leading, 1).filter(({ kind }) => kind !== 'text');
    expect(explained.sort()).toEqual(told.map(({ name }) => name).sort());
  });

  test('are none of one that is alone', () => {
    expect(ensembleValues(leading, undefined)).toEqual([]);
  });
});

describe('a member without a quorum', () => {
  test('says to four-letter words that it does not serve, as ZooKeeper does, and that it lives', async () => {
    const ensemble = wholeConfig(1, await membershipOf([1, 2, 3]));
    const dataDirectory = temporaryDirectory();
    const coordinator = await createServer(
      coordinatorConfig({ dataDirectory, port: 0, fourLetterWords: 'all', ensemble }),
    );
    running.push(coordinator);
    const ask = (word: string) => fourLetterWord(coordinator.port, word);
    const notServing = 'This ZooKeeper instance is not currently serving requests\n';
    for (const word of ['srvr', 'stat', 'mntr', 'conf', 'cons', 'wchs']) expect(await ask(word)).toBe(notServing);
    expect([await ask('ruok'), await ask('isro')]).toEqual(['imok', 'null']);
  });
});
