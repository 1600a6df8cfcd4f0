import { beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { type Client, connect } from '@reeve/client';
import {
  endpointOf,
  listServices,
  Picker,
  type PickerEvent,
  Registration,
  type RegistrationOptions,
  RoundRobin,
  readService,
  ServicesView,
  ServiceView,
  Sessions,
  type ViewEvent,
} from '@reeve/discovery';
import {
  atTestEnd,
  type Engine,
  engineKinds,
  eventually,
  type FaultProxy,
  leftSince,
  startFaultProxy,
  tracesIn,
} from '@reeve/testkit';
import { LASTING_MS, SESSION_MS } from './session-times.ts';

describe.each(engineKinds)('discovery on $name', ({ start }) => {
  let engine: Engine;
  let proxy: FaultProxy;
  let witness: Client;
  let root: string;
  let nth = 0;

  const connectTo = (servers: string, sessionTimeoutMs = SESSION_MS) =>
    connect({ servers, sessionTimeoutMs, connectTimeoutMs: 500 });

  async function open(servers: string, sessionTimeoutMs = SESSION_MS): Promise<Client> {
    const opened = await connectTo(servers, sessionTimeoutMs);
    atTestEnd(() => opened.close());
    return opened;
  }

  async function openSessions(servers: string): Promise<Sessions> {
    const sessions = await Sessions.open(() => connectTo(servers));
    atTestEnd(() => sessions.close());
    return sessions;
  }

  beforeAll(async () => {
    engine = await start({ tickMs: 500 });
    witness = await open(engine.address, LASTING_MS);
  }, 60_000);

  beforeEach(async () => {
    proxy = await startFaultProxy(engine.port);
    nth += 1;
    root = `/services-${nth}`;
  });

  type Offered = Partial<RegistrationOptions>;

  const registrationOf = (source: Client | Sessions, id: string, offered: Offered = {}) =>
    new Registration(source, { root, service: 'api', id, address: '10.0.0.1', port: 80, ...offered });

  async function register(source: Client | Sessions, id: string, offered: Offered = {}): Promise<Registration> {
    const registration = registrationOf(source, id, offered);
    await registration.start();
    return registration;
  }

  /** What a view tells, in short. */
  function told(view: { events: { subscribe(listener: (event: PickerEvent) => void): unknown } }): string[] {
    const all: string[] = [];
    view.events.subscribe((event) => all.push(shortly(event)));
    return all;
  }

  const toldIs = (all: readonly string[], ...expected: readonly string[]) =>
    eventually(() => expect(all).toEqual(expected) === undefined, { what: `told: ${expected}` });

  async function view(source: Client | Sessions): Promise<{ view: ServiceView; all: string[] }> {
    const followed = new ServiceView(source, { root, service: 'api' });
    const all = told(followed);
    await followed.start();
    return { view: followed, all };
  }

  const becomes = (thing: { readonly state: string }, state: string) =>
    eventually(() => thing.state === state, { what: `the state is ${state}` });

  /** The session of whoever goes through the proxy expires at the server. */
  async function expire(id: string): Promise<void> {
    await proxy.refuse();
    await isGone(id);
  }

  const isGone = (id: string) =>
    eventually(async () => (await witness.exists(`${root}/api/${id}`)) === undefined, { what: `${id} is gone` });

  describe('a registration', () => {
    test('is seen by others as it is, and gone with nothing left behind when it stops', async () => {
      const before = await tracesIn([engine], witness);
      const client = await open(engine.address);
      const registration = await register(client, 'a', {
        labels: { zone: 'z1' },
        weight: 2,
        metadata: { version: '7' },
      });
      expect(registration.state).toBe('registered');
      expect(await listServices(witness, root)).toEqual(['api']);
      const { instances } = await readService(witness, { root, service: 'api' });
      expect(instances).toEqual([registration.instance]);
      expect(instances[0]).toMatchObject({
        labels: { zone: 'z1' },
        weight: 2,
        metadata: { version: '7' },
        state: 'up',
      });
      await registration.stop();
      await registration.stop();
      expect((await readService(witness, { root, service: 'api' })).instances).toEqual([]);
      await witness.delete(`${root}/api`).catch(() => undefined);
      await witness.delete(root);
      expect(leftSince(before, await tracesIn([engine], witness))).toEqual([]);
    });

    test('leaves its service to the server to clean up: the znode is a container', async () => {
      const registration = await register(await open(engine.address), 'a');
      await registration.stop();
      await eventually(async () => (await listServices(witness, root)).length === 0, { what: 'the service is gone' });
    });

    test('comes back when somebody deletes it', async () => {
      const registration = await register(await open(engine.address), 'a');
      const { all } = await view(witness);
      await witness.delete(registration.path);
      await toldIs(all, '+a', 'ready', '-a', '^a');
      await becomes(registration, 'registered');
    });

    test('comes back in another session when its own has expired, with what was said meanwhile', async () => {
      const sessions = await openSessions(proxy.address);
      const registration = registrationOf(sessions, 'a');
      const events: string[] = [];
      registration.events.subscribe(({ kind }) => events.push(kind));
      await registration.start();
      const { view: seen, all } = await view(witness);
      await expire('a');
      const updated = registration.update({ weight: 5 });
      await proxy.accept();
      await toldIs(all, '+a', 'ready', '-a', '^a');
      await updated;
      await becomes(registration, 'registered');
      expect(seen.instances.get('a')?.weight).toBe(5);
      expect(events).toEqual(['registered', 'interrupted', 'registered']);
    });

    test('with one client ends with its session', async () => {
      const client = await open(engine.address);
      const registration = registrationOf(client, 'a');
      const events: unknown[] = [];
      registration.events.subscribe((event) => events.push(event));
      await registration.start();
      await client.close();
      expect(registration.state).toBe('lost');
      expect(events.at(-1)).toMatchObject({ kind: 'lost', cause: { code: 'session_over' } });
      await registration.stop();
    });

    test('is there and knows it, however often and wherever the connection was cut on the way', async () => {
      const client = await open(proxy.address);
      proxy.cutRandomly({ seed: 4711, bytesMax: 700 });
      proxy.cut();
      const all = Array.from({ length: 20 }, (_, i) => registrationOf(client, `instance-${i}`));
      const starting = Promise.all(all.map((one) => one.start()));
      await eventually(() => proxy.accepted > 10, { what: 'it is cut several times' });
      proxy.cutRandomly({ seed: 0, bytesMax: 0 });
      proxy.cut();
      await starting;
      expect(new Set(all.map(({ state }) => state))).toEqual(new Set(['registered']));
      expect(await witness.getChildren(`${root}/api`)).toHaveLength(20);
      await Promise.all(all.map((one) => one.stop()));
      await client.sync('/');
      expect((await readService(witness, { root, service: 'api' })).instances).toEqual([]);
    });

    test('refuses an id that another session holds and keeps', async () => {
      await register(await open(engine.address), 'a');
      const rival = registrationOf(await open(engine.address), 'a');
      await expect(rival.start()).rejects.toMatchObject({ code: 'name_taken' });
      expect(rival.state).toBe('lost');
    });

    test('that is given up leaves nothing behind', async () => {
      const first = await register(await open(engine.address), 'a');
      const before = await tracesIn([engine], witness);
      const client = await open(engine.address);
      const rival = registrationOf(client, 'a');
      await expect(rival.start({ timeoutMs: 100 })).rejects.toMatchObject({ code: 'deadline_exceeded' });
      await client.sync('/');
      expect(leftSince(before, await tracesIn([engine], witness))).toEqual([]);
      expect([rival.state, first.state]).toEqual(['stopped', 'registered']);
    });

    test('writes loads together, the latest one at last', async () => {
      const registration = await register(await open(engine.address), 'a', { loadEveryMs: 200 });
      const { view: seen } = await view(witness);
      for (let load = 1; load <= 100; load += 1) registration.reportLoad(load);
      await eventually(() => seen.instances.get('a')?.load === 100, { what: 'the load is seen' });
      expect((await witness.exists(registration.path))?.version).toBeLessThan(5);
    });

    test('drains: is told to callers, then leaves', async () => {
      const registration = await register(await open(engine.address), 'a');
      const { all } = await view(witness);
      const hurry = new AbortController();
      const draining = registration.drain({ graceMs: 60_000, signal: hurry.signal });
      await toldIs(all, '+a', 'ready', 'a draining');
      hurry.abort();
      await draining;
      await toldIs(all, '+a', 'ready', 'a draining', '-a');
      expect(registration.state).toBe('stopped');
    });

    test('is down until its probe finds it well, and whenever it does not', async () => {
      let isWell = false;
      const check = async () => {
        if (!isWell) throw new Error('not yet');
      };
      const { all } = await view(witness);
      await register(await open(engine.address), 'a', { probe: { check, intervalMs: 5 } });
      await toldIs(all, 'ready', '+a');
      isWell = true;
      await toldIs(all, 'ready', '+a', 'a up');
      isWell = false;
      await toldIs(all, 'ready', '+a', 'a up', 'a down');
    });
  });

  describe('a view', () => {
    test('tells who appears, changes, goes and returns', async () => {
      const { view: seen, all } = await view(witness);
      const a = await register(await open(engine.address), 'a');
      const b = await register(await open(engine.address), 'b', { port: 81 });
      await a.update({ weight: 3 });
      await b.stop();
      await register(await open(engine.address), 'b-again', { port: 81 });
      await toldIs(all, 'ready', '+a', '+b', 'a up', '-b', '^b-again');
      expect([...seen.instances.keys()]).toEqual(['a', 'b-again']);
    });

    test('passes over what is no instance, and says so', async () => {
      await register(await open(engine.address), 'a');
      await witness.create(`${root}/api/odd`, Buffer.from('{"address": 7}'));
      const { view: seen, all } = await view(witness);
      expect(all.sort()).toEqual(['+a', '?odd', 'ready']);
      expect([...seen.instances.keys(), ...seen.broken.keys()]).toEqual(['a', 'odd']);
      await witness.setData(`${root}/api/odd`, Buffer.from('{"address": "h"}'));
      await eventually(() => seen.instances.has('odd'), { what: 'the mended one is seen' });
      expect(seen.broken.size).toBe(0);
      const listing = await readService(witness, { root, service: 'api' });
      expect(listing.instances.map(({ id }) => id)).toEqual(['a', 'odd']);
    });

    test('of all services tells which come and go', async () => {
      const services = new ServicesView(await openSessions(proxy.address), { root });
      const all: string[] = [];
      services.events.subscribe((event) =>
        all.push('service' in event ? `${event.kind} ${event.service}` : event.kind),
      );
      await services.start();
      const api = await register(await open(engine.address), 'a');
      await toldIs(all, 'ready', 'appeared api');
      await proxy.refuse();
      await becomes(services, 'stale');
      await register(await open(engine.address), 'b', { service: 'db' });
      await api.stop();
      await eventually(async () => (await listServices(witness, root)).join() === 'db', {
        what: 'one service is left',
      });
      await proxy.accept();
      await becomes(services, 'ready');
      expect([...services.names]).toEqual(['db']);
      expect([...all].sort()).toEqual(['appeared api', 'appeared db', 'gone api', 'ready', 'ready', 'stale']);
      await services.stop();
    });

    test('follows a service that is not there yet, and leaves no watch', async () => {
      const before = await tracesIn([engine], witness);
      const { view: seen, all } = await view(await open(engine.address));
      expect([all, seen.instances.size]).toEqual([['ready'], 0]);
      await seen.stop();
      expect(leftSince(before, await tracesIn([engine], witness))).toEqual([]);
      expect(seen.state).toBe('stopped');
    });

    test('tells after a lost connection what it has missed', async () => {
      const a = await register(await open(engine.address), 'a');
      await register(await open(engine.address), 'b');
      const { all } = await view(await open(proxy.address, LASTING_MS));
      all.length = 0;
      await proxy.refuse();
      await toldIs(all, 'stale');
      await a.stop();
      await register(await open(engine.address), 'c', { port: 83 });
      await proxy.accept();
      await eventually(() => all.at(-1) === 'ready', { what: 'the view is ready again' });
      expect([...all].sort()).toEqual(['+c', '-a', 'ready', 'stale']);
    });

    test('goes on in another session when its own has expired', async () => {
      const a = await register(await open(engine.address), 'a');
      await register(await open(engine.address), 'b', { port: 82 });
      const sessions = await openSessions(proxy.address);
      const own = await register(sessions, 'own', { port: 84 });
      const { view: seen, all } = await view(sessions);
      all.length = 0;
      await expire('own');
      await toldIs(all, 'stale');
      expect(seen.instances.size).toBe(3);
      await a.stop();
      await proxy.accept();
      await becomes(own, 'registered');
      await eventually(() => all.at(-1) === 'ready' || all.at(-1) === '^own', { what: 'the view is ready again' });
      await eventually(() => seen.instances.size === 2 && seen.state === 'ready', { what: 'both are seen' });
      expect(all.filter((what) => what.endsWith('a') || what.endsWith('b'))).toEqual(['-a']);
      await seen.stop();
    });
  });

  describe('a picker', () => {
    async function picker(source: Client | Sessions, options: { ejectMs?: number } = {}): Promise<Picker> {
      const { ejectMs = 60_000 } = options;
      const backoff = { baseMs: ejectMs, factor: 1, ceilingMs: ejectMs, jitter: 0 };
      const picking = new Picker(source, { root, service: 'api', policy: new RoundRobin(), ejection: { backoff } });
      await picking.start();
      atTestEnd(() => picking.stop());
      return picking;
    }

    const calls = (picking: Picker, count: number) =>
      Promise.all(Array.from({ length: count }, () => picking.call(async ({ id }) => id)));

    test('calls those that are up, in turn', async () => {
      const client = await open(engine.address);
      for (const id of ['a', 'b']) await register(client, id);
      const leaving = await register(client, 'c');
      const picking = await picker(witness);
      expect((await calls(picking, 6)).sort().join('')).toBe('aabbcc');
      void leaving.drain({ graceMs: 60_000 });
      await eventually(() => picking.instances.get('c')?.state === 'draining', { what: 'it drains' });
      expect((await calls(picking, 4)).sort().join('')).toBe('aabb');
      await leaving.stop();
    });

    test('drops one that fails at once, tries another where it may, and takes it back after a time', async () => {
      const client = await open(engine.address);
      for (const id of ['a', 'b', 'c']) await register(client, id);
      const picking = await picker(witness, { ejectMs: 300 });
      const events = told(picking);
      const failing = async ({ id }: { id: string }) => {
        if (id === 'b') throw new Error('b is broken');
        return id;
      };
      const answers = [];
      for (let i = 0; i < 9; i += 1) answers.push(await picking.call(failing, { attempts: 2 }));
      expect(answers).not.toContain('b');
      expect(events).toEqual(['!b']);
      expect([...picking.ejected]).toEqual(['b']);
      await eventually(() => picking.ejected.size === 0, { what: 'its time is over' });
      expect((await calls(picking, 3)).sort().join('')).toBe('abc');
    });

    test('rather calls one that has failed than nobody', async () => {
      const client = await open(engine.address);
      for (const id of ['a', 'b']) await register(client, id);
      const picking = await picker(witness);
      for (let i = 0; i < 2; i += 1) {
        await expect(picking.call(() => Promise.reject(new Error('out of order')))).rejects.toThrow('out of order');
      }
      expect([...picking.ejected].sort()).toEqual(['a', 'b']);
      expect(['a', 'b']).toContain(await picking.call(async ({ id }) => id));
    });

    test('says when there is nobody to be called', async () => {
      const picking = await picker(witness);
      expect(picking.pick()).toBeUndefined();
      await expect(calls(picking, 1)).rejects.toMatchObject({ code: 'no_instance' });
    });

    test('gives up a call in time, which speaks against the instance; one called off does not', async () => {
      await register(await open(engine.address), 'a');
      const picking = await picker(witness);
      const never = () => new Promise<never>(() => undefined);
      const signal = AbortSignal.abort();
      await expect(picking.call(never, { signal })).rejects.toMatchObject({ code: 'aborted' });
      expect(picking.ejected.size).toBe(0);
      await expect(picking.call(never, { timeoutMs: 10 })).rejects.toMatchObject({ code: 'deadline_exceeded' });
      expect(picking.ejected.size).toBe(1);
    });

    test('calls nobody for who does not want it any more, and none after its stop', async () => {
      await register(await open(engine.address), 'a');
      const picking = await picker(witness);
      const called: string[] = [];
      const call = (signal?: AbortSignal) => picking.call(async ({ id }) => called.push(id), { signal });
      await expect(call(AbortSignal.abort())).rejects.toMatchObject({ code: 'aborted' });
      await picking.stop();
      await expect(call()).rejects.toMatchObject({ code: 'stopped' });
      expect(called).toEqual([]);
    });

    test('does not blame an instance for calls to the one that had its name before', async () => {
      const client = await open(engine.address);
      const first = await register(client, 'a');
      const picking = await picker(witness);
      const picked = await picking.next();
      await first.stop();
      await eventually(() => picking.instances.size === 0, { what: 'it is gone' });
      await eventually(() => Date.now() > picked.registeredAt, { what: 'the next one is registered later' });
      await register(client, 'a');
      await picking.next();
      picking.report(picked, 'failed');
      expect(picking.ejected.size).toBe(0);
    });

    test('works on with those it knew while no server is in touch, and forgives one that comes back anew', async () => {
      const a = await register(await openSessions(engine.address), 'a');
      const sessions = await openSessions(proxy.address);
      const picking = await picker(sessions);
      await proxy.refuse();
      await becomes(picking, 'stale');
      expect(picking.pick()?.id).toBe('a');
      expect(endpointOf(picking.pick() as never)).toBe('10.0.0.1:80');
      picking.report(a.instance, 'failed');
      await a.stop();
      await register(await open(engine.address), 'a');
      await proxy.accept();
      await becomes(picking, 'ready');
      await eventually(() => picking.ejected.size === 0 && picking.pick()?.id === 'a', { what: 'it is picked' });
    });
  });

  test('the server is killed and comes back: registrations and pickers live on', async () => {
    const sessions = await openSessions(engine.address);
    const registration = await register(sessions, 'a');
    const picking = new Picker(sessions, { root, service: 'api' });
    await picking.start();
    await engine.kill();
    await becomes(picking, 'stale');
    expect(picking.pick()?.id).toBe('a');
    await engine.start();
    await becomes(picking, 'ready');
    await becomes(registration, 'registered');
    await eventually(() => picking.pick()?.id === 'a', { what: 'it is picked again' });
    await picking.stop();
  }, 60_000);
});

function shortly(event: PickerEvent | ViewEvent): string {
  switch (event.kind) {
    case 'appeared':
      return `+${event.instance.id}`;
    case 'returned':
      return `^${event.instance.id}`;
    case 'gone':
      return `-${event.instance.id}`;
    case 'ejected':
      return `!${event.instance.id}`;
    case 'broken':
      return `?${event.id}`;
    case 'changed':
      return `${event.instance.id} ${event.instance.state}`;
    default:
      return event.kind;
  }
}
