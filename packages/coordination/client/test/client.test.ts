import { afterEach, expect, jest, test } from '@jest/globals';
import { eventually } from '@reeve/testkit';
import { noSession, type RequestOf, sessionIdOf, specialXids } from '@reeve/wire';
import { type Client, type ClientOptions, connect, createClient, type SessionState } from '../src/index.ts';
import { aSession, type Script, type ScriptedServer, startScriptedServer } from './scripted-server.ts';

const stat = {
  czxid: 1,
  mzxid: 1,
  ctime: 0,
  mtime: 0,
  version: 0,
  cversion: 0,
  aversion: 0,
  ephemeralOwner: noSession,
  dataLength: 0,
  numChildren: 0,
  pzxid: 1,
};
const opened: Client[] = [];

afterEach(async () => {
  await Promise.all(opened.splice(0).map((client) => client.close()));
});

async function open(script: Script, options: Partial<ClientOptions> = {}) {
  const server = await startScriptedServer(script);
  const client = createClient({ servers: server.address, sessionTimeoutMs: 10_000, ...options });
  opened.push(client);
  const states: SessionState[] = [];
  client.onSession(({ to }) => states.push(to));
  return { server, client, states };
}

const count = (server: ScriptedServer, op: string) => server.received.filter((received) => received.op === op).length;

test('a connect reply and answers that arrive byte by byte are understood', async () => {
  const { client } = await open({
    manner: 'byte by byte',
    request: (received, { reply }) => reply(received, { data: Buffer.from('x'), stat }),
  });
  const { data } = await client.getData('/a');
  expect(String(data)).toBe('x');
  expect(client.sessionId).toBe(aSession);
});

test('a reconnect presents the session, its password and the last zxid seen', async () => {
  const password = Buffer.from('0123456789abcdef');
  const { client, server, states } = await open({
    connect: () => ({ password }),
    request: (received, { reply }) => reply(received, { stat }),
  });
  await client.exists('/a');
  server.cut();
  await eventually(() => states.length === 3, { what: 'it is connected again' });
  expect(server.hellos).toMatchObject([
    { sessionId: noSession, lastZxidSeen: 0 },
    { sessionId: aSession, lastZxidSeen: 1, password },
  ]);
});

test('a server that answers with another session has let ours expire', async () => {
  const another = sessionIdOf(1, 99);
  const { client, server, states } = await open({
    connect: (_, nth) => ({ sessionId: nth === 1 ? aSession : another }),
    request: (received, { reply }) => received.op === 'addWatch' && reply(received, { err: 0 }),
  });
  const watch = await client.watch('/a', 'persistent', () => undefined);
  const writing = client.create('/a', null);
  await eventually(() => count(server, 'create') === 1, { what: 'the write is sent' });
  server.cut();
  await expect(writing).rejects.toMatchObject({ code: 'connection_loss', facts: { outcome: 'unknown' } });
  await eventually(() => client.state === 'expired', { what: 'the session is expired' });
  expect(states).toEqual(['connected', 'suspended', 'expired']);
  for await (const event of watch) expect(event).toBe('the iteration of a watch ends with the session');
  await eventually(() => count(server, 'closeSession') === 1, { what: 'the session nobody wants is closed' });
});

