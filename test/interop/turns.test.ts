import { beforeAll, describe, expect, test } from '@jest/globals';
import { type Client, connect } from '@reeve/client';
import { Counter } from '@reeve/recipes';
import { atTestEnd, childrenIn, engineKinds } from '@reeve/testkit';

const ADDITIONS = 40;
const SESSIONS = 4;

describe.each(engineKinds)('counters against each other on $name', ({ start }) => {
  let clients: readonly Client[];
  let nth = 0;

  beforeAll(async () => {
    const { address } = await start();
    clients = await Promise.all(Array.from({ length: SESSIONS }, () => connect({ servers: address })));
    for (const client of clients) atTestEnd(() => client.close());
  }, 60_000);

  function counters(): { readonly path: string; readonly all: readonly Counter[] } {
    nth += 1;
    const path = `/turns-${nth}`;
    return { path, all: clients.map((client) => new Counter(client, path)) };
  }

  async function addAll(all: readonly Counter[]): Promise<void> {
    const add = async (counter: Counter) => {
      for (let i = 0; i < ADDITIONS; i += 1) await counter.add(1);
    };
    await Promise.all(all.map(add));
  }

  const left = async (path: string) => (await childrenIn(clients[0] as Client, path)).length;

  test('count exactly, and leave nothing behind', async () => {
    const { path, all } = counters();
    await addAll(all);
    expect(await all[0]?.get()).toBe(ADDITIONS * SESSIONS);
    await Promise.all(all.map((counter) => counter.stop()));
    expect(await left(path)).toBe(0);
  });

  test('who is stopped while it waits for its turn leaves nothing behind', async () => {
    const { path, all } = counters();
    const adding = all.map((counter) => addAll([counter]).catch(() => undefined));
    await all[0]?.add(1);
    await Promise.all(all.map((counter) => counter.stop()));
    await Promise.all(adding);
    expect(await left(path)).toBe(0);
  });

  test('are not held up for ever by one that has its turn and does nothing', async () => {
    const { path, all } = counters();
    await all[0]?.add(1);
    const asleep = clients[0] as Client;
    await asleep.create(`${path}/_c_asleep-turn-`, null, { mode: 'ephemeral_sequential' });
    await Promise.all(all.map((counter) => counter.add(1)));
    expect(await all[0]?.get()).toBe(1 + SESSIONS);
    await Promise.all(all.map((counter) => counter.stop()));
  });
});
