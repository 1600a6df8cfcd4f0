import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { type Client, connect, createClient } from '@reeve/client';
import { ConfigFollower, ConfigHistory, ConfigPublisher, ConfigRollouts } from '@reeve/configuration';
import {
  atTestEnd,
  type Engine,
  eventually,
  type FaultProxy,
  leftSince,
  type Service,
  seededRandom,
  serviceKinds,
  startFaultProxy,
  tracesIn,
} from '@reeve/testkit';

const SESSION_MS = 2_000;
const PUBLISHES = 60;

describe.each(Object.values(serviceKinds))('configuration in a storm on $name', ({ start }) => {
  let service: Service;
  let everywhere: string;
  let proxy: FaultProxy;
  let witness: Client;
  let path: string;
  let nth = 0;

  const openTo = (servers: string) => createClient({ servers, sessionTimeoutMs: SESSION_MS, connectTimeoutMs: 500 });

  beforeAll(async () => {
    service = await start({ tickMs: 500 });
    everywhere = service.members.map(({ address }) => address).join(',');
    witness = await connect({ servers: everywhere, sessionTimeoutMs: 10_000 });
    atTestEnd(() => witness.close());
  }, 60_000);

  beforeEach(async () => {
    proxy = await startFaultProxy((service.members[0] as Engine).port);
    nth += 1;
    path = `/storm-${nth}/config`;
    await new ConfigPublisher(witness, { path }).publish({ set: { 'left/n': 0, 'right/n': 0 } });
    await witness.create(`${path}/followers/kept`, null);
  });

  function follow(servers: string, id: string) {
    const follower = new ConfigFollower(() => openTo(servers), { path, follow: ['left', 'right'], id });
    const torn: unknown[] = [];
    const seen: number[] = [];
    follower.events.subscribe((event) => {
      if (event.kind !== 'changed') return;
      const left = follower.get('left/n') as number;
      if (left !== follower.get('right/n')) torn.push([...follower.values]);
      seen.push(left);
    });
    atTestEnd(() => follower.stop());
    return { follower, torn, seen };
  }

  test('no follower ever sees half a publish, or goes back, and all see the last one', async () => {
    const random = seededRandom(7);
    const followers = [1, 2, 3, 4].map((n) => follow(n % 2 === 0 ? everywhere : proxy.address, `f${n}`));
    await Promise.all(followers.map(({ follower }) => follower.start()));
    proxy.cutRandomly({ seed: 1, bytesMax: 40_000 });
    proxy.cut();
    const client = await connect({ servers: proxy.address, sessionTimeoutMs: 30_000, connectTimeoutMs: 500 });
    atTestEnd(() => client.close());
    const publisher = new ConfigPublisher(client, { path, historyMax: 1_000 });
    for (let n = 1; n <= PUBLISHES; n += 1) {
      await publisher.publish({ set: { 'left/n': n, 'right/n': n } });
      await sleep(random() * 10);
    }
    await proxy.refuse();
    await publisherElsewhere(PUBLISHES + 1);
    await eventually(async () => (await witness.getChildren(`${path}/followers`)).length === 3, {
      what: 'two have expired',
      deadlineMs: 20_000,
    });
    await proxy.accept();
    proxy.cutRandomly({ seed: 0, bytesMax: 0 });
    proxy.cut();
    for (const { follower, torn, seen } of followers) {
      await eventually(() => follower.get('left/n') === PUBLISHES + 1, {
        what: 'the last value is seen',
        deadlineMs: 20_000,
      });
      expect(torn).toEqual([]);
      expect(seen).toEqual(seen.toSorted((a, b) => a - b));
    }
    const versions = await new ConfigHistory(witness, { path }).list('left/n');
    expect(versions.map(({ value }) => value)).toEqual(
      Array.from({ length: PUBLISHES + 2 }, (_, i) => PUBLISHES + 1 - i),
    );
  }, 120_000);

  async function publisherElsewhere(n: number): Promise<void> {
    await new ConfigPublisher(witness, { path, historyMax: 1_000 }).publish({ set: { 'left/n': n, 'right/n': n } });
  }

  test('followers that are stopped at any moment leave no watch and no znode', async () => {
    const client = await connect({ servers: proxy.address, sessionTimeoutMs: 30_000, connectTimeoutMs: 500 });
    atTestEnd(() => client.close());
    const before = await tracesIn(service.members, witness);
    const random = seededRandom(3);
    const brief = async (i: number) => {
      const follower = new ConfigFollower(client, { path, follow: i % 2 === 0 ? [] : ['left', 'none'], id: `b${i}` });
      const starting = follower.start();
      starting.catch(() => undefined);
      await sleep(random() * 40);
      await follower.stop();
    };
    await Promise.all(Array.from({ length: 30 }, (_, i) => brief(i)));
    await client.sync('/');
    // A parting that takes two seconds goes on by itself.
    const left = async () => leftSince(before, await tracesIn(service.members, witness));
    await eventually(async () => expect(await left()).toEqual([]) === undefined, { what: 'nothing is left' });
  }, 60_000);

  test('a roll-out goes on when the server that all need is killed and comes back', async () => {
    const rollouts = new ConfigRollouts(witness, { path });
    const { follower, torn } = follow(everywhere, 'one');
    await follower.start();
    await rollouts.begin({ set: { 'left/n': 5, 'right/n': 5 } }, { share: 1 });
    await eventually(() => follower.get('left/n') === 5, { what: 'it has reached the follower' });
    const leader = await service.leader();
    await leader.kill();
    const completing = rollouts.complete('left/n', { comment: 'all' });
    await leader.start();
    await completing;
    await eventually(() => follower.version('left/n') > 0 && follower.state === 'ready', {
      what: 'it follows again',
      deadlineMs: 20_000,
    });
    const [last] = await new ConfigHistory(witness, { path }).list('left/n');
    expect([last?.value, last?.comment, torn]).toEqual([5, 'all', []]);
  }, 60_000);
});
