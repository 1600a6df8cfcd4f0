import { describe, expect, test } from '@jest/globals';
import type { MemberId, Membership, Notification, Zab } from '@reeve/zab';
import { firstZxid } from '../src/zxid.ts';
import { TestNetwork } from './network.ts';

const roles = { role: 'participant', place: '' } as const;
const members = [1, 2, 3].map((id) => ({ id, ...roles }));

function voteOf(from: MemberId, leader: MemberId): Notification {
  return { from, vote: { leader, epoch: 0, zxid: 0 }, round: 1, state: 'looking', membership: { version: 0, members } };
}

describe('a member that looks for a leader', () => {
  test('waits again when a vote that made a quorum is taken back', () => {
    const network = new TestNetwork({ version: 0, members }, { electionSettleMs: 30 });
    const member = network.member(1);
    network.start(member);
    network.step(member, { kind: 'notified', notification: voteOf(2, 3) });
    expect((member.zab as Zab).wakeInMs).toBe(30);
    network.step(member, { kind: 'notified', notification: voteOf(2, 2) });
    network.nowMs = 40;
    network.step(member, { kind: 'timer' });
    expect((member.zab as Zab).wakeInMs).toBe(60);
  });

  test('lets those go who joined it early, when its disk fails', () => {
    const network = new TestNetwork({ version: 0, members });
    network.deaf.add(3);
    for (const id of [1, 2, 3]) network.start(network.member(id));
    network.run(200);
    expect(network.links.size).toBe(2);
    network.failDisk(network.member(3));
    network.run(3_000);
    expect((network.member(2).zab as Zab).status(network.nowMs)).toMatchObject({ role: 'leading', phase: 'serving' });
  });

  test('learns from others of a change that it has missed, when without it they are no quorum', () => {
    const network = new TestNetwork({ version: 0, members });
    for (const id of [4, 5]) network.add(id, { version: 0, members });
    for (const member of network.members.values()) network.start(member);
    network.partition([[1, 2, 4, 5], [3]]);
    network.run(20_000);
    const leader = network.member(2);
    const five = [1, 2, 3, 4, 5].map((id) => ({ id, ...roles }));
    network.propose(leader, 'change', { version: (leader.zab as Zab).nextZxid, members: five });
    network.run(1_000);
    for (const id of [1, 2]) network.crash(network.member(id));
    network.partition([[3, 4, 5]]);
    network.run(5_000);
    const states = [3, 4, 5].map((id) => (network.member(id).zab as Zab).status(network.nowMs));
    expect(states.map(({ role, phase }) => `${role} ${phase}`).sort()).toEqual([
      'following serving',
      'following serving',
      'leading serving',
    ]);
    for (const { membership } of states) expect(membership.members).toEqual(five);
  });

  test('is not asked for the consent of members that had left before all others were started again', () => {
    const changes = [
      [1, 2, 4],
      [4, 5, 6],
    ].map((ids, at) => ({
      version: firstZxid(1) + at,
      members: ids.map((id) => ({ id, ...roles })),
    }));
    const network = new TestNetwork(changes[1] as Membership);
    for (const member of network.members.values()) {
      const { disk } = member;
      disk.epochs = { acceptedEpoch: 1, currentEpoch: 1 };
      for (const change of changes) {
        disk.log.push({ zxid: change.version, payload: Buffer.from('change') });
        disk.changes.set(change.version, change);
      }
      network.start(member);
    }
    network.run(5_000);
    expect((network.member(6).zab as Zab).status(network.nowMs)).toMatchObject({ role: 'leading', phase: 'serving' });
  });
});
