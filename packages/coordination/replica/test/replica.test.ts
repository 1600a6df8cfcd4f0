import { describe, expect, test } from '@jest/globals';
import { Replica } from '@reeve/replica';
import { encodeTxn } from '@reeve/tree';
import { createFlags, noSession, type OpName, openAcl, sessionIdOf, Writer } from '@reeve/wire';
import type { TestClient } from './test-client.ts';
import { testOptions, World } from './world.ts';

const persistent = (path: string): { path: string; data: Buffer; acl: typeof openAcl; flags: number } => ({
  path,
  data: Buffer.from('x'),
  acl: openAcl,
  flags: createFlags.persistent,
});

function entryAt(zxid: number): { zxid: number; payload: Buffer } {
  const writer = new Writer();
  encodeTxn(writer, { session: noSession, xid: 0, timeMs: 0 }, { kind: 'refused', error: 'no_node', failedPart: -1 });
  return { zxid, payload: writer.take() };
}

describe('congestion', () => {
  test('begins above the unanswered requests of one connection, and ends when they are answered', () => {
    const world = new World({ requestsPerConnectionMax: 3 });
    const busy = world.connect();
    const other = world.connect();
    for (let i = 0; i < 4; i += 1) world.send(busy, 'create', persistent(`/${i}`));
    expect([world.replica.congested(busy.connection), world.replica.congested(other.connection)]).toEqual([
      true,
      false,
    ]);
    world.turn();
    expect(world.replica.congested(busy.connection)).toBe(false);
  });

  test('of all clients together stops those who wait for something', () => {
    const world = new World({ writesMax: 3 });
    const [one, two, idle] = [world.connect(), world.connect(), world.connect()];
    for (const path of ['/1', '/2', '/3']) world.send(one, 'create', persistent(path));
    world.send(two, 'create', persistent('/4'));
    const congested = [one, two, idle].map((client) => world.replica.congested(client.connection));
    expect(congested).toEqual([true, true, false]);
  });

  test('at the most requests that are served at once stops everybody', () => {
    const world = new World({ requestsMax: 2 });
    const [busy, idle] = [world.connect(), world.connect()];
    const congested = () => [busy, idle].map((client) => world.replica.congested(client.connection));
    world.send(busy, 'create', persistent('/1'));
    expect(congested()).toEqual([false, false]);
    world.send(busy, 'create', persistent('/2'));
    expect(congested()).toEqual([true, true]);
    world.turn();
    expect(congested()).toEqual([false, false]);
  });

  test('that nobody heeds ends in a closed connection, not in a queue without end', () => {
    const world = new World({ writesMax: 2, outstandingMax: 16 });
    const deaf = world.connect();
    for (let i = 0; i < 100; i += 1) world.send(deaf, 'create', persistent(`/${i}`));
    expect(world.perform().closed).toEqual([deaf.connection]);
    expect(world.replica.status().outstanding).toBeLessThanOrEqual(16);
  });

  test('of a connection that is not there is none', () => {
    expect(new World().replica.congested(99)).toBe(false);
  });
});

describe('a request that waited too long', () => {
  const late = (world: World, client: TestClient, op: OpName, request: object) => {
    const bytes = client.request(op, request as never);
    world.step({ kind: 'late_frame', connection: client.connection, bytes, start: 0, end: bytes.length });
  };
  const said = (world: World, client: TestClient) =>
    (world.turn().arrivals.get(client.connection) ?? []).map((arrival) =>
      arrival.kind === 'answer' ? `${arrival.op} ${arrival.error}` : arrival.kind,
    );

  test('is refused in its turn, and does nothing', () => {
    const world = new World();
    const client = world.connect();
    world.send(client, 'create', persistent('/a'));
    late(world, client, 'setData', { path: '/a', data: Buffer.from('new'), version: -1 });
    world.send(client, 'exists', { path: '/a', watch: false });
    expect(said(world, client)).toEqual(['create ok', 'setData throttled_op', 'exists ok']);
    expect(world.ask(client, 'exists', { path: '/a', watch: false })).toMatchObject([
      { body: { stat: { version: 0 } } },
    ]);
  });

  test.each([
    ['ping', {}],
    ['auth', { type: 0, scheme: 'digest', auth: Buffer.from('bob:pw') }],
    ['closeSession', {}],
  ] as const)('is done all the same when it is %s', (op, request) => {
    const world = new World();
    const client = world.connect();
    late(world, client, op, request);
    expect(said(world, client)).toEqual([`${op} ok`]);
  });
});

