import { createHash } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { connect } from '@reeve/client';
import { saslChallenge, saslDirectives, saslProof, saslRealm, saslUri } from '@reeve/wire';
import { completeOptions } from '../src/client-options.ts';
import { SaslLogin } from '../src/sasl-login.ts';
import { ScriptedServer } from './scripted-server.ts';

const md5 = (bytes: Buffer): Buffer => createHash('md5').update(bytes).digest();
const bob = { user: 'bob', password: 'pw' };
const proof = { ...bob, realm: saslRealm, nonce: 'n', cnonce: 'c', uri: saslUri, authzid: undefined };

describe('a login', () => {
  test('answers a challenge, and wants the server to prove itself', () => {
    const login = new SaslLogin(bob, 'c');
    const step = login.take(saslChallenge('n'));
    expect(step.kind).toBe('answer');
    const said = saslDirectives('token' in step ? step.token : Buffer.alloc(0));
    expect(said?.get('response')).toBe(saslProof('client', proof, md5));
    expect(login.take(Buffer.from(`rspauth=${saslProof('server', proof, md5)}`))).toEqual({ kind: 'done' });
  });

  test.each([
    ['has no SASL', [null], /offers no SASL/],
    ['says nonsense', [Buffer.from('"')], /no message of DIGEST-MD5/],
    ['offers another algorithm', [Buffer.from('nonce="n",algorithm=md5')], /no DIGEST-MD5 that is known/],
    ['does not know the password', [saslChallenge('n'), Buffer.from('rspauth=00')], /did not prove/],
  ])('fails where the server %s', (_what, tokens, reason) => {
    const login = new SaslLogin(bob);
    const steps = tokens.map((token) => login.take(token));
    expect(steps.at(-1)).toMatchObject({ kind: 'failed', reason: expect.stringMatching(reason) });
  });
});

describe('a session that must log in', () => {
  const auth = [{ scheme: 'sasl', auth: Buffer.from('bob:pw') }];

  test('begins nothing before, and tries another connection when no answer comes', async () => {
    const server = new ScriptedServer({
      request: ({ xid, op, body }, conversation) => {
        if (op !== 'sasl' || conversation.nth === 1) return;
        const { token } = body as { readonly token: Buffer };
        const nonce = 'n';
        const answer = token.length === 0 ? saslChallenge(nonce) : rspauth(token);
        conversation.reply({ xid, op, body }, { token: answer });
      },
    });
    await server.start();
    const client = await connect({ servers: server.address, auth, connectTimeoutMs: 100, sessionTimeoutMs: 4_000 });
    expect(server.received.map(({ op }) => op)).toEqual(['sasl', 'sasl', 'sasl']);
    await client.close();
  });

  test('fails where the server has no SASL', async () => {
    const server = new ScriptedServer({
      request: (received, conversation) => {
        if (received.op === 'sasl') conversation.reply(received, { token: null });
      },
    });
    await server.start();
    await expect(connect({ servers: server.address, auth })).rejects.toMatchObject({ code: 'auth_failed' });
  });

  test('is over where the server requires what it did not prove', async () => {
    const server = new ScriptedServer({
      request: (received, conversation) => conversation.refuse(received, 'session_closed_require_sasl_auth'),
    });
    await server.start();
    const client = await connect({ servers: server.address });
    await expect(client.getData('/')).rejects.toMatchObject({ code: 'auth_failed' });
    expect(client.state).toBe('auth_failed');
  });
});

describe('options', () => {
  const servers = '127.0.0.1:1';
  const of = (scheme: string, auth: string) => ({ scheme, auth: Buffer.from(auth) });

  test('an identity of scheme sasl is a user and a password, and goes its own way', () => {
    const { auth, sasl } = completeOptions({ servers, auth: [of('digest', 'a:b'), of('sasl', 'bob:p:w')] });
    expect(auth.map(({ scheme }) => scheme)).toEqual(['digest']);
    expect(sasl).toEqual({ user: 'bob', password: 'p:w' });
  });

  test.each([
    [{ auth: [of('sasl', 'bob')] }, /must be user:password/],
    [{ auth: [of('sasl', 'a:b'), of('sasl', 'c:d')] }, /can be one identity of scheme sasl/],
    [{ tls: { ca: 'x', cert: 'no certificate', key: 'x' } }, /for TLS cannot be used/],
  ])('%j is refused', (options, says) => {
    expect(() => completeOptions({ servers, ...options })).toThrow(says);
  });
});

function rspauth(token: Buffer): Buffer {
  const cnonce = saslDirectives(token)?.get('cnonce') ?? '';
  return Buffer.from(`rspauth=${saslProof('server', { ...proof, cnonce }, md5)}`);
}
