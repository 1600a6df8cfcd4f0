import { describe, expect, test } from '@jest/globals';
import type { MemberId, Zab } from '@reeve/zab';
import { type TestMember, TestNetwork } from './network.ts';

const members = [1, 2, 3, 4, 5].map((id) => ({ id, role: 'participant', place: '' }) as const);

/** A learner's link is gone, and its leader does not notice. */
function loseLeader(network: TestNetwork, learner: TestMember, leader: MemberId): void {
  for (const { id, sides } of network.links.values()) {
    const ends = sides.map(({ to }) => to.id);
    if (ends.includes(learner.id) && ends.includes(leader)) network.step(learner, { kind: 'link_closed', link: id });
  }
}

describe('a leader that was deposed and has not noticed', () => {
  test('does not roll its epoch with the promise of one that has followed another since', () => {
    const network = new TestNetwork({ version: 0, members });
    for (const member of network.members.values()) network.start(member);
    network.run(1_000);
    network.partition([
      [4, 5],
      [1, 2, 3],
    ]);
    for (const id of [1, 2, 3]) loseLeader(network, network.member(id), 5);
    network.run(2_000);
    const acknowledged = network.propose(network.member(3), 'x');
    network.run(100);
    expect([1, 2, 3].map((id) => network.member(id).host.state.get(acknowledged))).toEqual(['x', 'x', 'x']);
    network.partition([
      [1, 4, 5],
      [2, 3],
    ]);
    const lost = network.member(1);
    loseLeader(network, lost, 3);
    const { epoch } = (network.member(5).zab as Zab).status(network.nowMs);
    // What member 2 said long ago was late.
    const late = { from: 2, vote: { leader: 5, epoch, zxid: 0 }, round: 1, state: 'following' } as const;
    network.step(lost, { kind: 'notified', notification: { ...late, membership: { version: 0, members } } });
    network.run(500);
    expect(lost.host.state.get(acknowledged)).toBe('x');
    expect(lost.disk.log.map(({ zxid }) => zxid)).toContain(acknowledged);
  });
});
