import { once } from 'node:events';
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { type ConnectionOptions, connect as connectTls, type TLSSocket } from 'node:tls';
import { afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import type { Logger } from '@reeve/base';
import {
  CertificateAuthority,
  eventually,
  fourLetterWord,
  type IssuedCertificate,
  RawClient,
  temporaryDirectory,
} from '@reeve/testkit';
import { coordinatorConfig, type GivenConfig } from '../src/config.ts';
import { type Coordinator, createServer } from '../src/coordinator.ts';
import type { TlsConfig } from '../src/security/security-config.ts';

const running: Coordinator[] = [];
const clients: RawClient[] = [];
let authority: CertificateAuthority;
let server: IssuedCertificate;
let alice: IssuedCertificate;

beforeAll(() => {
  authority = new CertificateAuthority();
  server = authority.issue({ subject: '/O=Acme/CN=server' });
  alice = authority.issue({ subject: '/O=Acme/CN=alice' });
});

afterEach(async () => {
  for (const client of clients.splice(0)) await client.destroy();
  for (const coordinator of running.splice(0)) await coordinator.stop();
});

const store = (name: 'ssl.keyStore' | 'ssl.trustStore', location: string) => ({
  ...{ setting: `${name}.location` as const, location, type: undefined, password: '', passwordPath: undefined },
});

function tls(changes: Partial<TlsConfig> = {}): TlsConfig {
  return {
    keyStore: store('ssl.keyStore', server.both),
    trustStore: store('ssl.trustStore', authority.cert),
    clientAuth: 'need',
    versionMin: 'TLSv1.2',
    versionMax: 'TLSv1.3',
    ciphers: undefined,
    handshakeMs: 5_000,
    handshakesMax: 250,
    reload: 'never',
    ...changes,
  };
}

async function started(changes: Partial<GivenConfig> = {}, logger?: Logger): Promise<Coordinator> {
  const config = { dataDirectory: temporaryDirectory(), port: 0, securePort: 0, tls: tls(), ...changes };
  const coordinator = await createServer(coordinatorConfig(config), logger === undefined ? {} : { logger });
  running.push(coordinator);
  return coordinator;
}

const as = (certificate?: IssuedCertificate): ConnectionOptions => ({
  ca: readFileSync(authority.cert),
  ...(certificate === undefined ? {} : { key: readFileSync(certificate.key), cert: readFileSync(certificate.cert) }),
});

async function secured(port: number, options: ConnectionOptions): Promise<RawClient> {
  const client = await RawClient.secure(port, options);
  clients.push(client);
  return client;
}

async function plain(port: number): Promise<RawClient> {
  const client = await RawClient.open(port);
  clients.push(client);
  return client;
}

async function identities(client: RawClient): Promise<readonly unknown[]> {
  const { body } = await client.ask('whoAmI', undefined);
  return (body as { clientInfo: readonly { authScheme: string; user: string }[] }).clientInfo
    .map(({ authScheme, user }) => `${authScheme}:${user}`)
    .sort();
}

describe('the secure port', () => {
  test('serves clients with a certificate, beside a plain port on the same znodes', async () => {
    const { port, securePort } = await started();
    const client = await secured(securePort, as(alice));
    expect((await client.create('/by-tls', 'hello')).error).toBe('ok');
    expect(await (await plain(port)).data('/by-tls')).toBe('hello');
    expect(await identities(client)).toEqual(['ip:127.0.0.1', 'x509:CN=alice,O=Acme']);
  });

  test('is there without a plain one', async () => {
    const coordinator = await started({ port: 'none' });
    expect(coordinator.port).toBe(0);
    expect((await secured(coordinator.securePort, as(alice))).welcome?.timeoutMs).toBe(10_000);
  });

  test('gives the znodes of a certificate to nobody else', async () => {
    const identity = { ...coordinatorConfig({ dataDirectory: '' }).identity, x509: 'accepted' as const };
    const { port, securePort } = await started({ identity });
    const client = await secured(securePort, as(alice));
    const acl = [{ perms: 31, id: { scheme: 'x509', id: 'CN=alice,O=Acme' } }];
    const request = { path: '/hers', data: Buffer.from('x'), acl, flags: 0 };
    expect((await client.request('create', request)).error).toBe('ok');
    expect(await client.data('/hers')).toBe('x');
    expect(await (await plain(port)).data('/hers')).toBe('no_auth');
    const bob = authority.issue({ subject: '/O=Acme/CN=bob' });
    expect(await (await secured(securePort, as(bob))).data('/hers')).toBe('no_auth');
  });

  test.each(['TLSv1.2', 'TLSv1.3'] as const)('speaks %s alone where that is asked for', async (version) => {
    const { securePort } = await started({ tls: tls({ versionMin: version, versionMax: version }) });
    const client = await secured(securePort, as(alice));
    expect((client.socket as TLSSocket).getProtocol()).toBe(version);
    const other = version === 'TLSv1.2' ? 'TLSv1.3' : 'TLSv1.2';
    const refused = await secured(securePort, { ...as(alice), minVersion: other, maxVersion: other });
    expect(refused.welcome).toBeUndefined();
  });

  test('uses the cipher suites that are asked for', async () => {
    const { securePort } = await started({ tls: tls({ ciphers: 'ECDHE-ECDSA-AES256-GCM-SHA384' }) });
    const { socket } = await secured(securePort, as(alice));
    expect((socket as TLSSocket).getCipher().standardName).toBe('TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384');
  });

  test('answers four-letter words', async () => {
    const { securePort } = await started();
    const socket = connectTls({ port: securePort, host: '127.0.0.1', servername: 'localhost', ...as(alice) });
    socket.on('error', () => {}).write('srvr');
    const [said] = (await once(socket, 'data')) as [Buffer];
    expect(said.toString()).toContain('Mode: standalone');
    socket.destroy();
  });
});

describe('a certificate of the client', () => {
  const stranger = () => new CertificateAuthority('Stranger').issue({ subject: '/CN=eve' });

  test.each([
    ['need', 'none', 'refused'],
    ['need', 'of a stranger', 'refused'],
    ['want', 'none', 'served'],
    ['want', 'of a stranger', 'refused'],
    ['none', 'none', 'served'],
    ['none', 'of a stranger', 'served'],
  ] as const)('where it is "%s", one with %s is %s', async (clientAuth, which, outcome) => {
    const { securePort, port } = await started({ tls: tls({ clientAuth }) });
    const client = await secured(securePort, as(which === 'none' ? undefined : stranger()));
    expect(client.welcome === undefined ? 'refused' : 'served').toBe(outcome);
    if (outcome === 'served') expect(await identities(client)).toEqual(['ip:127.0.0.1']);
    expect((await plain(port)).welcome?.timeoutMs).toBe(10_000);
  });
});

describe('one port for both', () => {
  test('tells TLS from plain by the first byte', async () => {
    const { port } = await started({ securePort: undefined, portUnification: 'plain_and_tls', fourLetterWords: 'all' });
    const client = await secured(port, as(alice));
    expect((await client.create('/a', '1')).error).toBe('ok');
    expect(await (await plain(port)).data('/a')).toBe('1');
    expect(await fourLetterWord(port, 'ruok')).toBe('imok');
    expect(await identities(client)).toContain('x509:CN=alice,O=Acme');
  });

  test('does not wait for ever for the first byte', async () => {
    const { port } = await started({ portUnification: 'plain_and_tls', tls: tls({ handshakeMs: 50 }) });
    const silent = await RawClient.silent(port);
    await silent.ended;
  });
});

describe('handshakes', () => {
  test('that never end are ended', async () => {
    const { securePort } = await started({ tls: tls({ handshakeMs: 50 }) });
    const silent = await RawClient.silent(securePort);
    await silent.ended;
  });

  test('are so many at a time, and others are closed at once', async () => {
    const { securePort } = await started({ tls: tls({ handshakesMax: 1 }) });
    const silent = await RawClient.silent(securePort);
    clients.push(silent);
    await (await RawClient.silent(securePort)).ended;
    await silent.destroy();
    await eventually(async () => (await secured(securePort, as(alice))).welcome !== undefined, {
      deadlineMs: 5_000,
      what: 'there is room for a handshake again',
    });
  });

  test('count as connections of their address until they end', async () => {
    const { securePort } = await started({ connectionsPerAddressMax: 1, tls: tls({ handshakeMs: 50 }) });
    await (await RawClient.silent(securePort)).ended;
    await eventually(async () => (await secured(securePort, as(alice))).welcome !== undefined, {
      deadlineMs: 5_000,
      what: 'the address is free again',
    });
    expect((await secured(securePort, as(alice))).welcome).toBeUndefined();
  });

  test('with something else than TLS harm nobody', async () => {
    const { securePort } = await started();
    const socket = connect(securePort, '127.0.0.1', () => socket.write(Buffer.alloc(512, 0x61)));
    socket.on('error', () => {}).resume();
    await once(socket, 'close');
    expect((await secured(securePort, as(alice))).welcome?.timeoutMs).toBe(10_000);
  });

  test('under way do not hold up the end', async () => {
    const coordinator = await started();
    const silent = await RawClient.silent(coordinator.securePort);
    running.splice(0);
    await coordinator.stop();
    await silent.ended;
  });
});

describe('changed files', () => {
  test('are taken for new connections, and those there are stay', async () => {
    const file = join(temporaryDirectory(), 'server.pem');
    copyFileSync(server.both, file);
    const keyStore = store('ssl.keyStore', file);
    const { securePort } = await started({ tls: tls({ keyStore, reload: 'on_change' }) });
    const before = await secured(securePort, as(alice));
    writeFileSync(file, readFileSync(authority.issue({ subject: '/CN=renewed' }).both));
    const renewed = async () => {
      const { socket } = await secured(securePort, as(alice));
      return (socket as TLSSocket).getPeerX509Certificate()?.subject === 'CN=renewed';
    };
    await eventually(renewed, { deadlineMs: 15_000, what: 'the new certificate is served' });
    expect((await before.create('/still', 'here')).error).toBe('ok');
  });

  test('that cannot be used change nothing but the log', async () => {
    const file = join(temporaryDirectory(), 'server.pem');
    copyFileSync(server.both, file);
    const said: string[] = [];
    const note = (_facts: object, message?: string) => void said.push(message ?? '');
    const logger = { debug: note, info: note, warn: note, error: note } as unknown as Logger;
    const keyStore = store('ssl.keyStore', file);
    const { securePort } = await started({ tls: tls({ keyStore, reload: 'on_change' }) }, logger);
    writeFileSync(file, 'no key at all');
    await eventually(() => said.some((line) => line.includes('the ones before stay')), {
      deadlineMs: 15_000,
      what: 'the log says so',
    });
    expect((await secured(securePort, as(alice))).welcome?.timeoutMs).toBe(10_000);
  });
});
