import { describe, expect, test } from '@jest/globals';
import { formatEnsemble } from '../src/commands/coordinator-status.ts';
import { placesOf } from '../src/ensemble/ask-member.ts';
import { ensembleView } from '../src/ensemble/ensemble-view.ts';
import { type MemberView, memberView } from '../src/ensemble/member-view.ts';
import { colorsFor } from '../src/output/colors.ts';

const output = { colors: colorsFor({ isTTY: false, env: {} }), width: undefined };
const notServing = 'This ZooKeeper instance is not currently serving requests\n';
const srvr = (mode: string, zxid: string) => `Outstanding: 0\nZxid: ${zxid}\nMode: ${mode}\n`;

function mntr(figures: Record<string, string | number>): string {
  return Object.entries(figures)
    .map(([name, value]) => `${name}\t${value}\n`)
    .join('');
}

const learner = (words = 'caught_up acked=0x300000010 behind=0 silent=5ms') => `participant ${words}`;

function leader(learners: Record<string, string> = { 2: learner(), 3: learner() }): MemberView {
  const told = Object.entries(learners).map(([id, words]) => [`reeve_coordinator_learner_${id}`, words]);
  const synced = Object.values(learners).filter((words) => words.includes('caught_up')).length;
  const figures = { zk_quorum_size: 3, zk_synced_followers: synced, reeve_coordinator_member_id: 1 };
  return memberView('a:1', srvr('leader', '0x300000010'), mntr({ ...figures, ...Object.fromEntries(told) }));
}

const follower = (id: number, zxid = '0x300000010') =>
  memberView(`m${id}:1`, srvr('follower', zxid), mntr({ reeve_coordinator_member_id: id }));
const looking = (id: number) => memberView(`m${id}:1`, notServing, notServing);
const gone = (id: number) => memberView(`m${id}:1`, undefined, undefined);

describe('an ensemble', () => {
  test('is whole when everybody who votes has caught up', () => {
    const view = ensembleView([leader(), follower(2), follower(3)]);
    expect(view).toMatchObject({ status: 'whole', leader: 'a:1', epoch: 3, participants: { all: 3, working: 3 } });
    expect(formatEnsemble(view, output).split('\n')).toEqual([
      'whole: a:1 leads epoch 3, 3 of 3 participants at work',
      '',
      'COORDINATOR  ID  ROLE      EPOCH  ZXID         BEHIND  PROBLEM',
      'a:1           1  leader        3  0x300000010       0',
      'm2:1          2  follower      3  0x300000010       0',
      'm3:1          3  follower      3  0x300000010       0',
    ]);
  });

  const late = learner('caught_up acked=0x300000001 behind=5000 silent=5ms');
  const silent = learner('caught_up acked=0x300000010 behind=0 silent=4100ms');
  const joining = learner('catching_up acked=0x0 behind=16 silent=5ms');

  test.each<[string, MemberView[], string, string]>([
    ['one does not answer', [leader({ 2: learner() }), follower(2), gone(3)], 'degraded', 'does not answer'],
    ['one follows nobody', [leader({ 2: learner() }), follower(2), looking(3)], 'degraded', 'follows nobody'],
    ['one is slow', [leader({ 2: learner(), 3: late }), follower(2), follower(3)], 'degraded', 'is slow'],
    ['one is silent', [leader({ 2: learner(), 3: silent }), follower(3)], 'degraded', 'was not heard of for 4s'],
    ['one catches up', [leader({ 2: learner(), 3: joining }), follower(3)], 'degraded', 'is catching up'],
    ['one that was not asked is missing', [leader({ 2: learner() })], 'degraded', ''],
    ['all are looking', [looking(1), looking(2), gone(3)], 'no_quorum', 'follows nobody'],
    ['nobody answers', [gone(1)], 'no_quorum', 'does not answer'],
  ])('says so when %s', (_, members, status, problem) => {
    const view = ensembleView(members);
    expect(view.status).toBe(status);
    expect(view.members.map((member) => member.problem)).toContain(problem);
  });

  test('of two leaders has the one of the later epoch', () => {
    const old = memberView('b:1', srvr('leader', '0x200000001'), mntr({}));
    const view = ensembleView([old, leader()]);
    expect([view.leader, view.members[0]?.problem]).toEqual(['a:1', 'leads an epoch that is over']);
  });

  test('that tells by srvr alone is known less well', () => {
    const no = 'mntr is not executed because it is not in the whitelist.\n';
    const members = [
      memberView('a:1', srvr('leader', '0x300000010'), no),
      memberView('b:1', srvr('follower', '0x30000000c'), no),
    ];
    const view = ensembleView(members);
    expect(view).toMatchObject({ status: 'whole', epoch: 3, participants: undefined });
    expect(view.members[1]).toMatchObject({ behind: 4, id: undefined });
  });

  test('may be one that is alone', () => {
    expect(ensembleView([memberView('a:1', srvr('standalone', '0x5'), mntr({}))]).status).toBe('whole');
  });
});

describe('a connect string', () => {
  test('names places, with the usual port where it names none', () => {
    expect(placesOf('a:1,b , [::1]:3/reeve')).toEqual([
      { host: 'a', port: 1 },
      { host: 'b', port: 2181 },
      { host: '::1', port: 3 },
    ]);
  });
});
