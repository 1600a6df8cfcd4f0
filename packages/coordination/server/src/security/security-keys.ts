import type { ConfigProblem } from '../config-error.ts';
import { anything, key, list, oneOf, type RowValue, text, trueOrFalse, whole } from '../key-row.ts';
import { cipherName } from './cipher-names.ts';
import {
  handshakeDefaults,
  type IdentityConfig,
  type StoreConfig,
  type StoreKey,
  type TlsConfig,
} from './security-config.ts';

const port = whole('', 0, 65_535);
const protocols = ['TLSv1.2', 'TLSv1.3'] as const;
const storeTypes = oneOf(
  ['PEM', 'PKCS12'],
  'must be PEM or PKCS12: convert a Java key store with "keytool -importkeystore -deststoretype PKCS12"',
);
const off = (what: string) => oneOf(['false'], `must be false: ${what} is not looked at here`);
const words = list('').read;

function ciphers(text: string): string | undefined {
  const names = (words(text) ?? []).map(cipherName);
  return names.includes(undefined) ? undefined : names.join(':');
}

function versions(text: string): readonly (typeof protocols)[number][] | undefined {
  const named = words(text) ?? [];
  const known = protocols.filter((version) => named.includes(version));
  return known.length === new Set(named).size ? known : undefined;
}

/** The keys of a zoo.cfg about TLS and about who clients are. */
export const securityKeys = {
  secureClientPort: port,
  secureClientPortAddress: text('must be an address of this machine'),
  'client.portUnification': trueOrFalse,
  'client.certReload': trueOrFalse,
  'ssl.keyStore.location': text('must be the file with the private key and the certificate of this server'),
  'ssl.keyStore.password': anything('must be the password of the key store'),
  'ssl.keyStore.passwordPath': text('must be the file with the password of the key store'),
  'ssl.keyStore.type': storeTypes,
  'ssl.trustStore.location': text('must be the file with the certificates that vouch for clients'),
  'ssl.trustStore.password': anything('must be the password of the trust store'),
  'ssl.trustStore.passwordPath': text('must be the file with the password of the trust store'),
  'ssl.trustStore.type': storeTypes,
  'ssl.clientAuth': oneOf(['need', 'want', 'none'], 'must be need, want or none'),
  'ssl.protocol': oneOf(['TLS', ...protocols], `must be TLS or one of ${protocols.join(', ')}`),
  'ssl.enabledProtocols': key(versions, `must be of ${protocols.join(', ')}`),
  'ssl.ciphersuites': key(ciphers, 'must be names of cipher suites that this OpenSSL has, with commas between them'),
  'ssl.handshakeDetectionTimeoutMillis': whole('milliseconds', 1, 0x7fffffff),
  'ssl.authProvider': oneOf(['x509'], 'must be x509: there is no other way to know a certificate here'),
  'ssl.crl': off('a list of revoked certificates'),
  'ssl.ocsp': off('whether a certificate is revoked'),
  'ssl.context.supplier.class': key(() => undefined, 'is a class of Java, and nothing here'),
  'netty.server.outstandingHandshake.limit': whole('handshakes (-1: as it is unless told)', -1),
  'X509AuthenticationProvider.superUser': text('must be the subject of a certificate, such as CN=admin'),
  'SASLAuthenticationProvider.superPassword': text('must be a password'),
  'java.security.auth.login.config': text('must be a JAAS file'),
  'sasl.serverconfig': text('must be the name of a section of the JAAS file'),
  allowSaslFailedClients: trueOrFalse,
  sessionRequireClientSASLAuth: trueOrFalse,
  'enforce.auth.enabled': trueOrFalse,
  'enforce.auth.schemes': list('must be schemes with commas between them'),
} as const;

/** Keys about security that are right in a zoo.cfg and make no difference here. */
export const securityKeysWithoutEffect: readonly string[] = [
  'ssl.hostnameVerification',
  'ssl.clientHostnameVerification',
  'ssl.allowReverseDnsLookup',
  'netty.server.earlyDropSecureConnectionHandshakes',
  'requireClientAuthScheme',
  'jaasLoginRenew',
  'kerberos.removeHostFromPrincipal',
  'kerberos.removeRealmFromPrincipal',
];