test('bytes that are not the protocol are a failed attempt, and the next server is asked', async () => {
  const garbage = await startScriptedServer({ greeting: Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n') });
  const attempt = connect({ servers: garbage.address, sessionTimeoutMs: 200 });
  await expect(attempt).rejects.toMatchObject({
    code: 'unreachable',
    message: expect.stringContaining('a frame of 1213486160 bytes is announced'),
  });
  const fine = await startScriptedServer({});
  const client = await connect({ servers: `${garbage.address},${fine.address}` });
  opened.push(client);
  expect(client.state).toBe('connected');
});

test('a server that accepts and says nothing is given up', async () => {
  const silent = await startScriptedServer({ greeting: Buffer.alloc(0) });
  const attempt = connect({ servers: silent.address, sessionTimeoutMs: 300, connectTimeoutMs: 50 });
  await expect(attempt).rejects.toMatchObject({
    code: 'unreachable',
    message: expect.stringContaining('no answer to the connect request in time'),
  });
});

test('an answer out of turn costs the connection, not the client', async () => {
  const { client, states } = await open({
    request: (received, { reply, nth }) => reply({ ...received, xid: received.xid + (nth === 1 ? 1 : 0) }, { stat }),
  });
  expect(await client.exists('/a')).toEqual(stat);
  expect(states).toEqual(['connected', 'suspended', 'connected']);
});

test('an operation that the engine refuses as unknown is named with what to use instead', async () => {
  const { client } = await open({ request: (received, { refuse }) => refuse(received, 'unimplemented') });
  await expect(client.multiRead([{ op: 'getData', path: '/a' }])).rejects.toMatchObject({
    code: 'engine_unsupported',
    facts: { op: 'multiRead', outcome: 'failed' },
    message: expect.stringMatching(/does not offer multiRead: .* read one znode at a time/),
  });
});

test('an operation at which the engine closes the connection again and again is named', async () => {
  const { client, server } = await open({ request: (_, { socket }) => socket.destroy() });
  await expect(client.watch('/a', 'persistent', () => undefined)).rejects.toMatchObject({
    code: 'engine_unsupported',
    message: expect.stringContaining('persistent watches need ZooKeeper 3.6'),
  });
  expect(count(server, 'addWatch')).toBe(6);
});

test('an operation is not blamed for connections that end in the midst of its answer', async () => {
  const endings = 12;
  const { client, server } = await open({
    request: (received, { socket, reply, nth }) => {
      if (nth > endings) return reply(received, []);
      socket.end(Buffer.from([0, 0, 0, 99, 1]));
    },
  });
  expect(await client.multiRead([{ op: 'getData', path: '/a' }])).toEqual([]);
  expect(count(server, 'multiRead')).toBe(endings + 1);
});

test('an operation at which the network cuts several connections is sent again until it is answered', async () => {
  const { client, server } = await open({
    request: (received, { reply, nth, socket }) => (nth > 4 ? reply(received, {}) : socket.resetAndDestroy()),
  });
  await client.watch('/a', 'persistent', () => undefined);
  expect(count(server, 'addWatch')).toBe(5);
});

test('a failed transaction names its part, whether the header of the answer tells of the failure or not', async () => {
  const results = [-101, -2].map((err) => ({ op: 'error', err }));
  let body: unknown = results;
  const { client } = await open({ request: (received, { refuse }) => refuse(received, 'no_node', body) });
  const parts = [
    { op: 'delete', path: '/a' },
    { op: 'check', path: '/b' },
  ] as const;
  await expect(client.multi(parts)).rejects.toMatchObject({ code: 'no_node', facts: { failedPart: 0, path: '/a' } });
  body = undefined;
  const refused = await client.multi(parts).catch((error) => error);
  expect(refused.facts).toEqual({ code: 'no_node', outcome: 'failed', op: 'multi', path: '/a' });
});

test('watches are armed again before any request, one-shot ones in the form that every server knows', async () => {
  const { client, server, states } = await open({
    request: (received, { reply, nth }) => {
      if (received.op === 'exists') reply(received, { stat });
      if (received.op === 'setWatches') reply({ ...received, xid: specialXids.setWatches }, {});
      if (received.op === 'getData' && nth === 2) reply(received, { data: null, stat });
    },
  });
  await client.exists('/a', { watch: () => undefined });
  const reading = client.getData('/b');
  await eventually(() => count(server, 'getData') === 1, { what: 'the read is sent' });
  server.cut();
  await reading;
  expect(states).toEqual(['connected', 'suspended', 'connected']);
  expect(server.received.map(({ op }) => op)).toEqual(['exists', 'getData', 'setWatches', 'getData']);
  expect(server.received[2]).toMatchObject({ xid: -8, body: { relativeZxid: 1, dataWatches: ['/a'] } });
});

test('a server that will not arm the watches again is left', async () => {
  const { client, server, states } = await open({
    request: (received, { reply, refuse, nth }) => {
      if (received.op === 'exists') reply(received, { stat });
      else if (nth === 2) refuse({ ...received, xid: specialXids.setWatches }, 'unimplemented');
      else reply({ ...received, xid: specialXids.setWatches }, {});
    },
  });
  await client.exists('/a', { watch: () => undefined });
  server.cut();
  await eventually(() => states.length === 5, { what: 'it is connected a third time' });
  expect(states).toEqual(['connected', 'suspended', 'connected', 'suspended', 'connected']);
});

test('events carry the zxid of the change where the server tells it', async () => {
  const told: unknown[] = [];
  const { client } = await open({
    request: (received, { reply, tell }) => {
      reply(received, { err: 0 });
      tell('created', '/a/b', 77);
      tell('none', '', 78);
    },
  });
  await client.watch('/a', 'persistent_recursive', (event) => told.push(event));
  await eventually(() => told.length === 1, { what: 'the event is told' });
  expect(told).toEqual([{ type: 'created', path: '/a/b', zxid: 77 }]);
});

test('all requests of one turn are sent together and answered in order', async () => {
  const { client, server } = await open({ request: (received, { reply }) => reply(received, { path: '/' }) });
  await client.sync('/');
  const answered: number[] = [];
  const made = Array.from({ length: 5_000 }, (_, i) => client.delete(`/n${i}`).then(() => answered.push(i)));
  await Promise.all(made);
  expect(answered).toEqual(Array.from({ length: 5_000 }, (_, i) => i));
  const paths = server.received.slice(1).map(({ body }) => (body as RequestOf<'delete'>).path);
  expect(paths).toEqual(Array.from({ length: 5_000 }, (_, i) => `/n${i}`));
});

test('no more requests are under way than allowed', async () => {
  const { client, server } = await open({}, { inFlightMax: 3, requestTimeoutMs: 200 });
  const made = Array.from({ length: 10 }, () => client.sync('/'));
  const ends = await Promise.allSettled(made);
  expect(new Set(ends.map(({ status }) => status))).toEqual(new Set(['rejected']));
  expect(count(server, 'sync')).toBe(3);
});

test('the session time-out is the one that the server grants', async () => {
  const { client } = await open({ connect: () => ({ timeoutMs: 4_000 }) });
  await eventually(() => client.state === 'connected', { what: 'it is connected' });
  expect(client.sessionTimeoutMs).toBe(4_000);
});

test('a server that closes a session unasked has let it expire', async () => {
  const { client, states } = await open({
    connect: (_, nth) => (nth === 1 ? {} : { timeoutMs: 0, sessionId: noSession }),
    request: (_, { socket }) => socket.destroy(),
  });
  await expect(client.create('/a', null)).rejects.toMatchObject({ code: 'connection_loss' });
  await eventually(() => client.state === 'expired', { what: 'the session is expired' });
  expect(states).toEqual(['connected', 'suspended', 'expired']);
});

test.each([
  [{ servers: 'a:1', sessionTimeoutMs: 0 }, 'sessionTimeoutMs must be a whole number above 0, not 0'],
  [{ servers: 'a:1', inFlightMax: 1.5 }, 'inFlightMax must be a whole number above 0, not 1.5'],
  [{ servers: 'a:x' }, 'is not host:port'],
])('refuses the options %j', (options, why) => {
  expect(() => createClient(options)).toThrow(expect.objectContaining({ message: expect.stringContaining(why) }));
});

test('an iteration that falls too far behind ends with an error instead of growing', async () => {
  const { client } = await open({
    request: (received, { reply, tell }) => {
      reply(received, { err: 0 });
      if (received.op === 'addWatch') for (let i = 0; i <= 16_384; i += 1) tell('data_changed', '/a');
    },
  });
  let told = 0;
  const watch = await client.watch('/a', 'persistent', () => {
    told += 1;
  });
  const events = watch[Symbol.asyncIterator]();
  await eventually(() => told > 16_384, { what: 'all events are told' });
  await expect(events.next()).rejects.toMatchObject({ code: 'watch_overflow' });
  expect(await events.next()).toMatchObject({ done: true });
});

test('what is armed right behind removeWatches stays armed, and asks the server for watches of its own', async () => {
  const { client, server } = await open({
    request: (received, { reply, tell, socket }) => {
      socket.cork();
      process.nextTick(() => socket.uncork());
      reply(received, { stat, err: 0, path: '/' });
      if (received.op !== 'sync') return;
      tell('created', '/a/b');
      tell('children_changed', '/a');
      tell('data_changed', '/a');
    },
  });
  const told: string[] = [];
  const tellAs = (who: string) => (event: { type: string }) => told.push(`${who}: ${event.type}`);
  await client.sync('/');
  await client.watch('/a', 'persistent_recursive', tellAs('removed'));
  const removing = client.removeWatches('/a', 'any');
  const reading = client.exists('/a', { watch: tellAs('once') });
  const arming = client.watch('/a', 'persistent', tellAs('kept'));
  await Promise.all([removing, reading, arming]);
  await client.sync('/');
  await eventually(() => told.includes('kept: data_changed'), { what: 'the events are told' });
  expect(told).toEqual(['kept: children_changed', 'once: data_changed', 'kept: data_changed']);
  expect(server.received.map(({ op, body }) => [op, body]).slice(2, 5)).toEqual([
    ['removeWatches', { path: '/a', type: 3 }],
    ['exists', { path: '/a', watch: true }],
    ['addWatch', { path: '/a', mode: 0 }],
  ]);
});

test('a refused removeWatches leaves the watches as they are', async () => {
  const { client, server } = await open({
    request: (received, { reply, refuse, tell }) => {
      if (received.op === 'removeWatches') return refuse(received, 'no_watcher');
      reply(received, received.op === 'exists' ? { stat } : { err: 0 });
      if (received.op === 'exists') tell('created', '/a/b');
    },
  });
  const told: string[] = [];
  await client.watch('/a', 'persistent_recursive', ({ path }) => told.push(path));
  await expect(client.removeWatches('/a', 'any')).rejects.toMatchObject({ code: 'no_watcher' });
  await client.exists('/a', { watch: () => undefined });
  await eventually(() => told.length === 1, { what: 'the event is told' });
  expect(server.received.at(-1)?.body).toEqual({ path: '/a', watch: false });
});

test('a listener that throws surfaces as an uncaught exception, and everything behind it is told in order', async () => {
  const uncaught: unknown[] = [];
  const { nextTick } = process;
  const spy = jest.spyOn(process, 'nextTick').mockImplementation((call, ...args) => {
    nextTick(() => {
      try {
        Reflect.apply(call, undefined, args);
      } catch (error) {
        uncaught.push(error);
      }
    });
  });
  const { client } = await open({
    request: (received, { reply, tell, socket }) => {
      if (received.op === 'addWatch') return reply(received, { err: 0 });
      socket.cork();
      for (const path of ['/a', '/b', '/c']) tell('data_changed', path);
      reply(received, { path: '/' });
      tell('data_changed', '/d');
      socket.uncork();
    },
  });
  const seen: string[] = [];
  const listen = ({ path }: { path: string }) => {
    seen.push(path);
    throw new TypeError(path);
  };
  const unsubscribe = client.onSession(() => {
    unsubscribe();
    throw new TypeError('session');
  });
  for (const path of ['/a', '/b', '/c', '/d']) await client.watch(path, 'persistent', listen);
  await client.sync('/').then(() => seen.push('answer'));
  await eventually(() => uncaught.length === 5, { what: 'all errors have surfaced' });
  spy.mockRestore();
  expect(seen).toEqual(['/a', '/b', '/c', 'answer', '/d']);
  expect(uncaught.map((error) => (error as Error).message)).toEqual(['session', '/a', '/b', '/c', '/d']);
  expect(client.state).toBe('connected');
});

test('a connection that is lost while the client closes ends every request', async () => {
  const { client, server } = await open({});
  const reading = client.exists('/a');
  const writing = client.create('/a', null);
  await eventually(() => count(server, 'create') === 1, { what: 'both are sent' });
  server.cut();
  const closing = client.close();
  await expect(reading).rejects.toMatchObject({ code: 'client_closed' });
  await expect(writing).rejects.toMatchObject({ code: 'client_closed', facts: { outcome: 'unknown' } });
  await closing;
  expect(client.state).toBe('closed');
});
