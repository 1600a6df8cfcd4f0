import { beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { type Client, connect } from '@reeve/client';
import {
  Barrier,
  Counter,
  DoubleBarrier,
  Queue,
  type QueueItem,
  type QueueOptions,
  SequenceRange,
  SharedValue,
  type SharedValueEvent,
} from '@reeve/recipes';
import {
  atTestEnd,
  behind,
  type Engine,
  engineKinds,
  eventually,
  type FaultProxy,
  startFaultProxy,
} from '@reeve/testkit';
import { LASTING_MS, SESSION_MS } from './session-times.ts';

const bytes = (text: string) => Buffer.from(text);
const numbers = (count: number) => Array.from({ length: count }, (_, i) => i);

describe.each(engineKinds)('on $name', ({ start }) => {
  let engine: Engine;
  let proxy: FaultProxy;
  let witness: Client;
  let root: string;
  let nth = 0;

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
    root = await witness.create(`/collections-${nth}`, null);
  });

  /** Every znode below a path. */
  async function tree(path: string): Promise<readonly string[]> {
    const names = await witness.getChildren(path);
    const below = await Promise.all(names.map(async (name) => [name, ...(await tree(`${path}/${name}`))]));
    return below.flat();
  }

  /** Loses the answers of what is written until `written`, then the connection. */
  async function loseAnswer(written: () => Promise<boolean>, what: string): Promise<void> {
    await eventually(written, { what });
    proxy.cut();
    proxy.resume();
  }

  describe('a counter', () => {
    const at = () => `${root}/counter`;
    const text = async () => String((await witness.getData(at())).data);

    test('is exact when many add to it at once, and tells each of them another number', async () => {
      const counters = (await Promise.all([1, 2, 3].map(() => open(engine.address)))).map((c) => new Counter(c, at()));
      const told = await Promise.all(numbers(150).map((i) => (counters[i % 3] as Counter).add(1)));
      expect(new Set(told).size).toBe(150);
      expect([await counters[0]?.get(), await text()]).toEqual([150, '150']);
      await Promise.all(counters.map((counter) => counter.stop()));
      expect(await tree(at())).toEqual([]);
    });

    test('adds once although the answer is lost', async () => {
      const counter = new Counter(await open(proxy.address), at());
      await counter.add(2);
      await counter.add(-1);
      proxy.stall('to_client');
      const adding = counter.add(5);
      await loseAnswer(async () => (await text()) === '6', 'it is added');
      expect([await adding, await text()]).toEqual([6, '6']);
    });

    test('adds once although the request was lost, and another one has added meanwhile', async () => {
      const counter = new Counter(await open(proxy.address), at());
      const other = new Counter(witness, at());
      await counter.add(1);
      proxy.stall('to_server');
      const adding = counter.add(5);
      await other.add(10);
      proxy.cut();
      proxy.resume();
      expect([await adding, await other.get()]).toEqual([16, 16]);
      await other.stop();
    });

    test('is exact however often and wherever the connections are cut', async () => {
      proxy.cutRandomly({ seed: 4711, bytesMax: 4_000 });
      const counters = (await Promise.all([1, 2].map(() => open(proxy.address)))).map((c) => new Counter(c, at()));
      const adding = counters.map(async (counter) => {
        for (let i = 0; i < 60; i += 1) await counter.add(i % 2 === 0 ? 3 : -1);
      });
      await Promise.all(adding);
      expect(await text()).toBe('120');
      expect(proxy.accepted).toBeGreaterThan(4);
    });

    test('is set, goes below zero, and refuses what is no number or too large', async () => {
      const counter = new Counter(witness, at());
      await counter.set(-3);
      expect([await counter.add(1), await counter.get()]).toEqual([-2, -2]);
      await counter.set(Number.MAX_SAFE_INTEGER);
      await expect(counter.add(1)).rejects.toMatchObject({ code: 'out_of_range' });
      await witness.setData(at(), bytes('many'));
      await expect(counter.get()).rejects.toMatchObject({ code: 'unreadable' });
      await counter.stop();
      await expect(counter.add(1)).rejects.toMatchObject({ code: 'stopped' });
    });

    test('tells who waits when the session is over, and gives up in time', async () => {
      const client = await open(proxy.address);
      const counter = new Counter(client, at());
      await counter.add(1);
      await proxy.refuse();
      await eventually(() => client.state === 'suspended', { what: 'the session is suspended' });
      await expect(counter.add(1, { timeoutMs: 50 })).rejects.toMatchObject({ code: 'deadline_exceeded' });
      const adding = counter.add(1);
      await eventually(async () => (await tree(at())).length === 0, { what: 'the session has expired' });
      await proxy.accept();
      await expect(adding).rejects.toMatchObject({ code: expect.stringMatching(/session_over|in_doubt/) });
    });
  });

  test('a range of numbers gives each of them to one client only', async () => {
    const clients = await Promise.all([1, 2].map(() => open(engine.address)));
    const ranges = clients.map((client) => new SequenceRange(client, { path: `${root}/last`, block: 7 }));
    const given = await Promise.all(ranges.flatMap((range) => numbers(50).map(() => range.next())));
    expect(new Set(given).size).toBe(100);
    expect(Math.min(...given)).toBe(1);
    await Promise.all(ranges.map((range) => range.stop()));
    expect(await tree(`${root}/last`)).toEqual([]);
  });

  describe('a shared value', () => {
    async function share(client: Client) {
      const events: SharedValueEvent[] = [];
      const value = new SharedValue(client, { path: `${root}/value`, initial: bytes('0') });
      value.events.subscribe((event) => events.push(event));
      await value.start();
      return { value, events };
    }

    test('is seen by all, and changed by many at once without a loss', async () => {
      const clients = await Promise.all([1, 2, 3].map(() => open(engine.address)));
      const shares = await Promise.all(clients.map(share));
      const more = (data: Buffer) => bytes(String(Number(String(data)) + 1));
      await Promise.all(numbers(30).map((i) => shares[i % 3]?.value.update(more)));
      for (const { value } of shares) {
        await eventually(() => String(value.value.data) === '30', { what: 'all see the last value' });
        expect(value.value.version).toBe(30);
      }
      await Promise.all(shares.map(({ value }) => value.stop()));
      expect(await tree(`${root}/value`)).toEqual([]);
    });

    test('is written only over the version that was meant', async () => {
      const { value, events } = await share(await open(engine.address));
      const { version } = value.value;
      await witness.setData(`${root}/value`, bytes('other'));
      expect(await value.compareAndSet(bytes('mine'), { version })).toBe(false);
      await eventually(() => events.length === 1, { what: 'the change is told' });
      expect(String(value.value.data)).toBe('other');
      expect(await value.compareAndSet(bytes('mine'), { version: value.value.version })).toBe(true);
      expect(events.map((event) => event.kind === 'changed' && String(event.value.data))).toEqual(['other', 'mine']);
    });

    test('is written once although the answer is lost, and followed over a lost connection', async () => {
      const { value, events } = await share(await open(proxy.address));
      proxy.stall('to_client');
      const updating = value.update((data) => bytes(`${data}1`));
      const written = async () => String((await witness.getData(`${root}/value`)).data) === '01';
      await loseAnswer(written, 'it is written');
      expect(await updating).toMatchObject({ version: 1 });
      expect([String(value.value.data), events.length]).toEqual(['01', 1]);
      await proxy.refuse();
      await eventually(() => value.state === 'stale', { what: 'it is stale' });
      await witness.setData(`${root}/value`, bytes('2'));
      await proxy.accept();
      await eventually(() => events.length === 2, { what: 'the change is told' });
      expect([value.state, String(value.value.data)]).toEqual(['following', '2']);
    });

    test('is lost with the session', async () => {
      const client = await open(engine.address);
      const { value, events } = await share(client);
      await client.close();
      expect([value.state, events]).toEqual(['lost', [{ kind: 'lost', reason: 'session_over' }]]);
      await expect(value.set(bytes('x'))).rejects.toMatchObject({ code: 'session_over' });
    });
  });

  describe('a barrier', () => {
    test('holds all who wait until it is opened', async () => {
      const barrier = new Barrier(witness, `${root}/gates/north`);
      await barrier.wait({ timeoutMs: 0 });
      await barrier.close();
      await barrier.close();
      const passed: number[] = [];
      const clients = await Promise.all([1, 2, 3].map(() => open(engine.address)));
      const waits = clients.map(async (client, i) => {
        await new Barrier(client, barrier.path).wait();
        passed.push(i);
      });
      await expect(barrier.wait({ timeoutMs: 50 })).rejects.toMatchObject({ code: 'deadline_exceeded' });
      await expect(barrier.wait({ timeoutMs: 0 })).rejects.toMatchObject({ code: 'deadline_exceeded' });
      expect([await barrier.isClosed(), passed]).toEqual([true, []]);
      await barrier.open();
      await barrier.open();
      await Promise.all(waits);
    });

    test('is waited for over a lost connection, and not beyond the session', async () => {
      const barrier = new Barrier(witness, `${root}/gate`);
      await barrier.close();
      const client = await open(proxy.address);
      const waiting = new Barrier(client, barrier.path).wait();
      await proxy.refuse();
      await eventually(() => client.state === 'suspended', { what: 'the session is suspended' });
      await barrier.open();
      await proxy.accept();
      await waiting;
      await barrier.close();
      const vain = new Barrier(client, barrier.path).wait();
      await client.close();
      await expect(vain).rejects.toMatchObject({ code: 'session_over' });
    });
  });

  test('a barrier does not keep whoever has no more time, also when the server says nothing', async () => {
    const client = await open(proxy.address);
    const barrier = new Barrier(client, `${root}/gate`);
    const late = { code: 'deadline_exceeded' };
    proxy.stall('to_client');
    await expect(barrier.isClosed({ timeoutMs: 50 })).rejects.toMatchObject(late);
    await expect(barrier.open({ signal: AbortSignal.timeout(50) })).rejects.toMatchObject(late);
    proxy.resume();
    await proxy.refuse();
    await eventually(() => client.state === 'suspended', { what: 'the session is suspended' });
    await expect(barrier.wait({ timeoutMs: 0 })).rejects.toMatchObject(late);
  });

  describe('a double barrier', () => {
    const member = (client: Client, members = 3) => new DoubleBarrier(client, { path: `${root}/race`, members });

    test('lets all in together and out together, again and again', async () => {
      const clients = await Promise.all([1, 2, 3].map(() => open(engine.address)));
      const members = clients.map((client) => member(client));
      let inside = 0;
      const seen: number[] = [];
      const run = async (one: DoubleBarrier) => {
        for (let round = 1; round <= 3; round += 1) {
          inside += 1;
          await one.enter();
          seen.push(inside);
          await one.leave();
          inside -= 1;
          expect(one.state).toBe('outside');
        }
      };
      await Promise.all(members.map(run));
      expect(seen).toEqual(numbers(9).map(() => 3));
      expect(await tree(`${root}/race`)).toEqual([]);
    });

    test('lets all in who come at once where a round has died, also who ends the old round too late', async () => {
      await witness.create(`${root}/race`, null);
      await witness.create(`${root}/race/ready`, null);
      const fast = member(await open(engine.address), 2);
      let entered: Promise<void> | undefined;
      // Has seen that the round is dead, and is overtaken before it says so.
      const meanwhile = () => (entered ??= fast.enter());
      await member(behind(await open(engine.address), 'multiRead', meanwhile), 2).enter();
      await entered;
    });

    test('lets nobody in before there are enough, and forgets who gives up', async () => {
      const [first, second] = [member(await open(engine.address)), member(await open(engine.address))];
      const waiting = first.enter();
      await expect(second.enter({ timeoutMs: 100 })).rejects.toMatchObject({ code: 'deadline_exceeded' });
      expect([first.state, second.state]).toEqual(['entering', 'outside']);
      expect(await tree(`${root}/race`)).toHaveLength(1);
      const others = await Promise.all([1, 2].map(() => open(engine.address)));
      await Promise.all([waiting, ...others.map((client) => member(client).enter())]);
    });

    test('does not wait for a member that died, and does not let others in by its round', async () => {
      const mortal = await open(engine.address);
      const [survivor, dead] = [member(await open(engine.address), 2), member(mortal, 2)];
      await Promise.all([survivor.enter(), dead.enter()]);
      const leaving = survivor.leave();
      await mortal.close();
      await leaving;
      expect(await tree(`${root}/race`)).toEqual([]);
      const both = await Promise.all([1, 2].map(() => open(engine.address)));
      await Promise.all(both.map((client) => member(client, 2).enter()));
      await Promise.all(both.map((client) => client.close()));
      await eventually(async () => (await tree(`${root}/race`)).length === 1, { what: 'all have died' });
      await expect(member(witness, 2).enter({ timeoutMs: 100 })).rejects.toMatchObject({ code: 'deadline_exceeded' });
    });

    test('is entered once although the answer is lost', async () => {
      await witness.create(`${root}/race`, null);
      const one = member(await open(proxy.address), 2);
      proxy.stall('to_client');
      const entering = one.enter();
      await loseAnswer(async () => (await tree(`${root}/race`)).length === 1, 'it is there');
      await eventually(() => proxy.accepted > 1, { what: 'it is in touch again' });
      const other = member(witness, 2);
      await Promise.all([entering, other.enter()]);
      expect(await tree(`${root}/race`)).toHaveLength(3);
      await Promise.all([one.leave(), other.leave()]);
    });
  });

  describe('a queue', () => {
    const queueOf = (client: Client, options: Partial<QueueOptions> = {}) =>
      new Queue(client, { path: `${root}/queue`, ...options });
    const textOf = (item: QueueItem) => String(item.data);
    const entries = () => witness.getChildren(`${root}/queue/entries`);
    const left = async () => (await tree(`${root}/queue`)).filter((name) => /\d/.test(name));

    test('gives what is most urgent first, and what came first of that', async () => {
      const queue = queueOf(await open(engine.address));
      await queue.put(bytes('late'), { priority: 500 });
      await queue.putMany([bytes('a'), bytes('b')]);
      await queue.put(bytes('now'), { priority: 0 });
      await queue.put(bytes('c'));
      const taken: string[] = [];
      for (let i = 0; i < 5; i += 1) {
        const item = await queue.take();
        taken.push(textOf(item));
        await item.done();
      }
      expect(taken).toEqual(['now', 'a', 'b', 'c', 'late']);
      await expect(queue.take({ timeoutMs: 0 })).rejects.toMatchObject({ code: 'deadline_exceeded' });
      await queue.put(bytes('d'));
      const { signal } = new AbortController();
      await (await queueOf(witness).take({ timeoutMs: 0, signal })).done();
      await expect(queue.take({ timeoutMs: 30 })).rejects.toMatchObject({ code: 'deadline_exceeded' });
      await queue.stop();
      expect(await left()).toEqual([]);
    });

    test('gives each item to one of many who take at once', async () => {
      const clients = await Promise.all([1, 2, 3].map(() => open(engine.address)));
      const queues = clients.map((client) => queueOf(client));
      await queues[0]?.putMany(numbers(200).map((i) => bytes(String(i))));
      const taken: string[] = [];
      const work = async (queue: Queue) => {
        for (;;) {
          const item = await queue.take({ timeoutMs: 0 }).catch(() => undefined);
          if (item === undefined) return;
          taken.push(textOf(item));
          await item.done();
        }
      };
      await Promise.all(queues.flatMap((queue) => numbers(4).map(() => work(queue))));
      expect(new Set(taken).size).toBe(200);
      expect(taken).toHaveLength(200);
      await Promise.all(queues.map((queue) => queue.stop()));
      expect(await left()).toEqual([]);
    });

    test('wakes one of those who wait for each item, in their order', async () => {
      const clients = await Promise.all([1, 2, 3].map(() => open(engine.address)));
      const got: string[] = [];
      for (const [i, client] of clients.entries()) {
        const queue = queueOf(client);
        queue.take().then((item) => got.push(`${i} ${textOf(item)}`));
        await eventually(async () => (await queue.stats()).takers === i + 1, { what: 'it stands in line' });
      }
      const queue = queueOf(witness);
      for (const [i, text] of ['a', 'b', 'c'].entries()) {
        await queue.put(bytes(text));
        await eventually(() => got.length === i + 1, { what: 'it is taken' });
        await eventually(async () => (await queue.stats()).takers === 2 - i, { what: 'who has it has left the line' });
      }
      expect(got).toEqual(['0 a', '1 b', '2 c']);
    });

    test('an item comes back when it is given back, and when its consumer dies; attempts are counted', async () => {
      const mortal = await open(engine.address);
      const [first, second] = [queueOf(mortal, { consumer: 'mortal' }), queueOf(await open(engine.address))];
      await second.put(bytes('poison'));
      const once = await first.take();
      expect([once.attempts, once.priority, once.state]).toEqual([1, 100, 'held']);
      await once.giveBack();
      const twice = await first.take();
      const waiting = second.take();
      await eventually(async () => (await second.stats()).takers === 1, { what: 'the other one waits' });
      expect(await second.list()).toMatchObject([{ state: 'taken', consumer: 'mortal', attempts: 2 }]);
      await mortal.close();
      const thrice = await waiting;
      expect([thrice.attempts, textOf(thrice), twice.state]).toEqual([3, 'poison', 'lost']);
      expect(thrice.fence).toBeGreaterThan(twice.fence);
      await expect(twice.done()).rejects.toMatchObject({ code: 'lost' });
      await thrice.done();
      expect(await entries()).toEqual([]);
    });

    test('a consumer out of touch is told before another one can have the item', async () => {
      const client = await open(proxy.address);
      const queue = queueOf(client);
      await queue.put(bytes('a'));
      const item = await queue.take();
      const other = queueOf(await open(engine.address));
      const waiting = other.take();
      let owners = 1;
      waiting.then(() => {
        owners += 1;
      });
      item.signal.addEventListener('abort', () => {
        owners -= 1;
      });
      await proxy.refuse();
      await eventually(() => item.state === 'lost', { what: 'the item is lost' });
      expect(owners).toBe(0);
      expect(textOf(await waiting)).toBe('a');
      await expect(item.done()).rejects.toMatchObject({ code: 'lost' });
    });

    test('an item that was lost out of touch is free when the session lives on', async () => {
      const queue = queueOf(await open(proxy.address), { safetyMs: SESSION_MS });
      await queue.put(bytes('a'));
      const item = await queue.take();
      await proxy.refuse();
      await eventually(() => item.state === 'lost', { what: 'the item is lost' });
      await proxy.accept();
      expect(textOf(await queueOf(witness).take())).toBe('a');
    });

    test('puts, takes and ends once although answers are lost', async () => {
      const client = await open(proxy.address);
      const queue = queueOf(client);
      await queue.put(bytes('a'));
      proxy.stall('to_client');
      const putting = queue.put(bytes('b'));
      await loseAnswer(async () => (await entries()).length === 2, 'it is put');
      await putting;
      expect(await entries()).toHaveLength(2);
      proxy.stall('to_client');
      const ending = queue.take().then((item) => item.done().then(() => item));
      await eventually(() => proxy.accepted > 1, { what: 'it is in touch' });
      proxy.resume();
      await ending;
      const item = await queue.take();
      proxy.stall('to_client');
      const done = item.done();
      await loseAnswer(async () => (await entries()).length === 0, 'it is done');
      await done;
      expect(item.state).toBe('done');
      await queue.stop();
      expect(await left()).toEqual([]);
    });

    test('loses nothing and does nothing twice, however often and wherever the connections are cut', async () => {
      proxy.cutRandomly({ seed: 815, bytesMax: 6_000 });
      const [producer, ...consumers] = await Promise.all([1, 2, 3].map(() => open(proxy.address)));
      const queue = queueOf(producer as Client);
      const done: string[] = [];
      const working = consumers.map(async (client) => {
        const mine = queueOf(client);
        while (done.length < 120) {
          const item = await mine.take({ timeoutMs: 500 }).catch(() => undefined);
          if (item === undefined) continue;
          await item.done();
          done.push(textOf(item));
        }
      });
      for (let i = 0; i < 120; i += 1) await queue.put(bytes(String(i)));
      await Promise.all(working);
      expect([...done].sort()).toEqual(numbers(120).map(String).sort());
      expect(await entries()).toEqual([]);
      expect(proxy.accepted).toBeGreaterThan(6);
    });

    test('keeps what is delayed until it is due, whoever waits', async () => {
      const queue = queueOf(await open(engine.address));
      await queue.put(bytes('later'), { delayMs: 2_000, priority: 1 });
      await queue.put(bytes('much later'), { delayMs: 3_600_000 });
      await queue.put(bytes('now'));
      expect(await queue.stats()).toMatchObject({ ready: 1, delayed: 2 });
      const others = [queueOf(await open(engine.address)), queueOf(await open(engine.address))];
      const taken = await Promise.all([queue, others[0] as Queue].map((one) => one.take()));
      expect(taken.map(textOf).sort()).toEqual(['later', 'now']);
      expect(taken.find((item) => textOf(item) === 'later')?.priority).toBe(1);
      expect(await queue.stats()).toMatchObject({ ready: 0, taken: 2, delayed: 1 });
    });

    test('a full one refuses, or lets wait one after the other', async () => {
      const clients = await Promise.all([1, 2, 3].map(() => open(engine.address)));
      const [strict, patient, third] = clients.map((client, i) =>
        queueOf(client, { limit: 2, whenFull: i === 0 ? 'refuse' : 'wait' }),
      ) as [Queue, Queue, Queue];
      await strict.putMany([bytes('a'), bytes('b')]);
      await expect(strict.put(bytes('c'))).rejects.toMatchObject({ code: 'full' });
      await expect(patient.put(bytes('c'), { timeoutMs: 50 })).rejects.toMatchObject({ code: 'deadline_exceeded' });
      const waiting = patient.put(bytes('d'));
      await eventually(async () => (await strict.stats()).putters === 1, { what: 'it stands in line' });
      const last = third.put(bytes('e'));
      await eventually(async () => (await strict.stats()).putters === 2, { what: 'both stand in line' });
      await (await strict.take()).done();
      await waiting;
      expect(await entries()).toHaveLength(2);
      await (await strict.take()).done();
      await last;
      await Promise.all([strict, patient, third].map((queue) => queue.stop()));
      expect(await left()).toEqual([expect.stringMatching(/^entry-/), expect.stringMatching(/^entry-/)]);
    });

    test('never holds more than its limit, however many put at once', async () => {
      const clients = await Promise.all([1, 2, 3].map(() => open(engine.address)));
      const queues = clients.map((client) => queueOf(client, { limit: 10, whenFull: 'refuse' }));
      const put = await Promise.allSettled(queues.flatMap((queue) => numbers(8).map((i) => queue.put(bytes(`${i}`)))));
      expect(put.filter(({ status }) => status === 'fulfilled')).toHaveLength(10);
      expect(await entries()).toHaveLength(10);
    });

    test('carries empty and long items, and refuses those that are too long', async () => {
      const queue = queueOf(await open(engine.address));
      await queue.put(Buffer.alloc(0));
      await queue.putMany(numbers(4).map((i) => Buffer.alloc(1_000_000, i)));
      await expect(queue.put(Buffer.alloc(1_000_001))).rejects.toMatchObject({ code: 'too_large' });
      const taken = await Promise.all(numbers(5).map(() => queue.take()));
      expect(taken.map((item) => [item.data.length, item.data[0]])).toEqual([
        [0, undefined],
        ...numbers(4).map((i) => [1_000_000, i]),
      ]);
      await Promise.all(taken.map((item) => item.done()));
      expect(await queue.stats()).toMatchObject({ ready: 0, taken: 0 });
    });

    test('gives back what is held and ends who waits when it is stopped, and leaves no watch', async () => {
      const client = await open(engine.address);
      const queue = queueOf(client);
      await queue.putMany([bytes('a')]);
      const item = await queue.take();
      const waiting = queue.take();
      await eventually(async () => (await queue.stats()).takers === 1, { what: 'it stands in line' });
      const refused = expect(waiting).rejects.toMatchObject({ code: 'stopped' });
      await queue.stop();
      await refused;
      expect(item.state).toBe('given_back');
      expect(await left()).toEqual([expect.stringMatching(/^entry-/)]);
      await expect(queue.put(bytes('b'))).rejects.toMatchObject({ code: 'stopped' });
      for (const list of ['entries', 'taken', 'delayed'])
        await expect(client.removeWatches(`${root}/queue/${list}`, 'any')).rejects.toMatchObject({
          code: 'no_watcher',
        });
    });

    test('is made anew when somebody has deleted it, and does not wait out of touch for who does not wait', async () => {
      const client = await open(proxy.address);
      const queue = queueOf(client);
      await queue.put(bytes('a'));
      await (await queue.take()).done();
      const waiting = queue.take();
      await eventually(async () => (await queue.stats()).takers === 1, { what: 'it stands in line' });
      for (const name of ['entries', 'taken']) await witness.delete(`${root}/queue/${name}`);
      await queueOf(witness).put(bytes('b'));
      await (await waiting).done();
      await proxy.refuse();
      await eventually(() => client.state === 'suspended', { what: 'the session is suspended' });
      await expect(queue.take({ timeoutMs: 0 })).rejects.toMatchObject({ code: 'deadline_exceeded' });
    });

    test('made anew under the same names holds what was put then, whatever was read before', async () => {
      const [queue, other] = [queueOf(await open(engine.address)), queueOf(witness)];
      await other.putMany(numbers(4).map((i) => bytes(`old ${i}`)));
      // Takes one, and reads the others ahead.
      await (await queue.take()).done();
      for (const _ of numbers(3)) await (await other.take()).done();
      for (const name of ['entries', 'taken']) await witness.delete(`${root}/queue/${name}`);
      await queueOf(witness).putMany(numbers(4).map((i) => bytes(`new ${i}`)));
      for (const i of numbers(4)) {
        const item = await queue.take();
        expect(String(item.data)).toBe(`new ${i}`);
        await item.done();
      }
    });

    test('moves what is due to where it belongs, also when somebody has deleted that place', async () => {
      const queue = queueOf(witness);
      await queue.put(bytes('before'));
      await (await queue.take()).done();
      // By a clock that is slow, so that it is due already for who takes.
      const clock = { now: () => Date.now() - 60_000 };
      await queueOf(witness, { clock }).put(bytes('a'), { delayMs: 1_000 });
      await witness.delete(`${root}/queue/entries`);
      await (await queue.take({ timeoutMs: 5_000 })).done();
    });

    test('an item that was given back cannot be done any more', async () => {
      const queue = queueOf(witness);
      await queue.putMany([bytes('a'), bytes('b')]);
      const [first, second] = [await queue.take(), await queue.take()];
      const given = first.giveBack();
      await expect(first.done()).rejects.toMatchObject({ code: 'lost' });
      await given;
      await queue.stop();
      await expect(second.done()).rejects.toMatchObject({ code: 'lost' });
      expect([first.state, second.state]).toEqual(['given_back', 'given_back']);
    });

    test('ends with the session', async () => {
      const client = await open(engine.address);
      const queue = queueOf(client);
      const waiting = queue.take();
      await eventually(async () => (await queueOf(witness).stats()).takers === 1, { what: 'it stands in line' });
      const ended = expect(waiting).rejects.toMatchObject({ code: 'session_over' });
      await client.close();
      await ended;
      await expect(queue.put(bytes('a'))).rejects.toMatchObject({ code: 'session_over' });
    });
  });
});
