/**
 * SASL's DIGEST-MD5 (RFC 2831) as data: the messages, and what proves a password. Both sides of the ZooKeeper protocol
 * use it in one form: quality of protection `auth`, algorithm `md5-sess`, one exchange per connection.
 */

/** MD5 of some bytes: 16 raw bytes. Handed in, because core packages hold no cryptography. */
export type Md5 = (bytes: Buffer) => Buffer;

/** The realm, which is the name of the server too, that every ZooKeeper gives itself (SecurityUtils). */
export const saslRealm = 'zk-sasl-md5';
/** What a client says that it wants to use. */
export const saslUri = `zookeeper/${saslRealm}`;
/** Messages longer than this are not looked into, bytes; RFC 2831 allows 2048 and 4096. */
const SASL_MESSAGE_BYTES_MAX = 4096;

/** What both sides hash. */
export interface SaslProof {
  readonly user: string;
  readonly password: string;
  readonly realm: string;
  readonly nonce: string;
  readonly cnonce: string;
  readonly uri: string;
  /** On whose behalf, where the client said so. */
  readonly authzid: string | undefined;
}

/** The count of uses of a nonce: each is used once. */
const FIRST_USE = '00000001';

/** The proof of one side, 32 hexadecimal digits. */
export function saslProof(side: 'client' | 'server', proof: SaslProof, md5: Md5): string {
  const { user, password, realm, nonce, cnonce, uri, authzid } = proof;
  const secret = md5(Buffer.concat([bytesOf(user), COLON, bytesOf(realm), COLON, bytesOf(password)]));
  const context = `:${nonce}:${cnonce}${authzid === undefined ? '' : `:${authzid}`}`;
  const ha1 = md5(Buffer.concat([secret, Buffer.from(context)])).toString('hex');
  const ha2 = md5(Buffer.from(`${side === 'client' ? 'AUTHENTICATE' : ''}:${uri}`)).toString('hex');
  return md5(Buffer.from(`${ha1}:${nonce}:${FIRST_USE}:${cnonce}:auth:${ha2}`)).toString('hex');
}

/** The server's first message. */
export function saslChallenge(nonce: string): Buffer {
  return Buffer.from(`realm="${saslRealm}",nonce="${nonce}",charset=utf-8,algorithm=md5-sess`);
}

/** The client's answer to a challenge. */
export function saslAnswer(proof: SaslProof, md5: Md5): Buffer {
  const { user, realm, nonce, cnonce, uri } = proof;
  const quoted = `username=${quote(user)},realm=${quote(realm)},nonce=${quote(nonce)},cnonce=${quote(cnonce)}`;
  const response = saslProof('client', proof, md5);
  return Buffer.from(
    `charset=utf-8,${quoted},nc=${FIRST_USE},qop=auth,digest-uri=${quote(uri)},maxbuf=65536,response=${response}`,
  );
}

/** The directives of a message by name, or `undefined` when it is not legal: one that may come once came twice. */
export function saslDirectives(message: Buffer): ReadonlyMap<string, string> | undefined {
  if (message.length > SASL_MESSAGE_BYTES_MAX) return undefined;
  const text = message.toString('latin1');
  const directives = new Map<string, string>();
  for (let at = 0; at < text.length; ) {
    DIRECTIVE.lastIndex = at;
    const match = DIRECTIVE.exec(text);
    if (match === null) return undefined;
    at = DIRECTIVE.lastIndex;
    const name = (match[1] as string).toLowerCase();
    if (directives.has(name) && name !== 'realm') return undefined;
    if (!directives.has(name)) directives.set(name, match[2]?.replace(/\\([\s\S])/g, '$1') ?? match[3] ?? '');
  }
  return inCharset(directives);
}

/** Whether the count of uses, quality and algorithm, where a client names them, are the ones there are. */
export function isUsualExchange(directives: ReadonlyMap<string, string>): boolean {
  const nc = directives.get('nc');
  return nc === FIRST_USE && (directives.get('qop') ?? 'auth').toLowerCase() === 'auth';
}

const DIRECTIVE = /[\s,]*([^\s,="]+)\s*=\s*(?:"((?:[^"\\]|\\[\s\S])*)"|([^\s,"]*))[\s,]*/y;
const COLON = Buffer.from(':');

/** Values are ISO 8859-1, unless the message says that they are UTF-8. */
function inCharset(directives: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
  if (directives.get('charset')?.toLowerCase() !== 'utf-8') return directives;
  const decoded = [...directives].map(([name, value]) => [name, Buffer.from(value, 'latin1').toString()] as const);
  return new Map(decoded);
}

function quote(text: string): string {
  return `"${text.replace(/["\\]/g, '\\$&')}"`;
}

/** What is hashed of a name or password: ISO 8859-1 where that can say it, UTF-8 otherwise (RFC 2831, 2.1.2.1). */
function bytesOf(text: string): Buffer {
  return /^[\0-\xff]*$/.test(text) ? Buffer.from(text, 'latin1') : Buffer.from(text);
}
