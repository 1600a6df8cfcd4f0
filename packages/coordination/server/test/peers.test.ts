import { describe, expect, test } from '@jest/globals';
import { eventually } from '@reeve/testkit';
import { membershipOf, outbox, Party } from './party.ts';

describe('members', () => {
  test('tell each other how they vote, whoever started first', async () => {
    const membership = await membershipOf([1, 2, 3]);
    const first = await Party.start(1, membership);
    first.notify(2, 5);
    first.notify(3, 5);
    const second = await Party.start(2, membership);
    const third = await Party.start(3, membership);
    second.notify(3, 6);
    await eventually(() => second.notifications.length === 1 && third.notifications.length === 2, {
      what: 'everybody was told',
    });
    const vote = { leader: 1, epoch: 3, zxid: 3 * 2 ** 32 + 7 };
    expect(second.notifications).toEqual([{ from: 1, vote, round: 5, state: 'looking', membershipVersion: 0 }]);
    expect(third.notifications.map(({ from }) => from).sort()).toEqual([1, 2]);
  });

  test('tell only their last vote to one who was away', async () => {
    const membership = await membershipOf([1, 2]);
    const first = await Party.start(1, membership);
    for (const round of [1, 2, 3]) first.notify(2, round);
    const second = await Party.start(2, membership);
    await eventually(() => second.notifications.length > 0, { what: 'it was told' });
    expect(second.notifications.map(({ round }) => round)).toEqual([3]);
  });

  test('tell one who was killed and came back', async () => {
    const membership = await membershipOf([1, 2]);
    const first = await Party.start(1, membership);
    const second = await Party.start(2, membership);
    first.notify(2, 1);
    await eventually(() => second.notifications.length === 1, { what: 'it was told' });
    second.peers.stop();
    first.notify(2, 2);
    const again = await Party.start(2, membership);
    await eventually(() => again.notifications.at(-1)?.round === 2, { what: 'it was told again' });
  });
});

describe('a link', () => {
  test('is there when a learner dials its leader, and carries messages both ways in order', async () => {
    const membership = await membershipOf([1, 2]);
    const [leader, learner] = [await Party.start(1, membership), await Party.start(2, membership)];
    await learner.follow(leader);
    expect([leader.links, learner.links]).toEqual([['accepted 2'], ['dialled 1']]);
    learner.say('join');
    await leader.hasHeard('join');
    leader.say('a', 'b');
    leader.say('c');
    await learner.hasHeard('c');
    expect(learner.heard).toEqual(['a', 'b', 'c']);
  });

  test('is dialled until the leader is there', async () => {
    const membership = await membershipOf([1, 2]);
    const learner = await Party.start(2, membership);
    learner.dial(1);
    const leader = await Party.start(1, membership);
    await eventually(() => leader.links.length > 0 && learner.links.length > 0, { what: 'there is a link' });
  });

  test('that nobody wants any more is not dialled', async () => {
    const membership = await membershipOf([1, 2, 3]);
    const learner = await Party.start(2, membership);
    learner.dial(1);
    learner.dial(3);
    const [first, third] = [await Party.start(1, membership), await Party.start(3, membership)];
    await eventually(() => third.links.length > 0, { what: 'there is a link' });
    expect(first.links).toEqual([]);
  });

  test('is closed after its last bytes, and both are told', async () => {
    const membership = await membershipOf([1, 2]);
    const [leader, learner] = [await Party.start(1, membership), await Party.start(2, membership)];
    await learner.follow(leader);
    leader.say('last');
    leader.peers.perform(outbox({ closing: [leader.lastLink ?? 0] }));
    await eventually(() => learner.links.includes('closed') && leader.links.includes('closed'), { what: 'both know' });
    expect(learner.heard).toEqual(['last']);
  });
});
