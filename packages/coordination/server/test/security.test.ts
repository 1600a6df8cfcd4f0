import { X509Certificate } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { CertificateAuthority, type IssuedCertificate, temporaryDirectory } from '@reeve/testkit';
import { cipherName } from '../src/security/cipher-names.ts';
import { parseJaas } from '../src/security/jaas.ts';
import { readKeyPair, readTrusted } from '../src/security/key-store.ts';
import { saslServer } from '../src/security/sasl-users.ts';
import { identityDefaults, type StoreConfig } from '../src/security/security-config.ts';
import { subjectName } from '../src/security/subject-name.ts';

const now = () => Date.now();
const dayMs = 24 * 60 * 60 * 1000;
let authority: CertificateAuthority;
let server: IssuedCertificate;

beforeAll(() => {
  authority = new CertificateAuthority();
  server = authority.issue({ subject: '/CN=server' });
});

function keyStore(location: string, changes: Partial<StoreConfig> = {}): StoreConfig {
  return {
    setting: 'ssl.keyStore.location',
    location,
    type: undefined,
    password: '',
    passwordPath: undefined,
    ...changes,
  };
}

function fileWith(content: string | Buffer, name = 'file'): string {
  const path = join(temporaryDirectory(), name);
  writeFileSync(path, content);
  return path;
}

const subjectOf = (pem: string) => new X509Certificate(pem).subject;

describe('a key store', () => {
  test.each(['ec', 'rsa'] as const)('is read from PEM and from PKCS12, with a key of kind %s', async (key) => {
    const issued = authority.issue({ subject: '/CN=server', key });
    const fromPem = await readKeyPair(keyStore(issued.both), now());
    const location = authority.pkcs12(issued, 'secret');
    const fromPkcs12 = await readKeyPair(keyStore(location, { password: 'secret' }), now());
    expect(subjectOf(fromPem.cert)).toBe('CN=server');
    expect(fromPkcs12).toEqual(fromPem);
  });

  test('may have its key encrypted, and its password in a file', async () => {
    const { both } = authority.issue({ subject: '/CN=server', password: 'secret' });
    const passwordPath = fileWith('secret\n');
    const pair = await readKeyPair(keyStore(both, { password: 'wrong', passwordPath }), now());
    expect(pair.key).toContain('BEGIN PRIVATE KEY');
  });

  test('gives the certificates that vouch for its own with it', async () => {
    const both = readFileSync(authority.cert, 'utf8') + readFileSync(server.both, 'utf8');
    const { cert } = await readKeyPair(keyStore(fileWith(both, 'chain.pem')), now());
    expect(subjectOf(cert)).toBe('CN=server');
    expect(cert.match(/BEGIN CERTIFICATE/g)).toHaveLength(2);
  });

  test.each<[what: string, store: () => StoreConfig, code: string, says: RegExp]>([
    [
      'is not there',
      () => keyStore('/nowhere/key.pem'),
      'security_file_unreadable',
      /keyStore.location=.*no such file/,
    ],
    [
      'has its password nowhere',
      () => keyStore(server.both, { passwordPath: '/nowhere/pw' }),
      'security_file_unreadable',
      /passwordPath=/,
    ],
    [
      'does not open with the password',
      () => keyStore(authority.pkcs12(server, 'secret'), { password: 'wrong' }),
      'key_store_unusable',
      /the password opens/,
    ],
    [
      'has a key that the password does not open',
      () => keyStore(authority.issue({ subject: '/CN=a', password: 'secret' }).both, { password: 'wrong' }),
      'key_store_unusable',
      /cannot be read with the password/,
    ],
    ['has no key', () => keyStore(server.cert), 'key_store_unusable', /no private key/],
    ['has no certificate', () => keyStore(server.key), 'key_store_unusable', /no certificate/],
    [
      'has a key of another certificate',
      () => keyStore(fileWith(readFileSync(authority.cert, 'utf8') + readFileSync(server.key, 'utf8'), 'x.pem')),
      'key_store_unusable',
      /none of its certificates/,
    ],
    [
      'is one of Java',
      () => keyStore(fileWith(Buffer.from('feedfeed00000002', 'hex'), 'key.jks')),
      'key_store_type_unsupported',
      /keytool -importkeystore/,
    ],
    ['is nothing of the kind', () => keyStore(fileWith('hello', 'a.p12')), 'key_store_unusable', /no PKCS12 file/],
  ])('that %s is refused', async (_what, store, code, says) => {
    const refusal = readKeyPair(store(), now());
    await expect(refusal).rejects.toMatchObject({ code });
    await expect(refusal).rejects.toThrow(says);
  });

  test('is refused when its certificate is not valid at the time', async () => {
    const store = keyStore(server.both);
    await expect(readKeyPair(store, now() + 30 * dayMs)).rejects.toThrow(/of CN=server has expired on/);
    await expect(readKeyPair(store, now() - 30 * dayMs)).rejects.toThrow(/is not valid before/);
  });
});

test('a trust store is read from PEM and from PKCS12 without a key', async () => {
  const setting = 'ssl.trustStore.location' as const;
  const location = authority.pkcs12OfTrust('secret');
  const trusted = [
    await readTrusted(keyStore(authority.cert, { setting })),
    await readTrusted(keyStore(location, { setting, password: 'secret' })),
  ];
  for (const pems of trusted) expect(pems.map(subjectOf)).toEqual(['CN=Test CA']);
});

test('certificates of every length are read from PKCS12', async () => {
  const setting = 'ssl.trustStore.location' as const;
  // Each character is there twice, as subject and as issuer: among 24 lengths one fills its last line of base64.
  for (let length = 1; length <= 24; length += 1) {
    const name = 'x'.repeat(length);
    const location = new CertificateAuthority(name).pkcs12OfTrust('secret');
    const pems = await readTrusted(keyStore(location, { setting, password: 'secret' }));
    expect(pems.map(subjectOf)).toEqual([`CN=${name}`]);
  }
});

