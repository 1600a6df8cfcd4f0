import { createHash, randomBytes } from 'node:crypto';
import { type Md5, type SaslProof, saslAnswer, saslDirectives, saslProof, saslUri } from '@reeve/wire';

/** A name and a password to prove it by SASL. */
export interface SaslCredentials {
  readonly user: string;
  readonly password: string;
}

/** What to do about a message of the server. */
export type LoginStep =
  | { readonly kind: 'answer'; readonly token: Buffer }
  | { readonly kind: 'done' }
  | { readonly kind: 'failed'; readonly reason: string };

const cnonceBytes = 24;
const md5: Md5 = (bytes) => createHash('md5').update(bytes).digest();

/** The client's side of one DIGEST-MD5 exchange, which the server begins in answer to an empty message. */
export class SaslLogin {
  readonly #credentials: SaslCredentials;
  readonly #cnonce: string;
  #proof: SaslProof | undefined;

  constructor(credentials: SaslCredentials, cnonce = randomBytes(cnonceBytes).toString('base64')) {
    this.#credentials = credentials;
    this.#cnonce = cnonce;
  }

  /** Takes the next message of the server. */
  take(token: Buffer | null): LoginStep {
    if (token === null) return failed('the server offers no SASL, or not to this user');
    const directives = saslDirectives(token);
    if (directives === undefined) return failed('the server said something that is no message of DIGEST-MD5');
    return this.#proof === undefined ? this.#answer(directives) : this.#judge(this.#proof, directives);
  }

  #answer(directives: ReadonlyMap<string, string>): LoginStep {
    const nonce = directives.get('nonce');
    const algorithm = directives.get('algorithm');
    if (!nonce || algorithm !== 'md5-sess') return failed('the server offers no DIGEST-MD5 that is known here');
    const realm = directives.get('realm') ?? '';
    const proof = { ...this.#credentials, realm, nonce, cnonce: this.#cnonce, uri: saslUri, authzid: undefined };
    this.#proof = proof;
    return { kind: 'answer', token: saslAnswer(proof, md5) };
  }

  /** The server must know the password too. */
  #judge(proof: SaslProof, directives: ReadonlyMap<string, string>): LoginStep {
    if (directives.get('rspauth') === saslProof('server', proof, md5)) return { kind: 'done' };
    return failed('the server did not prove that it knows the password');
  }
}

function failed(reason: string): LoginStep {
  return { kind: 'failed', reason };
}