describe('quotas that are enforced', () => {
  const beyond = (world: World) => world.replica.outbox.notes.filter(({ kind }) => kind === 'beyond_quota');
  const limited = () => {
    const world = new World({ quotas: 'enforced' });
    const client = world.connect();
    for (const path of ['/q', '/zookeeper/quota/q']) world.ask(client, 'create', persistent(path));
    const limits = { ...persistent('/zookeeper/quota/q/zookeeper_limits'), data: Buffer.from('countHardLimit=1') };
    world.ask(client, 'create', limits);
    return { world, client };
  };

  test('refuse what goes beyond them, and tell of one refusal a second', () => {
    const { world, client } = limited();
    for (const path of ['/q/1', '/q/2']) world.send(client, 'create', persistent(path));
    expect(beyond(world)).toEqual([
      { kind: 'beyond_quota', excess: { root: '/q', of: 'znodes', limit: 'hard', allowed: 1, wanted: 2 } },
    ]);
    const answers = world.turn().arrivals.get(client.connection);
    expect(answers).toMatchObject([{ error: 'quota_exceeded' }, { error: 'quota_exceeded' }]);
    world.pass(1500);
    world.perform();
    world.send(client, 'create', persistent('/q/3'));
    expect(beyond(world)).toHaveLength(1);
  });

  test('are the same after a restart', () => {
    const { world } = limited();
    world.restart();
    expect(world.ask(world.connect(), 'create', persistent('/q/1'))).toMatchObject([{ error: 'quota_exceeded' }]);
  });
});

test('a TTL znode whose time is over stays when a change of it is outstanding', () => {
  const world = new World();
  const client = world.connect();
  world.ask(client, 'createTTL', { ...persistent('/t'), flags: createFlags.persistent_with_ttl, ttl: 1500 });
  world.pass(1000);
  world.turn();
  world.now += 1000;
  world.send(client, 'setData', { path: '/t', data: Buffer.from('new'), version: -1 });
  world.step({ kind: 'tick' });
  expect(world.turn().entries).toHaveLength(1);
  expect(world.ask(client, 'exists', { path: '/t', watch: false })).toMatchObject([{ error: 'ok' }]);
  world.pass(4000);
  world.turn();
  expect(world.ask(client, 'exists', { path: '/t', watch: false })).toMatchObject([{ error: 'no_node' }]);
});

describe('a container that never had a child', () => {
  const age = (containerNeverUsedMs: number) => {
    const world = new World({ containerNeverUsedMs });
    const client = world.connect();
    world.ask(client, 'createContainer', { ...persistent('/c'), flags: createFlags.container });
    world.pass(5000);
    world.turn();
    return world.ask(client, 'exists', { path: '/c', watch: false });
  };

  test('stays, or goes when it has waited for as long as it may', () => {
    expect(age(0)).toMatchObject([{ error: 'ok' }]);
    expect(age(2000)).toMatchObject([{ error: 'no_node' }]);
  });
});

describe('a zxid', () => {
  test.each([
    ['goes on where the log ends', 41, 42],
    ['goes on within a later epoch', 7 * 2 ** 32 + 5, 7 * 2 ** 32 + 6],
    ['begins the next epoch when the counter is used up', 2 ** 32 - 1, 2 ** 32 + 1],
    ['begins the next epoch after any other too', 8 * 2 ** 32 - 1, 8 * 2 ** 32 + 1],
  ])('%s', (_, last, next) => {
    const world = new World();
    world.log.push(entryAt(last));
    world.restart();
    const client = world.connect();
    expect(world.log.at(-1)?.zxid).toBe(next);
    expect(world.ask(client, 'create', persistent('/a'))).toMatchObject([{ error: 'ok', zxid: next + 1 }]);
  });
});

