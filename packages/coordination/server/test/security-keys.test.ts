import { describe, expect, test } from '@jest/globals';
import { type ConfigError, parseZooCfg } from '@reeve/server';

const base = ['dataDir=/data'];
const secure = [...base, 'secureClientPort=2281', 'ssl.keyStore.location=k.p12', 'ssl.trustStore.location=t.pem'];
const parse = (lines: readonly string[]) => parseZooCfg(lines.join('\n'), 'zoo.cfg');

function problems(lines: readonly string[]): readonly string[] {
  try {
    parse(lines);
    return [];
  } catch (error) {
    return (error as ConfigError).facts.problems.map(({ key, allowed }) => `${key}: ${allowed}`);
  }
}

describe('TLS in a zoo.cfg', () => {
  test('is served on a port of its own, with or without a plain one', () => {
    const { config, warnings } = parse(secure);
    expect(warnings).toEqual([]);
    expect(config).toMatchObject({ port: 'none', securePort: 2281, secureHost: '*', portUnification: 'plain' });
    expect(config.tls).toMatchObject({
      keyStore: { setting: 'ssl.keyStore.location', location: 'k.p12', password: '' },
      trustStore: { location: 't.pem' },
      clientAuth: 'need',
      versionMin: 'TLSv1.2',
      versionMax: 'TLSv1.3',
      reload: 'on_change',
    });
    expect(config.identity.x509).toBe('accepted');
    expect(parse([...secure, 'clientPort=2181']).config.port).toBe(2181);
  });

  test('takes the keys as ZooKeeper has them', () => {
    const { config } = parse([
      ...secure,
      'secureClientPortAddress=10.0.0.1',
      'serverCnxnFactory=org.apache.zookeeper.server.NettyServerCnxnFactory',
      'zookeeper.ssl.keyStore.password=a',
      'ssl.keyStore.type=pkcs12',
      'ssl.trustStore.passwordPath=/run/pw',
      'ssl.clientAuth=WANT',
      'ssl.protocol=TLSv1.2',
      'ssl.ciphersuites=TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,TLS_AES_128_GCM_SHA256',
      'ssl.handshakeDetectionTimeoutMillis=100',
      'netty.server.outstandingHandshake.limit=9',
      'client.certReload=false',
      'X509AuthenticationProvider.superUser=CN=root',
    ]);
    expect(config.secureHost).toBe('10.0.0.1');
    expect(config.identity.x509SuperUser).toBe('CN=root');
    expect(config.tls).toMatchObject({
      keyStore: { password: 'a', type: 'PKCS12' },
      trustStore: { passwordPath: '/run/pw' },
      clientAuth: 'want',
      versionMax: 'TLSv1.2',
      ciphers: 'ECDHE-RSA-AES128-GCM-SHA256:TLS_AES_128_GCM_SHA256',
      handshakeMs: 100,
      handshakesMax: 9,
      reload: 'never',
    });
  });

  test('on the plain port needs the same keys', () => {
    const unified = [...base, 'clientPort=1', 'client.portUnification=true'];
    expect(problems(unified)[0]).toMatch(/^ssl.keyStore.location/);
    const { config } = parse([...unified, 'ssl.keyStore.location=k', 'ssl.clientAuth=none']);
    expect(config.portUnification).toBe('plain_and_tls');
    expect(config.tls?.clientAuth).toBe('none');
  });

  test.each([
    [[...base, 'secureClientPort=1', 'ssl.clientAuth=none'], /^ssl.keyStore.location: must be the file/],
    [[...base, 'secureClientPort=1', 'ssl.keyStore.location=k'], /^ssl.trustStore.location: .*ssl.clientAuth=none/],
    [[...base, 'clientPort=1', 'secureClientPortAddress=1.2.3.4'], /^secureClientPort: /],
    [[...secure, 'ssl.keyStore.type=JKS'], /keytool -importkeystore/],
    [[...secure, 'ssl.enabledProtocols=TLSv1.1,TLSv1.2'], /^ssl.enabledProtocols: must be of TLSv1.2, TLSv1.3/],
    [[...secure, 'ssl.ciphersuites=TLS_NULL'], /^ssl.ciphersuites/],
    [[...secure, 'ssl.crl=true'], /^ssl.crl: must be false/],
    [[...secure, 'ssl.clientAuth=maybe'], /^ssl.clientAuth: must be need, want or none/],
  ])('%j is refused', (lines, says) => {
    expect(problems(lines)).toEqual([expect.stringMatching(says)]);
  });
});

describe('identities in a zoo.cfg', () => {
  const plain = [...base, 'clientPort=2181'];
  const sasl = 'authProvider.1=org.apache.zookeeper.server.auth.SASLAuthenticationProvider';

  test('SASL is known by its provider, its users by a JAAS file', () => {
    const { config } = parse([
      ...plain,
      sasl,
      'java.security.auth.login.config=/etc/jaas.conf',
      'sasl.serverconfig=Zk',
      'SASLAuthenticationProvider.superPassword=pw',
      'superUser=bob',
      'zookeeper.superUser.2=eve',
      'allowSaslFailedClients=true',
    ]);
    expect(config.identity).toMatchObject({
      sasl: 'accepted',
      x509: 'refused',
      saslSuperUsers: new Set(['bob', 'eve']),
      jaas: { file: '/etc/jaas.conf', section: 'Zk', superPassword: 'pw' },
      saslFailed: 'stay',
    });
  });

  test('a JAAS file may be named beside it', () => {
    const { config } = parseZooCfg([...plain, sasl].join('\n'), 'zoo.cfg', { jaasFile: 'j.conf' });
    expect(config.identity.jaas).toMatchObject({ file: 'j.conf', section: 'Server' });
  });

  test('one may be required', () => {
    const required = (...lines: string[]) => [...parse([...plain, sasl, ...lines]).config.identity.requiredSchemes];
    expect(required('sessionRequireClientSASLAuth=true')).toEqual(['sasl']);
    expect(required('enforce.auth.enabled=true', 'enforce.auth.schemes=sasl, digest')).toEqual(['sasl', 'digest']);
    expect(required('enforce.auth.schemes=sasl')).toEqual([]);
  });

  test.each([
    [['sessionRequireClientSASLAuth=true'], /^sessionRequireClientSASLAuth: clients cannot prove sasl here/],
    [['enforce.auth.enabled=true'], /^enforce.auth.schemes: enforce.auth.enabled=true needs them/],
    [['enforce.auth.enabled=true', 'enforce.auth.schemes=x509'], /^enforce.auth.schemes: clients cannot prove x509/],
    [['authProvider.1=com.example.Own'], /^authProvider.1: must be one of SASL, X509, Digest/],
  ])('%j is refused', (lines, says) => {
    expect(problems([...plain, ...lines])).toEqual([expect.stringMatching(says)]);
  });

  test('what is said of other members makes no difference', () => {
    const lines = ['sslQuorum=true', 'ssl.quorum.keyStore.location=k', 'quorum.auth.enableSasl=true'];
    expect(parse([...plain, ...lines]).warnings).toEqual([]);
  });
});