/** Keys about security whose last part is anything: `authProvider.1`, `superUser.x`, those of a quorum's own. */
const openSecurityKeys: readonly OpenKey[] = [
  { pattern: /^authProvider\./, takes: 'provider' },
  { pattern: /^superUser(\.|$)/, takes: 'super_user' },
  { pattern: /^(ssl\.quorum|quorum\.(auth|cnxn))\./, takes: 'nothing' },
];

interface OpenKey {
  readonly pattern: RegExp;
  readonly takes: 'provider' | 'super_user' | 'nothing';
}

type SecurityValues = { readonly [K in keyof typeof securityKeys]?: RowValue<(typeof securityKeys)[K]> };

/** What the keys with an open end said. */
export class OpenKeys {
  readonly providers = new Set<string>();
  readonly superUsers = new Set<string>();

  /** Takes a line, and says what would be right when it is not; `none_of_these` when it is none of these keys. */
  take(name: string, value: string): 'taken' | 'none_of_these' | { readonly allowed: string } {
    const known = openSecurityKeys.find(({ pattern }) => pattern.test(name));
    if (known === undefined) return 'none_of_these';
    if (known.takes === 'super_user') this.superUsers.add(value);
    if (known.takes !== 'provider') return 'taken';
    const [, scheme] = PROVIDER.exec(value) ?? [];
    if (scheme === undefined) return { allowed: PROVIDER_ALLOWED };
    this.providers.add(scheme.toLowerCase());
    return 'taken';
  }
}

const PROVIDER = /^org\.apache\.zookeeper\.server\.auth\.(SASL|X509|Digest|IP)AuthenticationProvider$/;
const PROVIDER_ALLOWED =
  'must be one of SASL, X509, Digest and IPAuthenticationProvider of org.apache.zookeeper.server.auth: there are no others here';

/** What a configuration says of security, or what is wrong with it as a whole. */
export interface SecuritySettings {
  readonly securePort: number | undefined;
  readonly secureHost: string | undefined;
  readonly portUnification: 'plain_and_tls' | 'plain';
  readonly tls: TlsConfig | undefined;
  readonly identity: IdentityConfig;
}

/** What the keys about security say together. */
export function securitySettings(values: SecurityValues, open: OpenKeys): SecuritySettings {
  const unified = values['client.portUnification'] === 'yes';
  const isSecure = values.secureClientPort !== undefined || unified;
  return {
    securePort: values.secureClientPort,
    secureHost: values.secureClientPort === undefined ? undefined : (values.secureClientPortAddress ?? '*'),
    portUnification: unified ? 'plain_and_tls' : 'plain',
    tls: isSecure ? tlsConfig(values) : undefined,
    identity: identityConfig(values, { isSecure, open }),
  };
}

/** What is wrong with the keys about security, each legal by itself. */
export function securityProblems(values: SecurityValues, open: OpenKeys): readonly ConfigProblem[] {
  const isSecure = values.secureClientPort !== undefined || values['client.portUnification'] === 'yes';
  const asksForCertificates = isSecure && values['ssl.clientAuth'] !== 'none';
  const lacking: (readonly [key: keyof typeof securityKeys, when: boolean, allowed: string])[] = [
    ['secureClientPort', values.secureClientPortAddress !== undefined, 'secureClientPortAddress is set without it'],
    ['ssl.keyStore.location', isSecure, securityKeys['ssl.keyStore.location'].allowed],
    [
      'ssl.trustStore.location',
      asksForCertificates,
      'clients are asked for certificates: name those to trust, or set ssl.clientAuth=none',
    ],
    ['enforce.auth.schemes', values['enforce.auth.enabled'] === 'yes', 'enforce.auth.enabled=true needs them'],
  ];
  const missing = lacking.filter(([name, when]) => when && values[name] === undefined);
  return [
    ...missing.map(([name, , allowed]) => ({ key: name, value: '', line: 0, allowed })),
    ...schemeProblems(values, identityConfig(values, { isSecure, open })),
  ];
}

