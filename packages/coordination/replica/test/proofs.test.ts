import { createHash } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import type { ReplicaOptions, SaslOptions } from '@reeve/replica';
import { createFlags, saslAnswer, saslDirectives, saslProof } from '@reeve/wire';
import type { TestClient } from './test-client.ts';
import { type Turn, World } from './world.ts';

const md5 = (bytes: Buffer): Buffer => createHash('md5').update(bytes).digest();
const passwords = new Map([
  ['bob', 'pw'],
  ['super', 'secret'],
]);
const saslServer: SaslOptions = {
  md5,
  nonce: () => 'nonce',
  passwordOf: (user) => passwords.get(user),
  superUsers: new Set(),
  failed: 'close',
};

function worldWith(options: Partial<ReplicaOptions> = {}): World {
  return new World({ saslServer, ...options });
}

function ask(
  world: World,
  client: TestClient,
  token: Buffer | null,
): { turn: Turn; error: string; token?: Buffer | null } {
  world.send(client, 'sasl', { token });
  const turn = world.perform();
  const [arrival] = turn.arrivals.get(client.connection) ?? [];
  if (arrival?.kind !== 'answer') return { turn, error: 'nothing' };
  const body = arrival.body as { token: Buffer | null } | undefined;
  return { turn, error: arrival.error, ...(body === undefined ? {} : { token: body.token }) };
}

const proofOf = (user: string, password: string, changes: object = {}) => ({
  ...{ user, password, realm: 'zk-sasl-md5', nonce: 'nonce', cnonce: 'c', uri: 'zookeeper/zk-sasl-md5' },
  authzid: undefined,
  ...changes,
});

function login(world: World, client: TestClient, user = 'bob', password = 'pw') {
  ask(world, client, Buffer.alloc(0));
  return ask(world, client, saslAnswer(proofOf(user, password), md5));
}

const acl = (scheme: string, id: string) => [{ perms: 31, id: { scheme, id } }];

function create(world: World, client: TestClient, path: string, list = acl('sasl', 'bob')): string {
  world.send(client, 'create', { path, data: null, acl: list, flags: createFlags.persistent });
  const last = world.turn().arrivals.get(client.connection)?.at(-1);
  return last?.kind === 'answer' ? last.error : 'nothing';
}

function read(world: World, client: TestClient, path: string): string {
  world.send(client, 'getData', { path, watch: false });
  const last = world.perform().arrivals.get(client.connection)?.at(-1);
  return last?.kind === 'answer' ? last.error : 'nothing';
}

describe('SASL', () => {
  test('proves a name by a password, and the server proves that it knows the password too', () => {
    const world = worldWith();
    const client = world.connect();
    const { error, token } = login(world, client);
    expect(error).toBe('ok');
    expect(token?.toString()).toBe(`rspauth=${saslProof('server', proofOf('bob', 'pw'), md5)}`);
    expect(create(world, client, '/bobs')).toBe('ok');
    expect(read(world, client, '/bobs')).toBe('ok');
    expect(read(world, world.connect(), '/bobs')).toBe('no_auth');
  });

  test('answers whatever comes first with a challenge', () => {
    const world = worldWith();
    for (const first of [Buffer.alloc(0), Buffer.from('username="bob"'), null]) {
      const { token } = ask(world, world.connect(), first);
      expect(saslDirectives(token ?? Buffer.alloc(0))?.get('nonce')).toBe('nonce');
    }
  });

  test.each([
    ['a wrong password', proofOf('bob', 'wrong')],
    ['a user that is not known', proofOf('eve', 'pw')],
    ['another nonce', proofOf('bob', 'pw', { nonce: 'old' })],
    ['another realm', proofOf('bob', 'pw', { realm: 'elsewhere' })],
    ['another service', proofOf('bob', 'pw', { uri: 'imap/zk-sasl-md5' })],
    ['another host', proofOf('bob', 'pw', { uri: 'zookeeper/elsewhere' })],
  ])('refuses %s and closes the connection', (_what, proof) => {
    const world = worldWith();
    const client = world.connect();
    ask(world, client, Buffer.alloc(0));
    const { error, turn } = ask(world, client, saslAnswer(proof, md5));
    expect(error).toBe('auth_failed');
    expect(turn.closed).toEqual([client.connection]);
  });

  test('takes one proof for a connection, and nothing after it', () => {
    const world = worldWith();
    const client = world.connect();
    login(world, client);
    expect(ask(world, client, saslAnswer(proofOf('bob', 'pw'), md5)).error).toBe('auth_failed');
  });

  test('keeps a connection that failed where that is allowed, with no token', () => {
    const world = worldWith({ saslServer: { ...saslServer, failed: 'stay' } });
    const client = world.connect();
    expect(login(world, client, 'bob', 'wrong')).toMatchObject({ error: 'ok', token: null });
    expect(create(world, client, '/open', acl('world', 'anyone'))).toBe('ok');
    expect(read(world, client, '/open')).toBe('ok');
  });

  test('without users to be known is answered with no token', () => {
    const world = new World();
    expect(ask(world, world.connect(), Buffer.alloc(0))).toMatchObject({ error: 'ok', token: null });
  });

  test('a user named super matches every list of SASL names', () => {
    const world = worldWith();
    const bob = world.connect();
    login(world, bob);
    create(world, bob, '/bobs');
    const root = world.connect();
    login(world, root, 'super', 'secret');
    expect(read(world, root, '/bobs')).toBe('ok');
    expect(create(world, bob, '/digest', acl('digest', 'x:y'))).toBe('ok');
    expect(read(world, root, '/digest')).toBe('no_auth');
  });

  test('a super user may do everything', () => {
    const world = worldWith({ saslServer: { ...saslServer, superUsers: new Set(['bob']) } });
    const client = world.connect();
    create(world, client, '/locked', acl('digest', 'x:y'));
    expect(read(world, client, '/locked')).toBe('no_auth');
    login(world, client);
    expect(read(world, client, '/locked')).toBe('ok');
  });

  test('proves nothing to lists where the scheme is not accepted', () => {
    const world = worldWith({ sasl: 'refused' });
    const client = world.connect();
    expect(login(world, client).error).toBe('ok');
    expect(create(world, client, '/bobs')).toBe('invalid_acl');
    expect(create(world, client, '/auth', acl('auth', ''))).toBe('invalid_acl');
  });
});

