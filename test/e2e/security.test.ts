import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { type AuthInfo, type Client, type ClientOptions, connect } from '@reeve/client';
import {
  CertificateAuthority,
  type Engine,
  freePort,
  type IssuedCertificate,
  startProcess,
  startReeveCoordinator,
  TestProcess,
  temporaryDirectory,
} from '@reeve/testkit';
import { reeve } from './fleet.ts';

const sasl = (user: string, password: string): readonly AuthInfo[] => [
  { scheme: 'sasl', auth: Buffer.from(`${user}:${password}`) },
];
const quiet = { REEVE_LOG_LEVEL: 'error', NO_COLOR: '1' };
let authority: CertificateAuthority;
let server: IssuedCertificate;
let alice: IssuedCertificate;
let engine: Engine;
let secure: string;

beforeAll(async () => {
  authority = new CertificateAuthority();
  server = authority.issue({ subject: '/CN=server' });
  alice = authority.issue({ subject: '/O=Acme/CN=alice' });
  const jaas = join(temporaryDirectory(), 'jaas.conf');
  writeFileSync(jaas, 'Server { org.apache.zookeeper.server.auth.DigestLoginModule required user_bob="pw"; };\n');
  const port = await freePort();
  secure = `127.0.0.1:${port}`;
  engine = await startReeveCoordinator({
    config: [
      `secureClientPort=${port}`,
      'secureClientPortAddress=127.0.0.1',
      `ssl.keyStore.location=${server.both}`,
      `ssl.trustStore.location=${authority.cert}`,
      'authProvider.1=org.apache.zookeeper.server.auth.SASLAuthenticationProvider',
      `java.security.auth.login.config=${jaas}`,
    ],
  });
}, 60_000);

const files = (): readonly string[] => [
  ...['--connect', secure, '--tls-ca', authority.cert],
  ...['--tls-cert', alice.cert, '--tls-key', alice.key],
];

const tls = () => ({
  ca: readFileSync(authority.cert),
  cert: readFileSync(alice.cert),
  key: readFileSync(alice.key),
});

async function run(words: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const child = new TestProcess(reeve(...words), { env: { ...quiet, ...env } });
  const { code } = await child.exited;
  return { code, stdout: child.stdout, stderr: child.stderr };
}

describe('over TLS with certificates on both sides', () => {
  test('a task goes from a command to a master, a worker and back', async () => {
    await startProcess(reeve('master', ...files()), { ready: /stands for primary/ });
    await startProcess(reeve('worker', '--commands', ...files()), { ready: /takes tasks/ });
    const { code, stdout } = await run(['submit', '--wait', ...files(), '--', 'echo', 'by TLS']);
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'by TLS\n' });
  }, 60_000);

  test('files may be named by the environment', async () => {
    const env = {
      REEVE_CONNECT: secure,
      REEVE_TLS_CA: authority.cert,
      REEVE_TLS_CERT: alice.cert,
      REEVE_TLS_KEY: alice.key,
    };
    expect((await run(['status'], env)).code).toBe(0);
  }, 30_000);

  test('a command that cannot connect says why', async () => {
    const cases: readonly (readonly [words: readonly string[], says: RegExp])[] = [
      [['--tls-ca', authority.cert], /no coordinator answers/],
      [['--tls-ca', alice.cert], /One is there, but TLS failed: .*certificate/],
      [['--tls-key', alice.key], /Give both --tls-cert and --tls-key/],
      [['--tls-ca', '/nowhere/ca.pem'], /--tls-ca \/nowhere\/ca.pem cannot be read/],
    ];
    const said = cases.map(async ([words, says]) => {
      const { code, stderr } = await run(['status', '--connect', secure, ...words]);
      expect(code).not.toBe(0);
      expect(stderr).toMatch(says);
      expect(stderr.trim().split('\n').length).toBeLessThanOrEqual(2);
    });
    await Promise.all(said);
  }, 30_000);
});

describe('reeve up', () => {
  test('serves TLS where it is given a certificate', async () => {
    const both = authority.issue({ subject: '/CN=box' });
    const own = ['--tls-ca', authority.cert, '--tls-cert', both.cert, '--tls-key', both.key];
    const place = ['--port', '0', '--data-dir', join(temporaryDirectory(), 'data'), '--workers', '1', '--masters', '1'];
    const up = await startProcess(reeve('up', ...place, ...own, '--auth', 'digest:a:b'), {
      ready: /Reeve is up at \S+:/,
      readyDeadlineMs: 60_000,
    });
    const at = /up at (\S+):/.exec(up.stdout)?.[1] ?? '';
    const { code, stdout } = await run([
      'submit',
      '--wait',
      '--connect',
      at,
      ...own,
      '--',
      'sh',
      '-c',
      'echo [$REEVE_AUTH]',
    ]);
    expect({ code, stdout }).toEqual({ code: 0, stdout: '[]\n' });
    await up.stop(20_000);
  }, 90_000);
});

describe('SASL', () => {
  const open = (auth: readonly AuthInfo[], more: Partial<ClientOptions> = {}): Promise<Client> => {
    return connect({ servers: engine.address, sessionTimeoutMs: 5_000, auth, ...more });
  };

  test('proves a name again after each reconnect', async () => {
    const bob = await open(sasl('bob', 'pw'));
    const acl = [{ perms: 31, id: { scheme: 'sasl', id: 'bob' } }];
    await bob.create('/bobs', Buffer.from('x'), { acl });
    await engine.kill();
    await engine.start();
    expect((await bob.getData('/bobs')).data?.toString()).toBe('x');
    const other = await open([]);
    await expect(other.getData('/bobs')).rejects.toMatchObject({ code: 'no_auth' });
    await Promise.all([bob.close(), other.close()]);
  }, 60_000);

  test('ends a client whose password is wrong, and says so', async () => {
    const refusal = open(sasl('bob', 'wrong'));
    await expect(refusal).rejects.toMatchObject({ code: 'auth_failed' });
    await expect(refusal).rejects.toThrow('the server refused user or password');
  });

  test('goes over TLS too', async () => {
    const client = await open(sasl('bob', 'pw'), { servers: secure, tls: tls() });
    await client.create('/ours', null, { acl: [{ perms: 31, id: { scheme: 'auth', id: '' } }] });
    const { acl } = await client.getAcl('/ours');
    expect(acl.map(({ id }) => `${id.scheme}:${id.id}`).sort()).toEqual(['sasl:bob', 'x509:CN=alice,O=Acme']);
    await client.close();
  });

  test('is what a command uses for an identity of that scheme, from the environment too', async () => {
    const words = ['status', '--connect', engine.address];
    expect((await run([...words, '--auth', 'sasl:bob:pw'])).code).toBe(0);
    const refused = await run(words, { REEVE_AUTH: 'sasl:bob:wrong' });
    expect(refused.code).toBe(5);
    expect(refused.stderr).toContain('the server refused user or password');
  }, 30_000);
});
