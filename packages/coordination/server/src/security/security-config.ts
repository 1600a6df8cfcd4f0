/** What begins the keys of a zoo.cfg about a file of keys or certificates. */
export type StoreKey = `ssl.${'' | 'quorum.'}${'key' | 'trust'}Store`;

/** A file of keys or certificates. */
export interface StoreConfig {
  /** What names it, for messages. */
  readonly setting: `${StoreKey}.location` | '--tls-cert' | '--tls-ca';
  readonly location: string;
  /** Where the private key lies, when it has a file of its own, in PEM. */
  readonly keyLocation?: string;
  /** What it is; told by its name or content when left out. */
  readonly type: 'PEM' | 'PKCS12' | undefined;
  readonly password: string;
  /** The file that holds the password, and goes before it. */
  readonly passwordPath: string | undefined;
}

/** TLS for clients. */
export interface TlsConfig {
  readonly keyStore: StoreConfig;
  /** The certificates that clients' certificates must go back to; needed where clients are asked for one. */
  readonly trustStore: StoreConfig | undefined;
  /** Whether clients must, may or need not have a certificate. */
  readonly clientAuth: 'need' | 'want' | 'none';
  readonly versionMin: 'TLSv1.2' | 'TLSv1.3';
  readonly versionMax: 'TLSv1.2' | 'TLSv1.3';
  /** OpenSSL's names with colons between them; Node's own choice when left out. */
  readonly ciphers: string | undefined;
  /** How long a handshake may take, milliseconds. */
  readonly handshakeMs: number;
  /** Handshakes at a time; beyond, connections are closed at once. */
  readonly handshakesMax: number;
  /** Whether changed files are taken at once, for connections to come. */
  readonly reload: 'on_change' | 'never';
}

/** Who clients may prove to be, beside `digest` and `ip`. */
export interface IdentityConfig {
  /** Whether access lists may name subjects of certificates. */
  readonly x509: 'accepted' | 'refused';
  /** The subject of the certificate whose owner may do everything. */
  readonly x509SuperUser: string | undefined;
  /** Whether access lists may name users of SASL. */
  readonly sasl: 'accepted' | 'refused';
  /** The users of SASL who may do everything. */
  readonly saslSuperUsers: ReadonlySet<string>;
  /** The JAAS file with the users of SASL and their passwords; nobody can use SASL without. */
  readonly jaas: JaasConfig | undefined;
  /** What becomes of a connection whose proof by SASL failed. */
  readonly saslFailed: 'close' | 'stay';
  /** Schemes one of which a client must prove before it may ask for anything; none: it may at once. */
  readonly requiredSchemes: ReadonlySet<string>;
}

/** Where users of SASL stand. */
export interface JaasConfig {
  readonly file: string;
  readonly section: string;
  /** The password of the user `super`, in place of the one in the file. */
  readonly superPassword: string | undefined;
}

/** Nobody is known but by `digest` and `ip`. */
export const identityDefaults: IdentityConfig = {
  x509: 'refused',
  x509SuperUser: undefined,
  sasl: 'refused',
  saslSuperUsers: new Set(),
  jaas: undefined,
  saslFailed: 'close',
  requiredSchemes: new Set(),
};

/** How long a handshake may take, and how many there may be, unless told otherwise. */
export const handshakeDefaults = { handshakeMs: 5_000, handshakesMax: 250 } as const;
