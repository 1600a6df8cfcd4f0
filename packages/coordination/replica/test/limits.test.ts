import { describe, expect, test } from '@jest/globals';
import { openAcl } from '@reeve/wire';
import { World } from './world.ts';

const anybody = { acl: openAcl, flags: 0 };

describe('a replica', () => {
  test('closes who watches most when all together watch too much, and nobody else', () => {
    const world = new World({ watchesMax: 100 });
    const [greedy, modest] = [world.connect(), world.connect()];
    const watch = (i: number) => ({ path: `/n${i}`, watch: true });
    for (let i = 0; i < 40; i += 1) world.send(modest, 'exists', watch(i));
    for (let i = 0; i < 70; i += 1) world.send(greedy, 'exists', watch(i));
    world.perform();
    world.step({ kind: 'tick' });
    expect(world.perform().closed).toEqual([greedy.connection]);
    expect(world.replica.status().watches.watches).toBe(40);
  });

  test('takes only so many identities of one connection', () => {
    const world = new World();
    const client = world.connect();
    for (let i = 0; i < 300; i += 1) {
      world.send(client, 'auth', { type: 0, scheme: 'digest', auth: Buffer.from(`user${i}:secret`) });
    }
    const { arrivals, closed } = world.perform();
    const proved = arrivals.get(client.connection)?.filter((one) => one.kind === 'answer' && one.error === 'ok');
    expect(proved).toHaveLength(255);
    expect(closed).toEqual([client.connection]);
  });

  test('takes no identity with a name that is too long', () => {
    const world = new World();
    const client = world.connect();
    const error = (length: number) => {
      const auth = Buffer.from(`${'u'.repeat(length)}:secret`);
      return world.ask(client, 'auth', { type: 0, scheme: 'digest', auth }).map((one) => 'error' in one && one.error);
    };
    expect([error(1024), error(1025)]).toEqual([['ok'], ['auth_failed']]);
  });

  test('is congested for those whose requests wait for the disk when these are large, and for nobody else', () => {
    const world = new World();
    const [busy, idle] = [world.connect(), world.connect()];
    world.send(busy, 'create', { path: '/a', data: null, ...anybody });
    const dataWatches = ['x'.repeat(1_000_000)];
    for (let i = 0; i < 70; i += 1) {
      world.send(busy, 'setWatches', { relativeZxid: 0, dataWatches, existWatches: [], childWatches: [] });
    }
    const congested = () => [busy, idle].map(({ connection }) => world.replica.congested(connection));
    expect(congested()).toEqual([true, false]);
    world.turn();
    expect(congested()).toEqual([false, false]);
  });

  test('ends sessions in more than one step when very many expire at once', () => {
    const world = new World({ sessionTimeoutMinMs: 10 });
    const clients = Array.from({ length: 5_100 }, () => world.open());
    for (const client of clients) world.frame(client, client.hello({ timeoutMs: 10 }));
    world.turn();
    for (const { connection } of clients) world.step({ kind: 'closed', connection });
    world.now += 1_000;
    world.step({ kind: 'tick' });
    expect(world.perform().entries).toHaveLength(5_000);
    world.step({ kind: 'tick' });
    expect(world.perform().entries).toHaveLength(100);
  });
});

describe('a multiRead', () => {
  test('that asks for the largest znode again and again is answered to some length, and then as not tried', () => {
    const world = new World();
    const client = world.connect();
    world.send(client, 'create', { path: '/large', data: Buffer.alloc(1_000_000), ...anybody });
    world.turn();
    const part = { op: 'getData', path: '/large', watch: false } as const;
    world.send(
      client,
      'multiRead',
      Array.from({ length: 1_000 }, () => part),
    );
    const [answer] = world.perform().arrivals.get(client.connection) ?? [];
    const results = (answer as { body: { op: string; err?: number }[] }).body;
    expect(results.filter(({ op }) => op === 'getData')).toHaveLength(17);
    expect(results.filter(({ err }) => err === -2)).toHaveLength(983);
  });
});

describe('what was asked behind a write', () => {
  const reads = 30;

  function asked(): { world: World; client: ReturnType<World['connect']> } {
    const world = new World();
    const client = world.connect();
    world.send(client, 'create', { path: '/large', data: Buffer.alloc(500_000), ...anybody });
    for (let i = 0; i < reads; i += 1) world.send(client, 'getData', { path: '/large', watch: false });
    return { world, client };
  }

  test('is answered a little in each turn when the answers are large', () => {
    const { world, client } = asked();
    const answers = [world.turn().arrivals.get(client.connection)?.length];
    while (world.replica.stalled(client.connection)) {
      world.step({ kind: 'resumed', connection: client.connection });
      answers.push(world.perform().arrivals.get(client.connection)?.length);
    }
    expect(answers).toEqual([4, ...Array.from({ length: 9 }, () => 3)]);
  });

  test('is answered before the next write of the same connection happens', () => {
    const { world, client } = asked();
    world.send(client, 'setData', { path: '/large', data: null, version: -1 });
    world.send(client, 'getData', { path: '/large', watch: false });
    world.perform();
    world.persist(1);
    world.perform();
    world.persist();
    const versions = (world.perform().arrivals.get(client.connection) ?? []).map((one) => {
      return one.kind === 'answer' && one.op === 'getData'
        ? (one.body as { stat: { version: number } }).stat.version
        : one.kind;
    });
    expect(versions).toEqual([...Array.from({ length: reads - 3 }, () => 0), 'answer', 1]);
  });
});
