import { once } from 'node:events';
import { connect } from 'node:net';
import { describe, expect, test } from '@jest/globals';
import { eventually, startFaultProxy } from '@reeve/testkit';
import type { Membership } from '@reeve/zab';
import { membershipOf, outbox, Party, type PartyOptions } from './party.ts';

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
    expect(second.notifications).toEqual([
      { from: 1, vote, round: 5, state: 'looking', membership: { version: 0, members: [] } },
    ]);
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

describe('a snapshot', () => {
  const slices = (count: number) => Array.from({ length: count }, (_, at) => Buffer.alloc(64 * 1024, at % 251));

  test('goes out between the messages before and behind it, and its end says what it may hold', async () => {
    const [leader, learner] = await linked();
    const source = { zxid: 7, slices: [Buffer.from('1'), Buffer.from('2')], lastZxidSeen: () => 9 };
    leader.saySnapshot('before', source, 'behind');
    leader.say('later');
    await learner.hasHeard('later');
    expect(learner.heard).toEqual(['before', 's1', 's2', 'e9', 'behind', 'later']);
  });

  test('is taken no faster than the other side reads', async () => {
    const [leader, learner] = await linked();
    let taken = 0;
    const source = {
      zxid: 1,
      slices: (function* () {
        for (const slice of slices(2_000)) {
          taken += 1;
          yield slice;
        }
      })(),
      lastZxidSeen: () => 1,
    };
    learner.peers.pause();
    leader.saySnapshot('before', source, 'behind');
    let [before, still] = [-1, 0];
    await eventually(
      () => {
        still = before === taken && taken > 0 ? still + 1 : 0;
        before = taken;
        return still > 20;
      },
      { what: 'nothing more is taken' },
    );
    expect(taken).toBeLessThan(1_000);
    learner.peers.resume();
    await learner.hasHeard('behind');
    expect(taken).toBe(2_000);
  });

  test('is let go of when its link is lost', async () => {
    const [leader, learner] = await linked();
    let isOver = false;
    const source = {
      zxid: 1,
      slices: (function* () {
        try {
          for (;;) yield Buffer.alloc(64 * 1024);
        } finally {
          isOver = true;
        }
      })(),
      lastZxidSeen: () => 1,
    };
    leader.saySnapshot('before', source, 'behind');
    await learner.hasHeard('before');
    learner.peers.stop();
    await eventually(() => leader.links.includes('closed'), { what: 'the leader knows' });
    expect(isOver).toBe(true);
  });
});

describe('a member that misbehaves', () => {
  test('reads nothing: its link is closed when too much waits for it', async () => {
    const [leader, learner] = await linked({ parts: { backlogBytesMax: 1024 * 1024 } });
    learner.peers.pause();
    const much = 'x'.repeat(512 * 1024);
    await eventually(
      () => {
        leader.say(much);
        return leader.links.includes('closed');
      },
      { what: 'the link is closed' },
    );
    expect(leader.warnings).toContain('a member reads too slowly: it is let go, and may catch up anew');
  });

  test('was killed: the other side knows at once, and may dial again', async () => {
    const [leader, learner, membership] = await linked();
    leader.peers.stop();
    await eventually(() => learner.links.includes('closed'), { what: 'the learner knows' });
    const again = await Party.start(1, membership);
    await learner.follow(again);
    expect(learner.links).toEqual(['dialled 1', 'closed', 'dialled 1']);
  });

  test('links anew: what was there before is over first', async () => {
    const [leader, , membership] = await linked();
    const moved = { ...membership, members: membership.members.filter(({ id }) => id === 1) };
    const twin = await Party.start(2, moved);
    await twin.follow(leader);
    expect(leader.links).toEqual(['accepted 2', 'closed', 'accepted 2']);
  });

  test('announces a frame beyond all bounds: its link is closed', async () => {
    const [leader, learner] = await linked();
    learner.sayRaw(Buffer.from([0x7f, 0xff, 0xff, 0xff, 1]));
    await eventually(() => leader.links.includes('closed'), { what: 'the link is closed' });
    expect(leader.warnings.join()).toContain('link closed');
  });
});

