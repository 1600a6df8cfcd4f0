import { type GivenConfig, handshakeDefaults, identityDefaults } from '@reeve/server';

/** Files in PEM with which TLS is served. */
export interface TlsFiles {
  readonly cert: string;
  readonly key: string;
  /** The certificates that clients' certificates must go back to; clients need none without. */
  readonly ca?: string | undefined;
}

/** How clients may prove who they are, and where they find the coordinator. */
export interface SecurePlace {
  readonly host: string;
  readonly port?: number | undefined;
  /** Serves TLS and nothing else. */
  readonly tls?: TlsFiles | undefined;
  /** The JAAS file with the users of SASL; nobody can use it without. */
  readonly jaasFile?: string | undefined;
}

/** What a configuration says about place and security. */
export function securePlace({ host, port, tls, jaasFile }: SecurePlace): Partial<GivenConfig> {
  const jaas = jaasFile === undefined ? undefined : { file: jaasFile, section: 'Server', superPassword: undefined };
  return {
    host,
    ...(tls === undefined ? { port } : secured(tls, { host, port })),
    identity: {
      ...identityDefaults,
      x509: tls?.ca === undefined ? 'refused' : 'accepted',
      sasl: jaas === undefined ? 'refused' : 'accepted',
      jaas,
    },
  };
}

function secured(
  { cert, key, ca }: TlsFiles,
  { host, port = 2181 }: Pick<SecurePlace, 'host' | 'port'>,
): Partial<GivenConfig> {
  const store = { type: 'PEM', password: '', passwordPath: undefined } as const;
  return {
    port: 'none',
    secureHost: host,
    securePort: port,
    tls: {
      ...handshakeDefaults,
      keyStore: { ...store, setting: '--tls-cert', location: cert, keyLocation: key },
      trustStore: ca === undefined ? undefined : { ...store, setting: '--tls-ca', location: ca },
      clientAuth: ca === undefined ? 'none' : 'need',
      versionMin: 'TLSv1.2',
      versionMax: 'TLSv1.3',
      ciphers: undefined,
      reload: 'on_change',
    },
  };
}
