import { describe, expect, test } from '@jest/globals';
import { openAcl } from '@reeve/wire';
import { Party, type Seat } from './party.ts';

const persistent = (path: string) => ({ path, data: Buffer.from('x'), acl: openAcl, flags: 0 });

type Step = Seat['replica']['step'];
type Event = Parameters<Step>[0];

/** Keeps events from a member until they are released. */
function hold({ replica }: Seat, holds: (event: Event) => boolean): (now: number) => void {
  const step: Step = replica.step.bind(replica);
  const held: Event[] = [];
  replica.step = (event, now) => (holds(event) ? void held.push(event) : step(event, now));
  return (now) => {
    replica.step = step;
    for (const event of held) step(event, now);
  };
}

const isPersisted = ({ kind }: Event) => kind === 'persisted';
const isMessage = (event: Event) => event.kind === 'zab' && event.event.kind === 'message';

describe('members whose queue of writes is full', () => {
  test('disconnect who waits for a sync on the leader, and lead on', () => {
    const party = new Party(3, { outstandingMax: 4 });
    const [asks, writes] = [party.connect(party.leader), party.connect(party.leader)];
    party.send(asks, 'sync', { path: '/' });
    for (const name of ['a', 'b', 'c', 'd']) party.send(writes, 'create', persistent(`/${name}`));
    party.rest();
    expect(party.closed.has(asks)).toBe(true);
    expect(party.ask(writes, 'exists', { path: '/d', watch: false }).at(-1)).toMatchObject({ error: 'ok' });
  });

  test('disconnect who asks a follower for more syncs than can wait for its disk, and follow on', () => {
    const party = new Party(3, { outstandingMax: 4 });
    const [follower, other] = party.followers as [Seat, Seat];
    const [writes, asks] = [party.connect(party.leader), party.connect(follower)];
    const releases = [follower, other].map((seat) => hold(seat, isPersisted));
    party.send(writes, 'create', persistent('/a'));
    for (let count = 0; count < 5; count += 1) party.ask(asks, 'sync', { path: '/' });
    expect(party.closed.has(asks)).toBe(true);
    for (const release of releases) release(party.now);
    party.rest();
    expect(party.ask(writes, 'exists', { path: '/a', watch: false }).at(-1)).toMatchObject({ error: 'ok' });
  });

  test('do nothing that a client sent after a write that was declined, until it is back', () => {
    const party = new Party(3, { outstandingMax: 2 });
    const [near, far] = party.followers as [Seat, Seat];
    const [fills, loses] = [party.connect(near), party.connect(far)];
    const release = hold(far, isMessage);
    for (const path of ['/1', '/2']) party.send(fills, 'create', persistent(path));
    party.send(loses, 'create', persistent('/declined'));
    party.rest();
    party.send(loses, 'create', persistent('/after'));
    party.rest();
    release(party.now);
    party.rest();
    expect(party.closed.has(loses)).toBe(true);
    const { session, password } = loses;
    const back = party.connect(far, { session, password });
    party.seen(back);
    for (const path of ['/declined', '/after']) {
      expect(party.ask(back, 'exists', { path, watch: false })).toMatchObject([{ error: 'no_node' }]);
    }
    expect(party.ask(back, 'create', persistent('/again'))).toMatchObject([{ error: 'ok' }]);
  });
});
