import { beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { type Client, connect, createClient, monotonicClock, type SessionState } from '@reeve/client';
import {
  atTestEnd,
  type Engine,
  engineKinds,
  eventually,
  type FaultProxy,
  freePort,
  startFaultProxy,
} from '@reeve/testkit';
import { LASTING_MS, SESSION_MS } from './session-times.ts';

describe.each(engineKinds)('a session with $name', ({ start }) => {
  let engine: Engine;
  let proxy: FaultProxy;
  let witness: Client;
  let root: string;
  let nth = 0;

  beforeAll(async () => {
    engine = await start({ tickMs: 500 });
    witness = await connect({ servers: engine.address, sessionTimeoutMs: 10_000 });
    atTestEnd(() => witness.close());
  }, 60_000);

  beforeEach(async () => {
    proxy = await startFaultProxy(engine.port);
    nth += 1;
    root = await witness.create(`/session-${nth}`, null);
  });

  /** A client behind the proxy, and the states it has gone through. */
  async function open(
    sessionTimeoutMs = LASTING_MS,
    servers = proxy.address,
  ): Promise<{ client: Client; states: SessionState[] }> {
    const client = await connect({ servers, sessionTimeoutMs, connectTimeoutMs: 500 });
    atTestEnd(() => client.close());
    const states: SessionState[] = [];
    client.onSession(({ to }) => states.push(to));
    return { client, states };
  }

  const hasState = (client: Client, state: SessionState) =>
    eventually(() => client.state === state, { what: `the session is ${state}` });

  test('survives a lost connection with its ephemerals', async () => {
    const { client, states } = await open();
    const id = client.sessionId;
    await client.create(`${root}/e`, null, { mode: 'ephemeral' });
    proxy.cut();
    await eventually(() => states.length === 2, { what: 'it is connected again' });
    expect(states).toEqual(['suspended', 'connected']);
    expect(client.sessionId).toBe(id);
    expect((await client.exists(`${root}/e`))?.ephemeralOwner).toBe(id);
  });

  test('is kept alive without requests', async () => {
    const { client, states } = await open();
    const deadline = client.sessionDeadline;
    const outlived = () => client.sessionDeadline > deadline + 3_000;
    await eventually(outlived, { what: 'pings move the deadline of the session' });
    expect(states).toEqual([]);
    expect(client.sessionDeadline).toBeLessThanOrEqual(monotonicClock.now() + LASTING_MS);
  });

  test('a write whose answer is lost is unknown, though it took effect', async () => {
    const { client } = await open();
    proxy.stall('to_client');
    const writing = client.create(`${root}/w`, null);
    await eventually(() => witness.exists(`${root}/w`), { what: 'the write has taken effect' });
    proxy.cut();
    proxy.resume();
    await expect(writing).rejects.toMatchObject({ code: 'connection_loss', facts: { outcome: 'unknown' } });
  });

  test('a read whose answer is lost is asked again', async () => {
    const { client } = await open();
    proxy.stall('to_client');
    const reading = client.getChildren(root);
    await client.getData(root, { timeoutMs: 100 }).catch(() => undefined);
    proxy.cut();
    proxy.resume();
    expect(await reading).toEqual([]);
  });

  test('a request made without a connection waits for one', async () => {
    const { client } = await open();
    await proxy.refuse();
    await hasState(client, 'suspended');
    const writing = client.create(`${root}/late`, null);
    await proxy.accept();
    expect(await writing).toBe(`${root}/late`);
  });

  test('a request fails at its deadline, as unknown when it was sent', async () => {
    const { client } = await open();
    proxy.stall();
    const write = client.create(`${root}/w`, null, { timeoutMs: 50 });
    const read = client.getData(root, { timeoutMs: 50 });
    await expect(write).rejects.toMatchObject({ code: 'deadline_exceeded', facts: { outcome: 'unknown' } });
    await expect(read).rejects.toMatchObject({ code: 'deadline_exceeded', facts: { outcome: 'failed' } });
    proxy.resume();
    expect(await client.getChildren(root)).toEqual(['w']);
  });

  test('a request ends when its signal fires', async () => {
    const { client } = await open();
    const controller = new AbortController();
    proxy.stall();
    const sent = client.create(`${root}/w`, null, { signal: controller.signal });
    const options = { signal: AbortSignal.abort() };
    await expect(client.delete(root, options)).rejects.toMatchObject({ code: 'aborted', facts: { outcome: 'failed' } });
    await eventually(() => client.getData(root, { timeoutMs: 1 }).catch(() => 'sent'), { what: 'the write is sent' });
    controller.abort();
    await expect(sent).rejects.toMatchObject({ code: 'aborted', facts: { outcome: 'unknown' } });
    proxy.resume();
    expect(await client.exists(root)).toBeDefined();
  });

  test('a silent connection is given up before the session can have expired', async () => {
    const { client, states } = await open(3 * SESSION_MS);
    proxy.stall();
    await hasState(client, 'suspended');
    expect(monotonicClock.now()).toBeLessThan(client.sessionDeadline);
    proxy.cut();
    proxy.resume();
    await hasState(client, 'connected');
    expect(states).toEqual(['suspended', 'connected']);
  });

  test('a process that is held up keeps its session as long as the server does', async () => {
    const { client, states } = await open();
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, LASTING_MS * 0.4);
    expect(await client.exists(root)).toBeDefined();
    const deadline = client.sessionDeadline;
    await eventually(() => client.sessionDeadline > deadline, { what: 'the session is kept alive' });
    expect(states).toEqual([]);
  });

  test('expires for good when it was out of touch for too long', async () => {
    const { client, states } = await open(SESSION_MS);
    await client.create(`${root}/e`, null, { mode: 'ephemeral' });
    const watch = await client.watch(root, 'persistent', () => undefined);
    await proxy.refuse();
    await hasState(client, 'suspended');
    const writing = client.create(`${root}/w`, null);
    const gone = async () => (await witness.exists(`${root}/e`)) === undefined;
    await eventually(gone, { what: 'the session has expired at the server' });
    expect(client.state).toBe('suspended');
    await proxy.accept();
    await expect(writing).rejects.toMatchObject({ code: 'session_expired', facts: { outcome: 'failed' } });
    expect(states).toEqual(['suspended', 'expired']);
    for await (const event of watch) expect(event).toBe('the iteration of a watch ends with the session');
    await expect(client.getData(root)).rejects.toMatchObject({ code: 'session_expired' });
  });

  test('outlives a server that is killed and started again', async () => {
    const { client, states } = await open(LASTING_MS, engine.address);
    await client.create(`${root}/e`, null, { mode: 'ephemeral' });
    await engine.kill();
    await hasState(client, 'suspended');
    await engine.start();
    await hasState(client, 'connected');
    expect(states).toEqual(['suspended', 'connected']);
    expect((await client.exists(`${root}/e`))?.ephemeralOwner).toBe(client.sessionId);
  }, 60_000);

  test('finds the server that answers among those that do not', async () => {
    const { client } = await open(
      LASTING_MS,
      `127.0.0.1:${await freePort()},${proxy.address},127.0.0.1:${await freePort()}`,
    );
    expect(await client.exists(root)).toBeDefined();
  });

  test('presents its identities again after a reconnect', async () => {
    const { client, states } = await open();
    await client.addAuth('digest', Buffer.from('bob:secret'));
    const acl = [{ perms: 31, id: { scheme: 'auth', id: '' } }];
    await client.create(`${root}/private`, Buffer.from('x'), { acl });
    proxy.cut();
    await eventually(() => states.length === 2, { what: 'it is connected again' });
    expect(String((await client.getData(`${root}/private`)).data)).toBe('x');
  });

  test('closing without a connection ends the client at once', async () => {
    const { client } = await open();
    await proxy.refuse();
    await hasState(client, 'suspended');
    const reading = client.getData(root);
    await client.close();
    await expect(reading).rejects.toMatchObject({ code: 'client_closed' });
    expect(client.state).toBe('closed');
  });

  test('no server: connecting fails, a client waits', async () => {
    const servers = `127.0.0.1:${await freePort()}`;
    const attempt = connect({ servers, sessionTimeoutMs: 300 });
    await expect(attempt).rejects.toMatchObject({
      code: 'unreachable',
      message: expect.stringMatching(/no session with 127.0.0.1:\d+ after 300 ms: .*ECONNREFUSED/),
    });
    const waiting = createClient({ servers, waitingMax: 1 });
    const first = waiting.getData('/');
    await expect(waiting.getData('/')).rejects.toMatchObject({ code: 'too_many_requests' });
    await waiting.close();
    await expect(first).rejects.toMatchObject({ code: 'client_closed' });
  });

  test('with connections cut at any byte, every write is applied once or reported unknown', async () => {
    proxy.cutRandomly({ seed: 20_260_729, bytesMax: 3_000 });
    const { client } = await open();
    const outcomes = new Map<string, string>();
    const create = async (name: string) => {
      try {
        await client.create(`${root}/${name}`, null);
        outcomes.set(name, 'created');
      } catch (error) {
        outcomes.set(name, (error as { facts: { code: string; outcome: string } }).facts.outcome);
      }
    };
    for (let round = 0; round < 40; round += 1) {
      await Promise.all(Array.from({ length: 10 }, (_, i) => create(`n-${round}-${i}`)));
    }
    const there = new Set(await witness.getChildren(root));
    for (const [name, outcome] of outcomes) {
      if (outcome === 'created') expect(there).toContain(name);
      if (outcome === 'failed') expect(there).not.toContain(name);
    }
    expect(outcomes.size).toBe(400);
    expect(new Set(outcomes.values())).toContain('unknown');
    expect(proxy.accepted).toBeGreaterThan(10);
  });
});
