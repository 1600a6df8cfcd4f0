import { beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { type Client, connect } from '@reeve/client';
import { type Lease, type LeaseEvent, type Lock, MultiLock, Mutex, ReadWriteLock, Semaphore } from '@reeve/recipes';
import {
  atTestEnd,
  childrenIn,
  type Engine,
  engineKinds,
  eventually,
  type FaultProxy,
  leftSince,
  startFaultProxy,
  tracesIn,
} from '@reeve/testkit';
import { LASTING_MS, SESSION_MS } from './session-times.ts';

describe.each(engineKinds)('locks on $name', ({ start }) => {
  let engine: Engine;
  let proxy: FaultProxy;
  let witness: Client;
  let path: string;
  let nth = 0;

  async function open(servers = engine.address, sessionTimeoutMs = SESSION_MS): Promise<Client> {
    const opened = await connect({ servers, sessionTimeoutMs, connectTimeoutMs: 500 });
    atTestEnd(() => opened.close());
    return opened;
  }

  beforeAll(async () => {
    engine = await start({ tickMs: 500 });
    witness = await open(engine.address, LASTING_MS);
    await witness.create('/locks', null);
  }, 60_000);

  beforeEach(async () => {
    proxy = await startFaultProxy(engine.port);
    nth += 1;
    path = `/locks/${nth}`;
  });

  const lineIs = (count: number, under = path) =>
    eventually(async () => (await childrenIn(witness, under)).length === count, {
      what: `${count} stand in line`,
    });

  const isPending = async (work: Promise<unknown>) =>
    (await Promise.race([work.catch(() => undefined), witness.sync('/').then(() => 'pending')])) === 'pending';

  const goesTo = async (waiting: Promise<Lease>) => {
    const lease = await waiting;
    expect(lease.state).toBe('held');
    return lease;
  };

  describe('a mutex', () => {
    const mutexOf = (client: Client) => new Mutex(client, { path });

    test('is held by one at a time, in the order in which they came, with a fence that grows', async () => {
      const clients = await Promise.all([open(), open(), open()]);
      const waiting: Promise<Lease>[] = [];
      for (const [at, client] of clients.entries()) {
        waiting.push(mutexOf(client).acquire());
        await lineIs(at + 1);
      }
      const fences: number[] = [];
      for (const [at, wait] of waiting.entries()) {
        const lease = await goesTo(wait);
        const others = waiting.slice(at + 1).map(isPending);
        expect(await Promise.all(others)).toEqual(others.map(() => true));
        fences.push(lease.fence);
        await lease.release();
        expect(lease.state).toBe('released');
      }
      expect(fences).toEqual([...fences].sort((a, b) => a - b));
      expect(new Set(fences).size).toBe(3);
    });

    test('has the names of Curator and says who holds and who waits', async () => {
      const lease = await mutexOf(witness).acquire();
      expect(lease.path).toMatch(/\/_c_[-0-9a-f]{36}-lock-0000000000$/);
      const other = new Mutex(await open(), { path, data: Buffer.from('other') });
      const waiting = other.acquire();
      await lineIs(2);
      const [first, second, ...more] = await other.participants();
      expect(first).toMatchObject({ role: 'holds', path: lease.path, fence: lease.fence });
      expect(JSON.parse(String(first?.data))).toMatchObject({ pid: process.pid });
      expect(second).toMatchObject({ role: 'waits', data: Buffer.from('other') });
      expect(more).toEqual([]);
      await lease.release();
      await (await waiting).release();
      expect(await other.participants()).toEqual([]);
    });

    test('who tries once, waits for a time or is called off gets nothing and leaves nothing', async () => {
      const lease = await mutexOf(witness).acquire();
      const client = await open();
      const before = await tracesIn([engine], witness);
      const rival = mutexOf(client);
      await expect(rival.acquire({ timeoutMs: 0 })).rejects.toMatchObject({ code: 'deadline_exceeded' });
      await expect(rival.acquire({ timeoutMs: 50 })).rejects.toMatchObject({ code: 'deadline_exceeded' });
      const off = new AbortController();
      const waiting = rival.acquire({ signal: off.signal });
      await lineIs(2);
      off.abort();
      await expect(waiting).rejects.toMatchObject({ code: 'aborted' });
      await expect(rival.acquire({ signal: off.signal })).rejects.toMatchObject({ code: 'aborted' });
      expect(leftSince(before, await tracesIn([engine], witness))).toEqual([]);
      expect(lease.state).toBe('held');
      await lease.release();
      await (await rival.acquire({ timeoutMs: 0 })).release();
    });

    test('the same owner gets it again at once, and it is free after the last release', async () => {
      const mutex = mutexOf(witness);
      const owner = {};
      const [first, second] = await Promise.all([mutex.acquire({ owner }), mutex.acquire({ owner })]);
      expect(second.fence).toBe(first.fence);
      expect(await witness.getChildren(path)).toHaveLength(1);
      await expect(mutex.acquire({ owner: 'another', timeoutMs: 0 })).rejects.toThrow('not in time');
      await first.release();
      await first.release();
      expect([first.state, second.state]).toEqual(['released', 'held']);
      await expect(mutex.acquire({ timeoutMs: 0 })).rejects.toThrow('not in time');
      await second.release();
      await (await mutex.acquire({ timeoutMs: 0 })).release();
    });

    test('an acquire outlives another one of its owner that gives up', async () => {
      const lease = await mutexOf(witness).acquire();
      const mutex = mutexOf(await open());
      const off = new AbortController();
      const impatient = mutex.acquire({ owner: 1, signal: off.signal });
      const patient = mutex.acquire({ owner: 1 });
      await lineIs(2);
      off.abort();
      await expect(impatient).rejects.toMatchObject({ code: 'aborted' });
      await lease.release();
      await (await goesTo(patient)).release();
      await lineIs(0);
    });

    test('whoever holds it is told when somebody asks for it, now or before', async () => {
      const lease = await mutexOf(witness).acquire();
      const told: LeaseEvent[] = [];
      lease.events.subscribe((event) => told.push(event));
      const next = mutexOf(await open()).acquire();
      await lineIs(2);
      const [, waiter] = await mutexOf(witness).participants();
      await witness.setData(waiter?.path as string, Buffer.from('__REVOKE__'));
      expect(await mutexOf(witness).askToRevoke()).toBe(1);
      await eventually(() => told.length > 0, { what: 'the holder is told' });
      expect([told, lease.revocation]).toEqual([[{ kind: 'revocation_asked' }], 'asked']);
      await lease.release();
      const second = await goesTo(next);
      await eventually(() => second.revocation === 'asked', { what: 'the next one knows' });
      await second.release();
    });

    test('work that is run while it is held gives back what it returns, and the lock whatever it throws', async () => {
      const mutex = mutexOf(witness);
      expect(await mutex.run(({ fence }) => fence > 0)).toBe(true);
      const failing = mutex.run(async () => Promise.reject(new RangeError('too much')));
      await expect(failing).rejects.toThrow(RangeError);
      const lost = mutex.run(async ({ path: znode, signal }) => {
        await witness.delete(znode);
        await eventually(() => signal.aborted, { what: 'the work is told' });
      });
      await expect(lost).rejects.toMatchObject({ code: 'lost' });
      await (await mutex.acquire({ timeoutMs: 0 })).release();
    });

    /** Stands in line behind a holder, who must know of its loss when the lock is handed over. */
    const handOver = async (first: Lease): Promise<Lease> => {
      const second = await mutexOf(witness).acquire();
      expect(first.state).toBe('lost');
      return second;
    };

    test('a holder out of touch is told before its session can have expired, and the next gets it after', async () => {
      const lease = await mutexOf(await open(proxy.address)).acquire();
      const told: LeaseEvent[] = [];
      lease.events.subscribe((event) => told.push(event));
      const next = handOver(lease);
      await lineIs(2);
      await proxy.refuse();
      await eventually(() => lease.signal.aborted, { what: 'the loss is told' });
      expect([lease.state, told]).toEqual(['lost', [{ kind: 'lost', reason: 'session_suspended' }]]);
      const second = await goesTo(next);
      expect(second.fence).toBeGreaterThan(lease.fence);
      await second.release();
      await lease.release();
      expect(lease.state).toBe('lost');
    });

    test('a holder whose server is silent, while its connection stands, is told as well', async () => {
      const lease = await mutexOf(await open(proxy.address)).acquire();
      const next = handOver(lease);
      await lineIs(2);
      proxy.stall();
      await eventually(() => lease.state === 'lost', { what: 'the lease is lost' });
      await (await goesTo(next)).release();
    });

    test('is held over a lost connection', async () => {
      const client = await open(proxy.address);
      const lease = await mutexOf(client).acquire();
      const before = proxy.accepted;
      proxy.cut();
      await eventually(() => proxy.accepted > before && client.state === 'connected', { what: 'another is there' });
      await client.sync(path);
      expect(lease.state).toBe('held');
      await lease.release();
      await lineIs(0);
    });

    test('what was released, or given up, out of touch is free when a server is reached again', async () => {
      const client = await open(proxy.address);
      const before = await tracesIn([engine], witness);
      const lease = await mutexOf(client).acquire();
      const off = new AbortController();
      const waiting = mutexOf(client).acquire({ signal: off.signal });
      await lineIs(2);
      await proxy.refuse();
      await eventually(() => client.state === 'suspended', { what: 'the connection is lost' });
      off.abort();
      await expect(waiting).rejects.toMatchObject({ code: 'aborted' });
      await lease.release();
      expect(lease.state).toBe('released');
      await proxy.accept();
      await lineIs(0);
      await eventually(
        async () => {
          const left = leftSince(before, await tracesIn([engine], witness));
          return left.every((what) => what === `the znode ${path}`);
        },
        { what: 'nothing is left' },
      );
    });

    test('an acquire that is called off before its creation is answered leaves nothing', async () => {
      await witness.create(path, null);
      const client = await open(proxy.address);
      const off = new AbortController();
      proxy.stall('to_client');
      const waiting = mutexOf(client).acquire({ signal: off.signal });
      await lineIs(1);
      off.abort();
      proxy.cut();
      proxy.resume();
      await expect(waiting).rejects.toMatchObject({ code: 'aborted' });
      await lineIs(0);
    });

    test('everyone gets it once, however often the connections are cut', async () => {
      proxy.cutRandomly({ seed: 1234, bytesMax: 4_000 });
      const clients = await Promise.all([open(proxy.address), open(proxy.address), open()]);
      let inside = 0;
      let turns = 0;
      const rounds = async (client: Client) => {
        for (let round = 0; round < 12; round += 1) {
          const lease = await mutexOf(client).acquire();
          inside += 1;
          expect([inside, lease.state]).toEqual([1, 'held']);
          await witness.sync(path);
          turns += 1;
          inside -= 1;
          await lease.release();
        }
      };
      await Promise.all(clients.map(rounds));
      proxy.cutRandomly({ seed: 0, bytesMax: 0 });
      expect(turns).toBe(36);
      await lineIs(0);
      expect(proxy.accepted).toBeGreaterThan(3);
    });

    test('ends with the session, for who holds and for who waits', async () => {
      const holder = await open();
      const waiter = await open();
      const lease = await mutexOf(holder).acquire();
      const waiting = mutexOf(waiter).acquire();
      await lineIs(2);
      await Promise.all([waiter.close(), expect(waiting).rejects.toMatchObject({ code: 'session_over' })]);
      await holder.close();
      expect(lease.state).toBe('lost');
      await lease.release();
      await expect(mutexOf(holder).acquire()).rejects.toMatchObject({ code: 'session_over' });
    });
  });

  describe('a lock for reading and writing', () => {
    const lockOf = (client: Client) => new ReadWriteLock(client, { path });

    test('many read at once, one writes, and who comes later does not overtake who waits', async () => {
      const [a, b, c] = [lockOf(await open()), lockOf(await open()), lockOf(await open())];
      const readers = await Promise.all([a.read.acquire(), b.read.acquire()]);
      const writing = c.write.acquire();
      await lineIs(3);
      const late = a.read.acquire();
      await lineIs(4);
      expect(await Promise.all([isPending(writing), isPending(late)])).toEqual([true, true]);
      expect((await a.participants()).map(({ access, role }) => `${access} ${role}`)).toEqual([
        'read holds',
        'read holds',
        'write waits',
        'read waits',
      ]);
      await readers[0].release();
      expect(await isPending(writing)).toBe(true);
      await readers[1].release();
      const writer = await goesTo(writing);
      expect(await isPending(late)).toBe(true);
      await writer.release();
      await (await goesTo(late)).release();
    });

    test('who writes may read as well, and reads on when it has written', async () => {
      const lock = lockOf(witness);
      const owner = 'the editor';
      const write = await lock.write.acquire({ owner });
      const next = lockOf(await open()).write.acquire();
      await lineIs(2);
      const read = await lock.read.acquire({ owner });
      expect(read.fence).toBe(write.fence);
      expect(read.path.slice(-10)).toBe(write.path.slice(-10));
      await write.release();
      expect(await isPending(next)).toBe(true);
      expect(read.state).toBe('held');
      await read.release();
      await (await goesTo(next)).release();
    });

    test('has the names of Curator', async () => {
      const lock = lockOf(witness);
      const read = await lock.read.acquire();
      expect(read.path).toMatch(/\/_c_[-0-9a-f]{36}-__READ__0000000000$/);
      await read.release();
      await lock.write.run(({ path: znode }) => expect(znode).toMatch(/-__WRIT__0000000001$/));
    });
  });

  describe('a semaphore', () => {
    const semaphoreOf = (client: Client, leases = 2) => new Semaphore(client, { path, leases });
    const leases = () => `${path}/leases`;

    test('so many hold at once, and a release lets in who has waited longest', async () => {
      const [a, b, c] = [semaphoreOf(await open()), semaphoreOf(await open()), semaphoreOf(await open())];
      const held = await Promise.all([a.acquire(), b.acquire()]);
      const first = c.acquire();
      await lineIs(3, leases());
      const second = a.acquire();
      await lineIs(2, `${path}/locks`);
      expect(await Promise.all([isPending(first), isPending(second)])).toEqual([true, true]);
      expect((await a.participants()).map(({ role }) => role)).toEqual(['holds', 'holds', 'waits', 'waits']);
      await held[1].release();
      const third = await goesTo(first);
      expect(third.fence).toBeGreaterThan(held[0].fence);
      expect(await isPending(second)).toBe(true);
      await held[0].release();
      await (await goesTo(second)).release();
      await third.release();
      await lineIs(0, leases());
      await lineIs(0, `${path}/locks`);
    });

    test('who gives up leaves nothing', async () => {
      const semaphore = semaphoreOf(witness, 1);
      const lease = await semaphore.acquire();
      const rival = semaphoreOf(await open(), 1);
      const before = await tracesIn([engine], witness);
      await expect(rival.acquire({ timeoutMs: 0 })).rejects.toMatchObject({ code: 'deadline_exceeded' });
      await expect(rival.acquire({ timeoutMs: 40 })).rejects.toMatchObject({ code: 'deadline_exceeded' });
      const off = new AbortController();
      const waiting = [rival.acquire({ signal: off.signal }), rival.acquire({ signal: off.signal })];
      await lineIs(2, `${path}/locks`);
      await lineIs(2, leases());
      off.abort();
      const ends = await Promise.allSettled(waiting);
      expect(ends.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
      await eventually(async () => leftSince(before, await tracesIn([engine], witness)).length === 0, {
        what: 'nothing is left',
      });
      await lease.release();
      await rival.run(async () => undefined, { timeoutMs: 0 });
    });

    test('how many may hold changes for all who wait', async () => {
      const [a, b] = [semaphoreOf(await open(), 1), semaphoreOf(await open(), 1)];
      const held = [await a.acquire()];
      const waiting = [b.acquire(), b.acquire()];
      await lineIs(2, leases());
      await a.resize(3);
      held.push(...(await Promise.all(waiting)));
      expect([await b.size(), held.map(({ state }) => state)]).toEqual([3, ['held', 'held', 'held']]);
      expect((await witness.getData(`${path}/count`)).data).toEqual(Buffer.from([0, 0, 0, 3]));
      await b.resize(1);
      await held.pop()?.release();
      await expect(a.acquire({ timeoutMs: 0 })).rejects.toMatchObject({ code: 'deadline_exceeded' });
      await Promise.all(held.map((lease) => lease.release()));
      await (await a.acquire({ timeoutMs: 0 })).release();
    });

    test('never more hold than may, however often the connections are cut', async () => {
      proxy.cutRandomly({ seed: 99, bytesMax: 5_000 });
      const clients = await Promise.all([open(proxy.address), open(proxy.address), open(), open()]);
      let inside = 0;
      let most = 0;
      const rounds = async (client: Client) => {
        for (let round = 0; round < 6; round += 1) {
          const lease = await semaphoreOf(client).acquire();
          inside += 1;
          most = Math.max(most, inside);
          for (let breath = 0; breath < 5; breath += 1) await witness.sync('/');
          inside -= 1;
          await lease.release();
        }
      };
      await Promise.all(clients.map(rounds));
      proxy.cutRandomly({ seed: 0, bytesMax: 0 });
      expect(most).toBeLessThanOrEqual(2);
      await lineIs(0, leases());
      await lineIs(0, `${path}/locks`);
    });
  });

  describe('several locks together', () => {
    const paths = (...names: string[]) => names.map((name) => `${path}/${name}`);

    test('one has all or none', async () => {
      const one = await new Mutex(witness, { path: `${path}/b` }).acquire();
      const multi = new MultiLock(await open(), { paths: paths('c', 'b', 'a') });
      await expect(multi.acquire({ timeoutMs: 0 })).rejects.toMatchObject({ code: 'deadline_exceeded' });
      await expect(multi.acquire({ timeoutMs: 50 })).rejects.toMatchObject({ code: 'deadline_exceeded' });
      await lineIs(0, `${path}/a`);
      await one.release();
      const lease = await multi.acquire({ timeoutMs: 0 });
      expect(lease.leases.map((each) => each.path.split('/').at(-2))).toEqual(['a', 'b', 'c']);
      await witness.delete(lease.leases[1]?.path as string);
      await eventually(() => lease.signal.aborted, { what: 'the loss of one is the loss of all' });
      expect(lease.state).toBe('lost');
      await lease.release();
      await lineIs(0, `${path}/c`);
    });

    test('who wants some of the same never waits for each other', async () => {
      const sets = [paths('a', 'b'), paths('b', 'c'), paths('c', 'a')];
      let turns = 0;
      const rounds = async (mine: readonly string[]) => {
        const multi: Lock = new MultiLock(await open(), { paths: mine });
        for (let round = 0; round < 10; round += 1) {
          await multi.run(() => {
            turns += 1;
          });
        }
      };
      await Promise.all(sets.map(rounds));
      expect(turns).toBe(30);
    });
  });
});