describe('the name of a subject', () => {
  // What `getSubjectX500Principal().getName()` of Java 17 says of the same certificates.
  test.each([
    ['/C=DE/ST=Bayern/L=München/O=Acme, Inc./OU=R,CN=bob', 'OU=R\\,CN\\=bob,O=Acme\\, Inc.,L=München,ST=Bayern,C=DE'],
    ['/DC=org/DC=example/UID=u1/CN=a=b#c;"x"\\\\<y>', 'CN=a\\=b\\#c\\;\\"x\\"\\\\\\<y\\>,UID=u1,DC=example,DC=org'],
    [
      '/emailAddress=a@b.c/serialNumber=12/street=x y/title=Dr/CN= lead trail ',
      'CN=\\ lead trail\\ ,2.5.4.12=#0c024472,STREET=x y,2.5.4.5=#13023132,1.2.840.113549.1.9.1=#16056140622e63',
    ],
    ['/O=multi/CN=one+OU=two', 'CN=one+OU=two,O=multi'],
    ['/CN=#hash/GN=Given/SN=Sur', '2.5.4.4=#0c03537572,2.5.4.42=#0c05476976656e,CN=\\#hash'],
    ['/CN=日本', 'CN=日本'],
  ])('%s is %s', (subject, name) => {
    const { cert } = authority.issue({ subject });
    expect(subjectName(new X509Certificate(readFileSync(cert)).raw)).toBe(name);
  });
});

describe('a cipher suite of Java', () => {
  test.each([
    ['TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256', 'ECDHE-RSA-AES128-GCM-SHA256'],
    ['TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA384', 'ECDHE-ECDSA-AES256-SHA384'],
    ['TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256', 'ECDHE-RSA-CHACHA20-POLY1305'],
    ['TLS_RSA_WITH_AES_128_CBC_SHA', 'AES128-SHA'],
    ['TLS_AES_128_GCM_SHA256', 'TLS_AES_128_GCM_SHA256'],
    ['ECDHE-RSA-AES128-GCM-SHA256', 'ECDHE-RSA-AES128-GCM-SHA256'],
    ['TLS_ECDHE_RSA_WITH_RC4_128_SHA', undefined],
    ['nonsense', undefined],
  ])('%s is %s', (name, openssl) => {
    expect(cipherName(name)).toBe(openssl);
  });
});

describe('a JAAS file', () => {
  test('holds sections of modules with options, and comments', () => {
    const sections = parseJaas(`
      // users
      Server { /* those
        who may */ org.x.DigestLoginModule required user_a="p\\"w" user_b=plain; };
      Client { org.x.DigestLoginModule required username="a"
        password="//no comment"; org.y.Other optional; };
    `);
    if ('reason' in sections) throw new TypeError(sections.reason);
    expect([...sections.keys()]).toEqual(['Server', 'Client']);
    expect([...(sections.get('Server')?.[0]?.options ?? [])]).toEqual([
      ['user_a', 'p"w'],
      ['user_b', 'plain'],
    ]);
    expect(sections.get('Client')?.map(({ name }) => name)).toEqual(['org.x.DigestLoginModule', 'org.y.Other']);
    expect(sections.get('Client')?.[0]?.options.get('password')).toBe('//no comment');
  });

  test.each([
    ['Server {', 1, /a word is missing before the end/],
    ['Server\n{ M required a="1" };', 2, /a word is missing before }/],
    ['Server { M required a; };', 1, /= is missing before ;/],
    ['Server { M maybe a=1; };', 1, /maybe is none of required/],
    ['Server { M required a="1; };', 1, /is missing/],
    ['Server { M required; }', 1, /; is missing before the end/],
    ['= {', 1, /a word is missing before =/],
  ])('%j is refused', (text, line, reason) => {
    expect(parseJaas(text)).toMatchObject({ line, reason: expect.stringMatching(reason) });
  });
});

describe('the users of SASL', () => {
  const module = 'org.apache.zookeeper.server.auth.DigestLoginModule';
  const users = (text: string, superPassword?: string, section = 'Server') => {
    return saslServer({ ...identityDefaults, jaas: { file: fileWith(text), section, superPassword } });
  };

  test('are those of the section, and super may have another password', async () => {
    const server = await users(`Server { ${module} required user_super="one" user_bob="two"; };`, 'three');
    expect(['super', 'bob', 'eve'].map((user) => server?.passwordOf(user))).toEqual(['three', 'two', undefined]);
    expect(server?.nonce()).not.toBe(server?.nonce());
  });

  test('are none without a file', async () => {
    expect(await saslServer(identityDefaults)).toBeUndefined();
  });

  test.each([
    ['Client { x.DigestLoginModule required; };', /there is no section Server/],
    [`Server { ${module} required username="bob"; };`, /names no user/],
    ['Server { com.sun.security.auth.module.Krb5LoginModule required; };', /Krb5LoginModule is not offered/],
    ['Server {', /line 1: /],
  ])('%s is refused', async (text, reason) => {
    await expect(users(text)).rejects.toMatchObject({ code: 'jaas_unusable' });
    await expect(users(text)).rejects.toThrow(reason);
  });

  test('in a file that is not there are refused', async () => {
    const jaas = { file: '/nowhere/jaas.conf', section: 'Server', superPassword: undefined };
    await expect(saslServer({ ...identityDefaults, jaas })).rejects.toThrow(
      /java.security.auth.login.config=\/nowhere/,
    );
  });
});
