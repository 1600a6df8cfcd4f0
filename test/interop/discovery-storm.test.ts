import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { type Client, connect } from '@reeve/client';
import { Picker, Registration, readService, type ServiceInstance, ServiceView, Sessions } from '@reeve/discovery';
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
  type Traces,
  tracesIn,
} from '@reeve/testkit';
import { LASTING_MS, SESSION_MS } from './session-times.ts';

const ACTS_PER_ROUND = 20;

describe.each(Object.values(serviceKinds))('discovery in a storm on $name', ({ start }) => {
  let service: Service;
  let everywhere: string;
  let proxy: FaultProxy;
  let witness: Client;
  let root: string;
  let nth = 0;

  const connectTo = (servers: string, sessionTimeoutMs = SESSION_MS) =>
    connect({ servers, sessionTimeoutMs, connectTimeoutMs: 500 });

  beforeAll(async () => {
    service = await start({ tickMs: 500 });
    everywhere = service.members.map(({ address }) => address).join(',');
    witness = await connectTo(everywhere, LASTING_MS);
    atTestEnd(() => witness.close());
  }, 60_000);

  beforeEach(async () => {
    proxy = await startFaultProxy((service.members[0] as Engine).port);
    nth += 1;
    root = await witness.create(`/storm-${nth}`, null);
    // Kept, so that the service is not cleaned up as empty while traces are compared.
    await witness.create(`${root}/api`, null);
  });

  async function openSessions(servers = proxy.address): Promise<Sessions> {
    const sessions = await Sessions.open(() => connectTo(servers));
    atTestEnd(() => sessions.close());
    return sessions;
  }

  const registrationOf = (source: Sessions, id: string) =>
    new Registration(source, { root, service: 'api', id, address: '10.0.0.1', port: 80 });

  const inOrder = (instances: Iterable<ServiceInstance>) => [...instances].sort((a, b) => (a.id < b.id ? -1 : 1));

  /** Waits for it: a parting that takes two seconds goes on by itself. */
  const nothingIsLeft = (before: Traces) =>
    eventually(
      async () => expect(leftSince(before, await tracesIn(service.members, witness))).toEqual([]) === undefined,
      {
        what: 'nothing is left',
      },
    );

  const present = async () => inOrder((await readService(witness, { root, service: 'api' })).instances);

  test('the server that all need is killed: callers go on calling, and all is as before when it is back', async () => {
    const sessions = await openSessions(everywhere);
    const registration = registrationOf(sessions, 'a');
    const picker = new Picker(await openSessions(everywhere), { root, service: 'api' });
    await registration.start();
    await picker.start();
    await eventually(() => picker.pick()?.id === 'a', { what: 'it is known' });
    const turns: string[] = [];
    picker.events.subscribe(({ kind }) => turns.push(kind));
    const leader = await service.leader();
    await leader.kill();
    await eventually(() => turns.includes('stale'), { what: 'the picker is out of touch' });
    expect(picker.pick()?.id).toBe('a');
    await leader.start();
    await eventually(() => picker.state === 'ready' && picker.pick()?.id === 'a', { what: 'it is known again' });
    await registration.update({ weight: 7 });
    await eventually(() => picker.instances.get('a')?.weight === 7, { what: 'what it says now is known' });
    await Promise.all([registration.stop(), picker.stop()]);
  }, 60_000);

  test('whenever what has begun is stopped, nothing of it stays', async () => {
    const sessions = await openSessions();
    const before = await tracesIn(service.members, witness);
    const random = seededRandom(11);
    const brief = async (i: number) => {
      const registration = registrationOf(sessions, `brief-${i}`);
      const picker = new Picker(sessions, { root, service: 'api' });
      const starting = [registration.start(), picker.start()];
      await sleep(random() * 20);
      await Promise.all([registration.stop(), picker.stop()]);
      await Promise.allSettled(starting);
    };
    await Promise.all(Array.from({ length: 30 }, (_, i) => brief(i)));
    await sessions.client.sync('/');
    await nothingIsLeft(before);
  });

  test('through cuts and expired sessions everybody knows at last who is there, and nothing stays', async () => {
    const before = await tracesIn(service.members, witness);
    const random = seededRandom(42);
    const [owners, callers] = [await openSessions(), await openSessions()];
    const view = new ServiceView(callers, { root, service: 'api' });
    await view.start();
    const registered = new Map<string, Registration>();
    const leaving: Promise<void>[] = [];
    const act = async (i: number) => {
      const what = random();
      const [id = '', one] = [...registered][Math.floor(random() * registered.size)] ?? [];
      if (one === undefined || what < 0.5) {
        const fresh = registrationOf(owners, `i${i}`);
        registered.set(`i${i}`, fresh);
        fresh.start().catch(() => undefined);
      } else if (what < 0.75) {
        registered.delete(id);
        leaving.push(one.stop());
      } else one.update({ weight: i + 1 }).catch(() => undefined);
      await sleep(random() * 30);
    };
    for (const round of [0, 1, 2]) {
      proxy.cutRandomly({ seed: round + 1, bytesMax: 3_000 });
      proxy.cut();
      for (let i = 0; i < ACTS_PER_ROUND; i += 1) await act(round * ACTS_PER_ROUND + i);
      await proxy.refuse();
      if (round === 1) await eventually(async () => (await present()).length === 0, { what: 'all have expired' });
      await proxy.accept();
    }
    proxy.cutRandomly({ seed: 0, bytesMax: 0 });
    proxy.cut();
    const wanted = () => inOrder([...registered.values()].map(({ instance }) => instance));
    await eventually(async () => expect(await present()).toEqual(wanted()) === undefined, {
      what: 'all are registered',
    });
    const seen = () => expect(inOrder(view.instances.values())).toEqual(wanted());
    await eventually(() => seen() === undefined, { what: 'all are seen' });
    expect(registered.size).toBeGreaterThan(5);
    expect(proxy.accepted).toBeGreaterThan(10);
    await Promise.all([...[...registered.values()].map((one) => one.stop()), view.stop(), ...leaving]);
    await Promise.all([owners.client.sync('/'), callers.client.sync('/')]);
    await nothingIsLeft(before);
  }, 60_000);
});
