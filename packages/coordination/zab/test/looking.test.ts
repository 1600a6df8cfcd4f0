import { describe, expect, test } from '@jest/globals';
import type { MemberId, Notification, Zab } from '@reeve/zab';
import { TestNetwork } from './network.ts';

const roles = { role: 'participant', place: '' } as const;
const members = [1, 2, 3].map((id) => ({ id, ...roles }));

function voteOf(from: MemberId, leader: MemberId): Notification {
  return { from, vote: { leader, epoch: 0, zxid: 0 }, round: 1, state: 'looking', membershipVersion: 0 };
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
});
