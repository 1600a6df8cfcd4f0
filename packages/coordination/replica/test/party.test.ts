import { describe, expect, test } from '@jest/globals';
import { openAcl } from '@reeve/wire';
import { Party, type Seat } from './party.ts';
import type { TestClient } from './test-client.ts';

const persistent = (path: string) => ({ path, data: Buffer.from('x'), acl: openAcl, flags: 0 });
const ephemeral = (path: string) => ({ ...persistent(path), flags: 1 });

describe('three members', () => {
  test('agree on a leader, whom the others follow', () => {
    const party = new Party(3);
    expect(party.seats.map(({ replica }) => replica.status().mode).sort()).toEqual(['follower', 'follower', 'leader']);
  });

  test('answer a write at a follower, and show it everywhere', () => {
    const party = new Party(3);
    const [here, there] = party.followers.map((seat) => party.connect(seat)) as [TestClient, TestClient];
    party.seen(here);
    expect(party.ask(here, 'create', persistent('/a'))).toMatchObject([{ error: 'ok', body: { path: '/a' } }]);
    party.seen(there);
    expect(party.ask(there, 'getData', { path: '/a', watch: false })).toMatchObject([{ error: 'ok' }]);
  });

  test('answer in the order of requests, whatever is done where', () => {
    const party = new Party(3);
    const client = party.connect(party.followers[0] as Seat);
    party.seen(client);
    party.send(client, 'exists', { path: '/a', watch: false });
    party.send(client, 'create', persistent('/a'));
    party.send(client, 'exists', { path: '/a', watch: false });
    party.send(client, 'sync', { path: '/' });
    party.send(client, 'multi', [{ op: 'create', ...persistent('/a') }] as never);
    party.send(client, 'getChildren', { path: '/', watch: false });
    party.rest();
    const seen = party.seen(client).map((one) => (one.kind === 'answer' ? `${one.op} ${one.error}` : one.kind));
    expect(seen).toEqual(['exists no_node', 'create ok', 'exists ok', 'sync ok', 'multi ok', 'getChildren ok']);
  });

  test('keep a session and its ephemerals when its client moves, and let its old connection go', () => {
    const party = new Party(3);
    const [a, b] = party.followers as [Seat, Seat];
    const client = party.connect(a);
    party.ask(client, 'create', ephemeral('/e'));
    const { session, password } = client;
    const moved = party.connect(b, { session, password });
    expect(party.seen(moved)).toMatchObject([{ kind: 'welcome', reply: { sessionId: session } }]);
    expect(party.closed.has(client)).toBe(true);
    expect(party.ask(moved, 'delete', { path: '/e', version: -1 })).toMatchObject([{ error: 'ok' }]);
  });

  test('let one of two have a session that both come back to at the same time', () => {
    const party = new Party(3);
    const [a] = party.followers as [Seat, Seat];
    const { session, password } = party.connect(a);
    const [early, late] = [0, 1].map(() => party.arrive(a, { session, password })) as [TestClient, TestClient];
    party.rest();
    expect([early, late].map((client) => party.closed.has(client))).toEqual([true, false]);
    party.seen(late);
    expect(party.ask(late, 'exists', { path: '/', watch: false })).toMatchObject([{ error: 'ok' }]);
  });

  test('turn away who does not know the password of a session', () => {
    const party = new Party(3);
    const { session } = party.connect(party.leader);
    const stranger = party.connect(party.followers[0] as Seat, { session, password: Buffer.alloc(16, 1) });
    expect(party.seen(stranger)).toMatchObject([{ kind: 'welcome', reply: { timeoutMs: 0 } }]);
  });

  test('end a session that nobody has heard of, and its ephemerals, wherever it was', () => {
    const party = new Party(3);
    const [a, b] = party.followers as [Seat, Seat];
    const silent = party.connect(a, { timeoutMs: 4000 });
    const watcher = party.connect(b, { timeoutMs: 40_000 });
    party.ask(silent, 'create', ephemeral('/e'));
    party.ask(watcher, 'exists', { path: '/e', watch: true });
    party.pass(6000);
    expect(party.seen(watcher)).toMatchObject([{ kind: 'event', type: 'deleted', path: '/e' }]);
    expect(party.closed.has(silent)).toBe(true);
  });

  test('keep a session alive that is heard of at a follower alone', () => {
    const party = new Party(3);
    const client = party.connect(party.followers[0] as Seat, { timeoutMs: 4000 });
    for (let beat = 0; beat < 10; beat += 1) {
      party.pass(1000);
      party.ask(client, 'ping', {});
    }
    expect(party.closed.has(client)).toBe(false);
  });

  test('go on without their leader: a client comes back with its session to another', () => {
    const party = new Party(3);
    const client = party.connect(party.leader);
    party.ask(client, 'create', persistent('/a'));
    party.ask(client, 'create', ephemeral('/e'));
    party.kill(party.leader);
    party.pass(1000);
    const { session, password } = client;
    const back = party.connect(party.followers[0] as Seat, { session, password });
    expect(party.seen(back)).toMatchObject([{ kind: 'welcome', reply: { sessionId: session } }]);
    expect(party.ask(back, 'getChildren', { path: '/', watch: false })).toMatchObject([
      { body: { children: expect.arrayContaining(['a', 'e']) } },
    ]);
  });

  test('refuse nobody who closes a session at a follower', () => {
    const party = new Party(3);
    const client = party.connect(party.followers[0] as Seat);
    party.ask(client, 'create', ephemeral('/e'));
    expect(party.ask(client, 'closeSession', {})).toMatchObject([{ op: 'closeSession', error: 'ok' }]);
    expect(party.seats.map(({ replica }) => replica.status().ephemerals)).toEqual([0, 0, 0]);
  });

  test('answer who closes a session at a follower while it is ended in several transactions', () => {
    const party = new Party(3);
    const [seat] = party.followers as [Seat];
    const client = party.connect(seat, { timeoutMs: 4000 });
    for (let i = 0; i < 2500; i += 1) party.send(client, 'create', ephemeral(`/e${i}`));
    while (!party.leader.replica.outbox.notes.some(({ kind }) => kind === 'expired')) {
      party.rest();
      party.tick();
    }
    party.seen(client);
    expect(party.ask(client, 'closeSession', {})).toMatchObject([{ op: 'closeSession', error: 'ok' }]);
    expect(seat.replica.status()).toMatchObject({ ephemerals: 0, sessions: 0, outstanding: 0 });
  });

  test('say of a reconfiguration what is wrong with it before they ask who wants it', () => {
    const party = new Party(3);
    const client = party.connect(party.followers[0] as Seat);
    party.seen(client);
    const asked = (joiningServers: string, curConfigId = -1) => {
      const change = { joiningServers, leavingServers: '', newMembers: '', curConfigId };
      return party.ask(client, 'reconfig', change).map((arrival) => 'error' in arrival && arrival.error);
    };
    expect(asked('some thing')).toEqual(['bad_arguments']);
    expect(asked('server.9=here', 77)).toEqual(['bad_version']);
    // We have no member of that number, but a stranger is not told that.
    expect(asked('server.999=here')).toEqual(['no_auth']);
    expect(asked('server.9=here')).toEqual(['no_auth']);
    party.ask(client, 'auth', { type: 0, scheme: 'digest', auth: Buffer.from('super:test') });
    expect(asked('server.999=here')).toEqual(['bad_arguments']);
    expect(asked('server.9=here')).toEqual(['ok']);
  });

  test('have no clients at their leader where it serves its learners alone', () => {
    const party = new Party(3, { leaderServes: 'members_only' });
    const refused = party.connect(party.leader);
    expect(party.closed.has(refused)).toBe(true);
    const client = party.connect(party.followers[0] as Seat);
    party.seen(client);
    expect(party.ask(client, 'create', persistent('/a'))).toMatchObject([{ error: 'ok' }]);
  });

  test('let one without a quorum be read by those who ask for it, and by nobody else', () => {
    const party = new Party(3, { readOnlyMode: 'enabled' });
    party.ask(party.connect(party.leader), 'create', persistent('/a'));
    const [one, other] = party.followers as [Seat, Seat];
    party.kill(party.leader);
    party.kill(other);
    party.pass(3000);
    expect(one.replica.status().mode).toBe('read-only');
    const writer = party.connect(one);
    expect(party.closed.has(writer)).toBe(true);
    const reader = party.connect(one, { readOnly: true });
    expect(party.seen(reader)).toMatchObject([{ kind: 'welcome', reply: { readOnly: true } }]);
    expect(party.ask(reader, 'getData', { path: '/a', watch: false })).toMatchObject([{ error: 'ok' }]);
    expect(party.ask(reader, 'create', persistent('/b'))).toMatchObject([{ error: 'not_read_only' }]);
  });
});
