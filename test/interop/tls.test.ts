import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { connect } from '@reeve/client';
import {
  CertificateAuthority,
  freePort,
  type IssuedCertificate,
  nettyJars,
  startApacheZooKeeper,
  startProcess,
  startReeveCoordinator,
} from '@reeve/testkit';
import { CASE_DEADLINE_MS } from './foreign-cases.ts';
import { classPath, javaFlags, requireJava } from './java.ts';

const password = 'secret';
const subject = '/C=DE/O=Acme, Inc./CN=alice';
const name = 'CN=alice,O=Acme\\, Inc.,C=DE';

/** Where each engine serves TLS. */
let secure: Readonly<Record<'Apache ZooKeeper' | 'Reeve', string>>;
let authority: CertificateAuthority;
let alice: IssuedCertificate;

beforeAll(async () => {
  requireJava();
  authority = new CertificateAuthority();
  alice = authority.issue({ subject, key: 'rsa' });
  const server = authority.issue({ subject: '/CN=server', key: 'rsa' });
  const keyStore = authority.pkcs12(server, password);
  const ports = [await freePort(), await freePort()];
  const config = (port: number | undefined) => [
    `secureClientPort=${port}`,
    'secureClientPortAddress=127.0.0.1',
    'serverCnxnFactory=org.apache.zookeeper.server.NettyServerCnxnFactory',
    `ssl.keyStore.location=${keyStore}`,
    `ssl.keyStore.password=${password}`,
    `ssl.trustStore.location=${authority.cert}`,
    'ssl.trustStore.type=PEM',
  ];
  await Promise.all([
    startApacheZooKeeper({ config: config(ports[0]) }),
    startReeveCoordinator({ config: config(ports[1]) }),
  ]);
  secure = { 'Apache ZooKeeper': `127.0.0.1:${ports[0]}`, Reeve: `127.0.0.1:${ports[1]}` };
}, CASE_DEADLINE_MS);

/** ZooKeeper's own shell with a certificate, for one command. */
async function shell(address: string, stores: readonly string[], command: readonly string[]): Promise<string> {
  const properties = [
    'zookeeper.client.secure=true',
    'zookeeper.clientCnxnSocket=org.apache.zookeeper.ClientCnxnSocketNetty',
    `zookeeper.ssl.trustStore.location=${authority.cert}`,
    'zookeeper.ssl.trustStore.type=PEM',
    ...stores,
  ].map((property) => `-D${property}`);
  const main = ['org.apache.zookeeper.ZooKeeperMain', '-server', address, ...command];
  const java = await startProcess([
    'java',
    ...javaFlags,
    ...properties,
    '-cp',
    [classPath, ...nettyJars].join(':'),
    ...main,
  ]);
  await java.exited;
  return java.stdout + java.stderr;
}

const stores = (): Readonly<Record<'PKCS12' | 'PEM', readonly string[]>> => ({
  PKCS12: [
    `zookeeper.ssl.keyStore.location=${authority.pkcs12(alice, password)}`,
    `zookeeper.ssl.keyStore.password=${password}`,
  ],
  PEM: [`zookeeper.ssl.keyStore.location=${alice.both}`, 'zookeeper.ssl.keyStore.type=PEM'],
});

describe("ZooKeeper's own client by TLS", () => {
  test.each(['PKCS12', 'PEM'] as const)(
    'is known to Reeve by its certificate, from a key store of type %s',
    async (type) => {
      expect(await shell(secure.Reeve, stores()[type], ['whoami'])).toContain(`x509: ${name}`);
    },
    CASE_DEADLINE_MS,
  );

  test(
    'gives znodes to the owner of a certificate',
    async () => {
      const { PKCS12 } = stores();
      await shell(secure.Reeve, PKCS12, ['create', '/theirs', 'data', 'auth::cdrwa']);
      expect(await shell(secure.Reeve, PKCS12, ['getAcl', '/theirs'])).toMatch(/^'x509,'CN=alice%2CO=Acme/m);
      expect(await shell(secure.Reeve, PKCS12, ['get', '/theirs'])).toMatch(/^data$/m);
    },
    CASE_DEADLINE_MS,
  );
});

describe("Reeve's client by TLS", () => {
  test.each(['Apache ZooKeeper', 'Reeve'] as const)('is known to %s by the same name', async (engine) => {
    const { key, cert } = alice;
    const tls = { ca: readFileSync(authority.cert), cert: readFileSync(cert), key: readFileSync(key) };
    const client = await connect({ servers: secure[engine], tls, sessionTimeoutMs: 30_000 });
    await client.create('/own', Buffer.from('x'), { acl: [{ perms: 31, id: { scheme: 'auth', id: '' } }] });
    expect((await client.getAcl('/own')).acl).toEqual([{ perms: 31, id: { scheme: 'x509', id: name } }]);
    expect((await client.getData('/own')).data?.toString()).toBe('x');
    await client.close();
  });
});