function schemeProblems(
  values: SecurityValues,
  { requiredSchemes, ...identity }: IdentityConfig,
): readonly ConfigProblem[] {
  const offered = ['digest', 'ip', ...(['x509', 'sasl'] as const).filter((scheme) => identity[scheme] === 'accepted')];
  const absent = [...requiredSchemes].filter((scheme) => !offered.includes(scheme));
  const bySasl = values.sessionRequireClientSASLAuth === 'yes';
  return absent.map((scheme) => ({
    key: bySasl ? 'sessionRequireClientSASLAuth' : 'enforce.auth.schemes',
    value: bySasl ? 'true' : scheme,
    line: 0,
    allowed: `clients cannot prove ${scheme} here: add the authProvider.N of ${scheme}, or require one of ${offered.join(', ')}`,
  }));
}

function tlsConfig(values: SecurityValues): TlsConfig {
  const limit = values['netty.server.outstandingHandshake.limit'] ?? -1;
  return {
    keyStore: storeConfig('ssl.keyStore', values) as StoreConfig,
    trustStore: storeConfig('ssl.trustStore', values),
    clientAuth: values['ssl.clientAuth'] ?? 'need',
    ...versionRange(values['ssl.enabledProtocols'], values['ssl.protocol']),
    ciphers: values['ssl.ciphersuites'],
    handshakeMs: values['ssl.handshakeDetectionTimeoutMillis'] ?? handshakeDefaults.handshakeMs,
    handshakesMax: limit > 0 ? limit : handshakeDefaults.handshakesMax,
    reload: values['client.certReload'] === 'no' ? 'never' : 'on_change',
  };
}

type Version = (typeof protocols)[number];

/** The versions that are enabled; those that one protocol stands for where none are named: as in Java, it and those before. */
export function versionRange(
  enabled: readonly Version[] | undefined,
  protocol: Version | 'TLS' | undefined,
): Pick<TlsConfig, 'versionMin' | 'versionMax'> {
  const versions = enabled ?? (protocol === 'TLSv1.2' ? [protocol] : protocols);
  return {
    versionMin: versions.includes('TLSv1.2') ? 'TLSv1.2' : 'TLSv1.3',
    versionMax: versions.includes('TLSv1.3') ? 'TLSv1.3' : 'TLSv1.2',
  };
}

/** What is said of files of keys and certificates. */
export type StoreValues = {
  readonly [K in `${StoreKey}.${'location' | 'password' | 'passwordPath'}`]?: string;
} & { readonly [K in `${StoreKey}.type`]?: 'PEM' | 'PKCS12' };

/** A file of keys or certificates, where one is named. */
export function storeConfig(store: StoreKey, values: StoreValues): StoreConfig | undefined {
  const location = values[`${store}.location`];
  if (location === undefined) return undefined;
  const password = values[`${store}.password`] ?? '';
  const passwordPath = values[`${store}.passwordPath`];
  return { setting: `${store}.location`, location, password, type: values[`${store}.type`], passwordPath };
}

function identityConfig(
  values: SecurityValues,
  { isSecure, open }: { readonly isSecure: boolean; readonly open: OpenKeys },
): IdentityConfig {
  const { providers, superUsers } = open;
  const file = values['java.security.auth.login.config'];
  const superPassword = values['SASLAuthenticationProvider.superPassword'];
  const section = values['sasl.serverconfig'] ?? 'Server';
  return {
    x509: isSecure || providers.has('x509') ? 'accepted' : 'refused',
    x509SuperUser: values['X509AuthenticationProvider.superUser'],
    sasl: providers.has('sasl') ? 'accepted' : 'refused',
    saslSuperUsers: superUsers,
    jaas: file === undefined ? undefined : { file, section, superPassword },
    saslFailed: values.allowSaslFailedClients === 'yes' ? 'stay' : 'close',
    requiredSchemes: new Set(requiredSchemes(values)),
  };
}

function requiredSchemes(values: SecurityValues): readonly string[] {
  if (values.sessionRequireClientSASLAuth === 'yes') return ['sasl'];
  return values['enforce.auth.enabled'] === 'yes' ? (values['enforce.auth.schemes'] ?? []) : [];
}
