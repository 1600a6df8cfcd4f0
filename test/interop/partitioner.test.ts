import { beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { type Client, connect } from '@reeve/client';
import { type PartitionerOptions, type Share, WorkPartitioner } from '@reeve/recipes';
import { atTestEnd, type Engine, engineKinds, eventually, type FaultProxy, startFaultProxy } from '@reeve/testkit';
import { LASTING_MS, SESSION_MS } from './session-times.ts';

const names = Array.from({ length: 12 }, (_, i) => `feed/${i}`);

describe.each(engineKinds)('a partition on $name', ({ start }) => {
  let engine: Engine;
  let proxy: FaultProxy;
  let witness: Client;
  let path: string;
  let nth = 0;
  /** Who works on what, as the members themselves believe; and the highest fence of each name. */
  let working: Map<string, string>;
  let fences: Map<string, number>;
  let overlaps: string[];

  async function open(servers: string, sessionTimeoutMs = SESSION_MS): Promise<Client> {
    const opened = await connect({ servers, sessionTimeoutMs, connectTimeoutMs: 500 });
    atTestEnd(() => opened.close());
    return opened;
  }

  beforeAll(async () => {
    engine = await start({ tickMs: 500 });
    witness = await open(engine.address, LASTING_MS);
  }, 60_000);

  beforeEach(async () => {
    proxy = await startFaultProxy(engine.port);
    nth += 1;
    path = `/partition-${nth}`;
    working = new Map();
    fences = new Map();
    overlaps = [];
  });

  function begin(member: string, { name, fence }: Share): void {
    if (working.has(name)) overlaps.push(`${name}: ${working.get(name)} and ${member}`);
    if (fence <= (fences.get(name) ?? 0)) overlaps.push(`${name}: the fence of ${member} has not grown`);
    working.set(name, member);
    fences.set(name, fence);
  }

  /** A member that works on what it is assigned, and gives back at once what it is asked for. */
  async function join(client: Client, member: string, more: Partial<PartitionerOptions> = {}) {
    const partitioner = new WorkPartitioner(client, { path, member, names, settleMs: 50, ...more });
    partitioner.events.subscribe((event) => {
      if (event.kind === 'assigned') begin(member, event.share);
      if (event.kind === 'share_lost') working.delete(event.share.name);
      if (event.kind !== 'revoked') return;
      working.delete(event.share.name);
      void event.share.release();
    });
    await partitioner.start();
    return partitioner;
  }

  const owned = (partitioners: readonly WorkPartitioner[]) => partitioners.map(({ shares }) => shares.size);

  const isSplit = (partitioners: readonly WorkPartitioner[], ...sizes: readonly number[]) =>
    eventually(() => expect(owned(partitioners).toSorted()).toEqual([...sizes].sort()) === undefined, {
      what: `the names are split into ${sizes}`,
      deadlineMs: 15_000,
    });

  async function leave(partitioner: WorkPartitioner): Promise<void> {
    for (const name of partitioner.shares.keys()) working.delete(name);
    await partitioner.stop();
  }

  test('is even, moves as members come and go, and no name is ever worked on by two', async () => {
    const first = await join(await open(engine.address), 'm1');
    await isSplit([first], 12);
    const second = await join(await open(engine.address), 'm2');
    await isSplit([first, second], 6, 6);
    const third = await join(await open(engine.address), 'm3');
    await isSplit([first, second, third], 4, 4, 4);
    expect(first.members).toEqual(['m1', 'm2', 'm3']);
    await leave(second);
    await isSplit([first, third], 6, 6);
    expect([...first.shares.keys(), ...third.shares.keys()].sort()).toEqual([...names].sort());
    expect(overlaps).toEqual([]);
  });

  test('waits for a member to finish what it must give up', async () => {
    const first = new WorkPartitioner(await open(engine.address), { path, member: 'm1', names, settleMs: 50 });
    const revoked: Share[] = [];
    first.events.subscribe((event) => {
      if (event.kind === 'revoked') revoked.push(event.share);
    });
    await first.start();
    await isSplit([first], 12);
    const second = await join(await open(engine.address), 'm2');
    await eventually(() => revoked.length === 6, { what: 'half of the names are asked back' });
    expect(owned([first, second])).toEqual([12, 0]);
    expect(revoked.every(({ state, revoked }) => state === 'held' && revoked.aborted)).toBe(true);
    await revoked[0]?.release();
    await isSplit([first, second], 11, 1);
    expect([...second.shares.keys()]).toEqual([revoked[0]?.name]);
  });

  test('takes a name from a member that does not give it back in time, and tells it so', async () => {
    const lost: string[] = [];
    const first = new WorkPartitioner(await open(engine.address), { path, member: 'm1', names, handOverMs: 100 });
    first.events.subscribe((event) => {
      if (event.kind === 'share_lost') lost.push(`${event.reason} ${event.share.state} ${event.share.signal.aborted}`);
    });
    await first.start();
    await isSplit([first], 12);
    const second = await join(await open(engine.address), 'm2');
    await isSplit([first, second], 6, 6);
    expect(lost).toEqual(Array.from({ length: 6 }, () => 'overdue lost true'));
    expect(overlaps).toEqual([]);
  });

  test('goes on without a member that is out of touch, which knows in time and comes back', async () => {
    const away = await join(await open(proxy.address), 'away');
    const here = await join(await open(engine.address), 'here');
    await isSplit([away, here], 6, 6);
    await proxy.refuse();
    await eventually(() => away.shares.size === 0, { what: 'the one out of touch has let go' });
    await isSplit([here], 12);
    expect(overlaps).toEqual([]);
    await proxy.accept();
    await eventually(() => away.state === 'lost', { what: 'it knows that its session is over' });
    const back = await join(await open(engine.address), 'away');
    await isSplit([back, here], 6, 6);
    expect(overlaps).toEqual([]);
  });

  test('comes through a storm of cuts with every name owned once', async () => {
    proxy.cutRandomly({ seed: 99, bytesMax: 8_000 });
    const members = await Promise.all(
      ['m1', 'm2', 'm3'].map(async (member) => join(await open(proxy.address), member)),
    );
    for (let i = 0; i < 5; i += 1) {
      const guest = await join(await open(proxy.address), `guest-${i}`);
      await eventually(() => guest.shares.size > 0, { what: 'the guest has got something', deadlineMs: 15_000 });
      await leave(guest);
    }
    proxy.cutRandomly({ seed: 0, bytesMax: 0 });
    proxy.cut();
    await isSplit(members, 4, 4, 4);
    expect(members.flatMap(({ shares }) => [...shares.keys()]).sort()).toEqual([...names].sort());
    expect(overlaps).toEqual([]);
  }, 60_000);

  test('splits other names when it is told to, and leaves nothing behind in the end', async () => {
    const client = await open(engine.address);
    const first = await join(client, 'm1');
    await isSplit([first], 12);
    first.replaceNames(['feed/0', '..', 'other']);
    await isSplit([first], 3);
    expect([...first.shares.keys()].sort()).toEqual(['..', 'feed/0', 'other']);
    await leave(first);
    expect(first.shares.size).toBe(0);
    expect(await witness.getEphemerals(path)).toEqual([]);
    await client.sync(path);
    await expect(client.removeWatches(`${path}/members`, 'any')).rejects.toMatchObject({ code: 'no_watcher' });
  });
});