describe('where an identity is required', () => {
  const requiredSchemes = new Set(['sasl']);

  test.each(['ping', 'getData', 'create', 'closeSession'] as const)('%s is refused without one', (op) => {
    const world = worldWith({ requiredSchemes });
    const client = world.connect();
    const request = {
      ping: {},
      getData: { path: '/', watch: false },
      create: { path: '/a', data: null, acl: acl('world', 'anyone'), flags: 0 },
      closeSession: {},
    }[op];
    world.send(client, op, request as never);
    const { arrivals, closed, entries } = world.turn();
    expect(arrivals.get(client.connection)).toMatchObject([{ error: 'session_closed_require_sasl_auth', zxid: 0 }]);
    expect(closed).toEqual([client.connection]);
    expect(entries).toHaveLength(0);
  });

  test('another one does not do', () => {
    const world = worldWith({ requiredSchemes });
    const client = world.connect();
    world.send(client, 'auth', { type: 0, scheme: 'digest', auth: Buffer.from('bob:pw') });
    expect(world.perform().closed).toEqual([]);
    expect(read(world, client, '/')).toBe('session_closed_require_sasl_auth');
  });

  test('everything is served once it is proved, and again after a reconnect with a proof', () => {
    const world = worldWith({ requiredSchemes });
    const client = world.connect();
    login(world, client);
    expect(read(world, client, '/')).toBe('ok');
    const back = world.connect({ session: client.session, password: client.password });
    expect(read(world, back, '/')).toBe('session_closed_require_sasl_auth');
  });

  test('a failed proof says so even where failing is allowed', () => {
    const world = worldWith({ requiredSchemes, saslServer: { ...saslServer, failed: 'stay' } });
    const client = world.connect();
    const { error, turn } = login(world, client, 'bob', 'wrong');
    expect(error).toBe('session_closed_require_sasl_auth');
    expect(turn.closed).toEqual([client.connection]);
  });

  test('a certificate is one', () => {
    const world = worldWith({ requiredSchemes: new Set(['digest', 'x509']) });
    const client = world.open('CN=a');
    world.frame(client, client.hello());
    world.turn();
    expect(read(world, client, '/')).toBe('ok');
  });

  test('a frame too short for a request closes the connection', () => {
    const world = worldWith({ requiredSchemes });
    const client = world.connect();
    world.frame(client, Buffer.alloc(4));
    expect(world.perform().closed).toEqual([client.connection]);
  });
});

test('the subject of one certificate may do everything', () => {
  const world = new World({ x509SuperUser: 'CN=root' });
  const [other, root] = [world.open('CN=other'), world.open('CN=root')];
  for (const client of [other, root]) world.frame(client, client.hello());
  world.turn();
  create(world, other, '/locked', acl('digest', 'x:y'));
  expect(read(world, other, '/locked')).toBe('no_auth');
  expect(read(world, root, '/locked')).toBe('ok');
});
