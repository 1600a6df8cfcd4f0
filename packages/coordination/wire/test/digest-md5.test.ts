import { createHash } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { isUsualExchange, type SaslProof, saslAnswer, saslChallenge, saslDirectives, saslProof } from '@reeve/wire';

const md5 = (bytes: Buffer): Buffer => createHash('md5').update(bytes).digest();
const parsed = (text: string) => saslDirectives(Buffer.from(text, 'latin1'));

/** The example of RFC 2831, section 4. */
const example: SaslProof = {
  user: 'chris',
  password: 'secret',
  realm: 'elwood.innosoft.com',
  nonce: 'OA6MG9tEQGm2hh',
  cnonce: 'OA6MHXh6VqTrRk',
  uri: 'imap/elwood.innosoft.com',
  authzid: undefined,
};

describe('a proof', () => {
  test('is that of RFC 2831', () => {
    expect(saslProof('client', example, md5)).toBe('d388dad90d4bbd760a152321f2143af7');
    expect(saslProof('server', example, md5)).toBe('ea40f60335c427b5527b84dbabcdfffd');
  });

  test('depends on whoever the client acts for', () => {
    const other = saslProof('client', { ...example, authzid: 'chris' }, md5);
    expect(other).not.toBe(saslProof('client', example, md5));
  });

  test('is that of Java for names in ISO 8859-1 and beyond', () => {
    const latin1 = md5(Buffer.from('M\u00fcller:r:p', 'latin1'));
    const utf8 = md5(Buffer.from('\u65e5\u672c:r:p'));
    expect(latin1.equals(utf8)).toBe(false);
    for (const user of ['M\u00fcller', '\u65e5\u672c']) {
      const hashed: string[] = [];
      saslProof('client', { ...example, user }, (bytes) => {
        hashed.push(bytes.toString('latin1'));
        return md5(bytes);
      });
      const encoding = user === 'M\u00fcller' ? 'latin1' : 'utf8';
      expect(hashed[0]).toBe(Buffer.from(`${user}:${example.realm}:secret`, encoding).toString('latin1'));
    }
  });
});

describe('messages', () => {
  test('a challenge is that of Apache ZooKeeper, byte for byte', () => {
    expect(saslChallenge('WZv3').toString()).toBe('realm="zk-sasl-md5",nonce="WZv3",charset=utf-8,algorithm=md5-sess');
  });

  test('what a client answers can be read again, quotes and other alphabets included', () => {
    const user = 'a"b\\c \u65e5';
    const directives = saslDirectives(saslAnswer({ ...example, user }, md5));
    expect(directives?.get('username')).toBe(user);
    expect(directives?.get('cnonce')).toBe(example.cnonce);
    expect(isUsualExchange(directives ?? new Map())).toBe(true);
  });

  test.each([
    ['a="1",b=2', { a: '1', b: '2' }],
    [' A = "x,y" , , b = z ', { a: 'x,y', b: 'z' }],
    ['realm="one",realm="two"', { realm: 'one' }],
    ['a="\\""', { a: '"' }],
    ['a=', { a: '' }],
    ['', {}],
  ])('%j says %j', (text, said) => {
    expect(Object.fromEntries(parsed(text) ?? [])).toEqual(said);
  });

  test.each(['a', '=a', 'a="x', 'a=1,a=2', '"a"=1', `a="${'x'.repeat(5_000)}"`])('%.20s is refused', (text) => {
    expect(parsed(text)).toBeUndefined();
  });

  test('a name in ISO 8859-1 is read as such unless it is said to be UTF-8', () => {
    expect(parsed('username="M\u00fcller"')?.get('username')).toBe('M\u00fcller');
    const utf8 = saslDirectives(Buffer.from('charset=utf-8,username="M\u00fcller"'));
    expect(utf8?.get('username')).toBe('M\u00fcller');
  });

  test.each(['nc=00000002', 'nc=00000001,qop=auth-conf', 'qop=auth'])('%s is not what is offered', (text) => {
    expect(isUsualExchange(parsed(text) ?? new Map())).toBe(false);
  });
});
