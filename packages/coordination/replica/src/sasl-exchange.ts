import {
  isUsualExchange,
  type Md5,
  type SaslProof,
  saslChallenge,
  saslDirectives,
  saslProof,
  saslRealm,
} from '@reeve/wire';

/** How clients prove a password by SASL. */
export interface SaslOptions {
  readonly md5: Md5;
  /** A text that was never given away before and that nobody can guess, of the characters of base64. */
  readonly nonce: () => string;
  /** The password of a user; `undefined` when there is no such user. */
  readonly passwordOf: (user: string) => string | undefined;
  /** The users that may do everything (`superUser`). */
  readonly superUsers: ReadonlySet<string>;
  /** What becomes of a connection that did not prove what it said: ZooKeeper's `allowSaslFailedClients`. */
  readonly failed: 'close' | 'stay';
}

/** What a server answers to a message of a client. */
export type SaslStep =
  | { readonly kind: 'challenge'; readonly token: Buffer }
  | { readonly kind: 'proved'; readonly token: Buffer; readonly user: string }
  | { readonly kind: 'failed' };

/**
 * The server's side of one DIGEST-MD5 exchange, as Java's: a challenge to whatever comes first, one answer to it, and
 * nothing after that.
 */
export class SaslExchange {
  readonly #options: SaslOptions;
  #phase: 'new' | 'challenged' | 'over' = 'new';
  #nonce = '';

  constructor(options: SaslOptions) {
    this.#options = options;
  }

  /** Takes the next message of the client. */
  take(message: Buffer): SaslStep {
    switch (this.#phase) {
      case 'new':
        this.#phase = 'challenged';
        this.#nonce = this.#options.nonce();
        return { kind: 'challenge', token: saslChallenge(this.#nonce) };
      case 'challenged':
        this.#phase = 'over';
        return this.#judge(message);
      case 'over':
        return failed;
    }
  }

  #judge(message: Buffer): SaslStep {
    const directives = saslDirectives(message);
    if (directives === undefined || !isUsualExchange(directives)) return failed;
    const proof = this.#proof(directives);
    if (proof === undefined || directives.get('nonce') !== this.#nonce) return failed;
    const { md5 } = this.#options;
    if (directives.get('response') !== saslProof('client', proof, md5)) return failed;
    return { kind: 'proved', user: proof.user, token: Buffer.from(`rspauth=${saslProof('server', proof, md5)}`) };
  }

  #proof(directives: ReadonlyMap<string, string>): SaslProof | undefined {
    const user = directives.get('username');
    const cnonce = directives.get('cnonce');
    const uri = directives.get('digest-uri');
    const password = user === undefined ? undefined : this.#options.passwordOf(user);
    if (user === undefined || password === undefined || !cnonce || !isOurUri(uri)) return undefined;
    const realm = directives.get('realm');
    if (realm !== saslRealm) return undefined;
    return { user, password, realm, nonce: this.#nonce, cnonce, uri, authzid: directives.get('authzid') };
  }
}

const failed = { kind: 'failed' } as const;

/** `service/host[/name]`; the host is that of every ZooKeeper (SecurityUtils). */
function isOurUri(uri: string | undefined): uri is string {
  const [service, host] = uri?.toLowerCase().split('/') ?? [];
  return service === 'zookeeper' && host === saslRealm;
}