describe('a port for members', () => {
  async function said(port: number, bytes: Buffer): Promise<void> {
    const socket = connect(port, '127.0.0.1', () => socket.write(bytes));
    socket.on('error', () => {}).resume();
    await once(socket, 'close');
  }

  test.each([
    ['a client', Buffer.from('srvr')],
    ['a browser', Buffer.from('GET / HTTP/1.1\r\n\r\n')],
    ['a frame of nothing', Buffer.alloc(4)],
    ['half a hello', Buffer.from([0, 0, 0, 3, 1, 2, 3])],
  ])('lets nobody in who is no member: %s', async (_, bytes) => {
    const membership = await membershipOf([1, 2]);
    const party = await Party.start(1, membership);
    await said(party.port('electionPort'), bytes);
    await said(party.port('peerPort'), bytes);
    expect(party.links).toEqual([]);
    expect(party.warnings[0]).toMatch(/refused: what connected does not speak the protocol of members/);
  });

  test('does not wait for ever for those who say nothing', async () => {
    const party = await Party.start(1, await membershipOf([1, 2]), { config: { connectTimeoutMs: 50 } });
    await said(party.port('peerPort'), Buffer.alloc(0));
  });

  test('serves members while many others say nothing', async () => {
    const membership = await membershipOf([1, 2]);
    const leader = await Party.start(1, membership, { config: { connectTimeoutMs: 60_000 } });
    const silent = Array.from({ length: 100 }, () => connect(leader.port('peerPort'), '127.0.0.1'));
    for (const socket of silent) socket.on('error', () => {});
    const learner = await Party.start(2, membership);
    await learner.follow(leader);
    for (const socket of silent) socket.destroy();
  });

  test('that is taken stops the start, and says which', async () => {
    const membership = await membershipOf([1, 2]);
    await Party.start(1, membership);
    await expect(Party.start(1, membership)).rejects.toMatchObject({ code: 'port_in_use' });
  });
});

describe('a connection that leads nowhere', () => {
  test('is found out and made anew, and the vote that it swallowed is told again', async () => {
    const membership = await membershipOf([1, 2]);
    const second = await Party.start(2, membership);
    const proxy = await startFaultProxy(second.port('electionPort'));
    const [one, two] = membership.members;
    const place = `127.0.0.1:${second.port('peerPort')}:${proxy.port}`;
    const seen = { version: 0, members: [one, { ...two, place }] } as Membership;
    const first = await Party.start(1, seen);
    first.notify(2, 1);
    await eventually(() => second.notifications.length === 1, { what: 'it was told' });
    const accepted = proxy.accepted;
    proxy.stall();
    first.notify(2, 2);
    await eventually(() => proxy.accepted > accepted, { what: 'there is another connection' });
    proxy.resume();
    await eventually(() => second.notifications.at(-1)?.round === 2, { what: 'it was told again' });
  });
});

describe('another membership', () => {
  test('connects those who came, and no longer those who went', async () => {
    const membership = await membershipOf([1, 2, 3]);
    const pair = { version: 0, members: membership.members.slice(0, 2) };
    const [first, second, third] = [
      await Party.start(1, pair),
      await Party.start(2, membership),
      await Party.start(3, membership),
    ];
    first.peers.reconfigured({ version: 5, members: membership.members.filter(({ id }) => id !== 2) });
    first.notify(2, 1);
    first.notify(3, 2);
    await eventually(() => third.notifications.length === 1, { what: 'the new one was told' });
    expect(second.notifications).toEqual([]);
  });
});

async function linked(options: PartyOptions = {}): Promise<[Party, Party, Membership]> {
  const membership = await membershipOf([1, 2]);
  const [leader, learner] = [await Party.start(1, membership, options), await Party.start(2, membership)];
  await learner.follow(leader);
  return [leader, learner, membership];
}