describe('a session id', () => {
  test('is never one that an open session has', () => {
    const world = new World({ firstSessionId: sessionIdOf(0, 0xffffffff) });
    const first = world.connect();
    world.restart();
    const second = world.connect();
    expect([first.session, second.session]).toEqual([sessionIdOf(0, 0xffffffff), sessionIdOf(1, 0)]);
  });
});

describe('the clock of sessions', () => {
  test('does not expire anybody because the member slept, or its clock was set', () => {
    const world = new World();
    const client = world.connect({ timeoutMs: 4000 });
    for (const jump of [3_600_000, -7_200_000, 3_600_000]) {
      world.now += jump;
      world.step({ kind: 'tick' });
    }
    expect(world.ask(client, 'ping', {})).toMatchObject([{ op: 'ping', error: 'ok' }]);
  });
});

describe('a replica', () => {
  test('takes no step before it has started, and starts once', () => {
    const replica = new Replica(testOptions);
    expect(() => replica.step({ kind: 'tick' }, 0)).toThrow(/started/);
    replica.start(1_000_000);
    expect(() => replica.start(1_000_000)).toThrow(/once/);
  });

  test('passes over entries that its snapshot holds', () => {
    const world = new World();
    const client = world.connect();
    world.ask(client, 'create', persistent('/a'));
    const slices = Array.from(world.replica.snapshot().slices, (slice) => Buffer.from(slice));
    const restored = new Replica(testOptions);
    const loader = restored.restore();
    for (const slice of slices) loader.take(slice);
    loader.finish();
    for (const entry of world.log) restored.replay(entry);
    restored.start(1_000_000);
    expect(restored.status()).toMatchObject({ lastZxid: 2, znodes: 5, sessions: 1 });
  });

  test('tells a thousand watchers with one look and the same bytes', () => {
    const world = new World();
    const writer = world.connect();
    const watchers = Array.from({ length: 1000 }, () => world.connect());
    for (const watcher of watchers) world.send(watcher, 'exists', { path: '/a', watch: true });
    world.turn();
    world.send(writer, 'create', persistent('/a'));
    const { arrivals } = world.turn();
    const heard = watchers.map((watcher) => arrivals.get(watcher.connection));
    expect(heard.every((seen) => seen?.length === 1 && seen[0]?.kind === 'event')).toBe(true);
  });

  test('applies a multi of many parts', () => {
    const world = new World();
    const client = world.connect();
    const parts = Array.from({ length: 2000 }, (_, i) => ({ op: 'create' as const, ...persistent(`/n${i}`) }));
    const [answer] = world.ask(client, 'multi', parts);
    expect(answer).toMatchObject({ kind: 'answer', error: 'ok' });
    expect(answer?.kind === 'answer' ? answer.body : []).toHaveLength(2000);
    expect(world.replica.status().znodes).toBe(2004);
  });

  test('says of its connections, sessions, owners and watches what there is', () => {
    const world = new World();
    const client = world.connect({ timeoutMs: 5000 });
    world.ask(client, 'create', { ...persistent('/e'), flags: createFlags.ephemeral });
    world.ask(client, 'getData', { path: '/e', watch: true });
    world.open();
    const status = world.replica.status();
    expect([...status.eachConnection()]).toEqual([
      { id: 1, address: '10.1.2.3', session: client.session, sessionTimeoutMs: 5000, received: 3, sent: 3, waiting: 0 },
      { id: 2, address: '10.1.2.3', session: noSession, sessionTimeoutMs: 0, received: 0, sent: 0, waiting: 0 },
    ]);
    expect([...status.eachSession()]).toMatchObject([{ id: client.session, timeoutMs: 5000, phase: 'open' }]);
    expect([...status.eachOwner()].map(([id, paths]) => [id, [...paths]])).toEqual([[client.session, ['/e']]]);
    expect([...status.eachWatch()]).toEqual([['/e', [client.session]]]);
  });
});

describe('a client from before 3.4', () => {
  test('gets no byte that it does not know', () => {
    const world = new World();
    const old = world.open();
    world.frame(old, old.hello().subarray(0, 44));
    const [welcome] = world.turn().arrivals.get(old.connection) ?? [];
    expect(welcome).toMatchObject({ kind: 'welcome', reply: { readOnly: undefined, timeoutMs: 10_000 } });
  });
});
