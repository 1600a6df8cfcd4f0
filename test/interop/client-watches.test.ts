import { beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { type Client, connect, type WatchedEvent } from '@reeve/client';
import { atTestEnd, type Engine, engineKinds, eventually, type FaultProxy, startFaultProxy } from '@reeve/testkit';

describe.each(engineKinds)('watches of $name', ({ start }) => {
  let engine: Engine;
  let proxy: FaultProxy;
  let witness: Client;
  let client: Client;
  let root: string;
  let nth = 0;
  let told: string[];
  const tell = ({ type, path }: WatchedEvent) => told.push(`${type} ${path.slice(root.length)}`);
  const toldIs = (...events: string[]) =>
    eventually(() => events.join() === told.join(), { what: `told: ${events}` }).catch(() =>
      expect(told).toEqual(events),
    );

  beforeAll(async () => {
    engine = await start({ tickMs: 500 });
    witness = await connect({ servers: engine.address, sessionTimeoutMs: 10_000 });
    atTestEnd(() => witness.close());
  }, 60_000);

  beforeEach(async () => {
    proxy = await startFaultProxy(engine.port);
    nth += 1;
    root = await witness.create(`/watches-${nth}`, null);
    const opened = await connect({ servers: proxy.address, sessionTimeoutMs: 10_000 });
    atTestEnd(() => opened.close());
    client = opened;
    told = [];
  });

  /** Loses the connection while `meanwhile` happens, and comes back: the watches are armed again. */
  async function away(meanwhile: () => Promise<unknown>): Promise<void> {
    await proxy.refuse();
    await eventually(() => client.state === 'suspended', { what: 'the session is suspended' });
    await meanwhile();
    await proxy.accept();
    await eventually(() => client.state === 'connected', { what: 'the session is connected' });
    // Answered behind the packets that arm the watches: what another client does from here on is told.
    await client.sync(root);
  }

  test('one-shot watches tell once what happened next to what was read', async () => {
    await witness.create(`${root}/a`, null);
    await client.getData(`${root}/a`, { watch: tell });
    await client.exists(`${root}/b`, { watch: tell });
    await client.getChildren(root, { watch: tell });
    await expect(client.getData(`${root}/none`, { watch: tell })).rejects.toMatchObject({ code: 'no_node' });
    await witness.setData(`${root}/a`, null);
    await toldIs('data_changed /a');
    await witness.create(`${root}/b`, null);
    await toldIs('data_changed /a', 'created /b', 'children_changed ');
    await witness.create(`${root}/none`, null);
    await witness.delete(`${root}/a`);
    await client.sync(root);
    expect(told.length).toBe(3);
  });

  test('a one-shot watch that was taken back tells nothing, and the server forgets it with the last listener', async () => {
    const other = ({ type }: WatchedEvent) => told.push(`other ${type}`);
    await client.getData(root, { watch: tell });
    await client.getData(root, { watch: other });
    await client.getChildren(root, { watch: tell });
    await client.exists(`${root}/none`, { watch: tell });
    await client.unwatch(root, tell);
    await client.unwatch(`${root}/none`, tell);
    await expect(client.removeWatches(`${root}/none`, 'any')).rejects.toMatchObject({ code: 'no_watcher' });
    await expect(client.removeWatches(root, 'children')).rejects.toMatchObject({ code: 'no_watcher' });
    await witness.setData(root, null);
    await toldIs('other data_changed');
    await client.unwatch(root, other);
    await client.getData(root, { watch: other });
    await Promise.all([client.unwatch(root, other), client.getData(root, { watch: tell })]);
    await witness.setData(root, null);
    await toldIs('other data_changed', 'data_changed ');
  });

  test('a one-shot watch that a read under way is about to arm is taken back too', async () => {
    const reading = Promise.all([client.getData(root, { watch: tell }), client.getChildren(root, { watch: tell })]);
    const unwatching = client.unwatch(root, tell);
    await Promise.all([reading, unwatching]);
    await client.sync(root);
    await expect(client.removeWatches(root, 'any')).rejects.toMatchObject({ code: 'no_watcher' });
    await witness.setData(root, null);
    await client.sync(root);
    expect(told).toEqual([]);
  });

  test('the watch of a read that nobody waits for any more is taken back when the answer comes', async () => {
    const gaveUp = new AbortController();
    const reading = client.getData(root, { watch: tell, signal: gaveUp.signal });
    gaveUp.abort();
    await expect(reading).rejects.toMatchObject({ code: 'aborted' });
    // Behind the answer, and behind the removal that it has brought about.
    for (let i = 0; i < 2; i += 1) await client.sync(root);
    await expect(client.removeWatches(root, 'any')).rejects.toMatchObject({ code: 'no_watcher' });
  });

  test('a one-shot watch beside a persistent one is taken back alone', async () => {
    const watch = await client.watch(root, 'persistent', ({ type }) => told.push(`always ${type}`));
    await client.getData(root, { watch: tell });
    await client.unwatch(root, tell);
    await witness.setData(root, null);
    await toldIs('always data_changed');
    await client.getData(root, { watch: tell });
    await watch.close();
    await client.unwatch(root, tell);
    await expect(client.removeWatches(root, 'any')).rejects.toMatchObject({ code: 'no_watcher' });
  });

  test('one-shot watches tell after a reconnect what they have missed', async () => {
    for (const name of ['changed', 'deleted', 'same']) {
      await witness.create(`${root}/${name}`, null);
      await client.getData(`${root}/${name}`, { watch: tell });
    }
    await client.exists(`${root}/created`, { watch: tell });
    await away(async () => {
      await witness.setData(`${root}/changed`, null);
      await witness.delete(`${root}/deleted`);
      await witness.create(`${root}/created`, null);
    });
    expect([...told].sort()).toEqual(['created /created', 'data_changed /changed', 'deleted /deleted']);
    await witness.setData(`${root}/same`, null);
    await eventually(() => told.at(-1) === 'data_changed /same', { what: 'the watch that nothing fired is armed' });
  });

  test('more watches than fit in one packet are armed again', async () => {
    const filler = 'x'.repeat(160);
    const names = Array.from({ length: 2_000 }, (_, i) => `${filler}-${i}`);
    await Promise.all(names.map((name) => client.exists(`${root}/${name}`, { watch: tell })));
    await away(async () => undefined);
    for (const name of [names[0], names[1_999]]) await witness.create(`${root}/${name}`, null);
    await toldIs(`created /${names[0]}`, `created /${names[1_999]}`);
  });

  test('a recursive watch tells everything below its path in order, parts of a transaction in theirs', async () => {
    const watch = await client.watch(root, 'persistent_recursive', tell);
    await witness.create(`${root}/a`, null);
    await witness.multi([
      { op: 'create', path: `${root}/a/b` },
      { op: 'delete', path: `${root}/a/b` },
      { op: 'create', path: `${root}/c` },
      { op: 'setData', path: `${root}/a`, data: null },
    ]);
    await toldIs('created /a', 'created /a/b', 'deleted /a/b', 'created /c', 'data_changed /a');
    await watch.close();
    await witness.delete(`${root}/c`);
    await client.sync(root);
    expect(told.length).toBe(5);
  });

  test('a persistent watch outlives deletion and reconnect, but is not told what it missed', async () => {
    await client.watch(`${root}/p`, 'persistent', tell);
    await client.watch(root, 'persistent_recursive', tell);
    await witness.create(`${root}/p`, null);
    await toldIs('created /p', 'created /p');
    await away(() => witness.create(`${root}/missed`, null));
    await witness.delete(`${root}/p`);
    await toldIs('created /p', 'created /p', 'deleted /p', 'deleted /p');
  });

  test('persistent and recursive listeners of one path are both served, whichever leaves first', async () => {
    const recursive = await client.watch(root, 'persistent_recursive', tell);
    const persistent = await client.watch(root, 'persistent', tell);
    await witness.create(`${root}/a`, null);
    await toldIs('children_changed ', 'created /a');
    told = [];
    await recursive.close();
    await witness.create(`${root}/b`, null);
    await witness.setData(`${root}/b`, null);
    await witness.setData(root, null);
    await toldIs('children_changed ', 'data_changed ');
    await persistent.close();
    await expect(client.removeWatches(root, 'any')).rejects.toMatchObject({ code: 'no_watcher' });
  });

  test('several listeners share the watch of the server until the last one leaves', async () => {
    const first = await client.watch(root, 'persistent', tell);
    const second = await client.watch(root, 'persistent', tell);
    await first.close();
    await witness.create(`${root}/a`, null);
    await toldIs('children_changed ');
    await second.close();
    await expect(client.removeWatches(root, 'any')).rejects.toMatchObject({ code: 'no_watcher' });
  });

  test('a one-shot watch leaves a persistent one on the same path armed', async () => {
    await client.watch(root, 'persistent_recursive', tell);
    const once: string[] = [];
    await client.getData(root, { watch: ({ type }) => once.push(type) });
    await client.getChildren(root, { watch: ({ type }) => once.push(type) });
    await witness.create(`${root}/a`, null);
    await witness.setData(root, null);
    await witness.delete(`${root}/a`);
    await toldIs('created /a', 'data_changed ', 'deleted /a');
    expect(once).toEqual(['children_changed', 'data_changed']);
  });

  test('a one-shot watch outlives the persistent one it relied on', async () => {
    const watch = await client.watch(root, 'persistent', () => undefined);
    await client.getData(root, { watch: tell });
    await watch.close();
    await witness.setData(root, null);
    await toldIs('data_changed ');
  });

  test('replies and events are seen in the order of the server', async () => {
    const seen: string[] = [];
    await witness.create(`${root}/a`, Buffer.from('0'));
    await client.watch(root, 'persistent_recursive', () => seen.push('event'));
    const read = async () => seen.push(`read ${String((await client.getData(`${root}/a`)).data)}`);
    const steps: Promise<unknown>[] = [];
    for (let i = 1; i <= 50; i += 1) {
      steps.push(
        read(),
        client.setData(`${root}/a`, Buffer.from(String(i))).then(() => seen.push('written')),
      );
    }
    await Promise.all(steps);
    const expected = Array.from({ length: 50 }, (_, i) => [`read ${i}`, 'event', 'written']).flat();
    expect(seen).toEqual(expected);
  });

  test('the events of a watch can be iterated over', async () => {
    const watch = await client.watch(root, 'persistent_recursive', () => undefined);
    const paths: string[] = [];
    const reading = (async () => {
      for await (const { path } of watch) {
        paths.push(path);
        if (paths.length === 3) break;
      }
    })();
    for (const name of ['a', 'b', 'c', 'd']) await witness.create(`${root}/${name}`, null);
    await reading;
    expect(paths).toEqual([`${root}/a`, `${root}/b`, `${root}/c`]);
    const rest = (async () => {
      for await (const { path } of watch) paths.push(path);
    })();
    await watch.close();
    await rest;
    expect(paths.length).toBe(3);
  });
});
