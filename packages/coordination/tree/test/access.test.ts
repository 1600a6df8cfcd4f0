import { describe, expect, test } from '@jest/globals';
import { type Acl, type Identity, openAcl, permissions } from '@reeve/wire';
import { maskedAcl, permits, resolveAcl, userName } from '../src/access.ts';
import { type AccessList, sharedList } from '../src/access-list.ts';
import { only } from './requests.ts';

const rules = { x509: 'accepted', sasl: 'accepted' } as const;
const { read, write, admin } = permissions;
const somewhere: Identity = { scheme: 'ip', id: '10.1.2.3' };
const bob: Identity = { scheme: 'digest', id: 'bob:hash' };

describe('which lists are legal', () => {
  test.each<[scheme: string, id: string, verdict: 'legal' | 'invalid_acl']>([
    ['world', 'anyone', 'legal'],
    ['world', 'everyone', 'invalid_acl'],
    ['digest', 'bob:hash', 'legal'],
    ['digest', ':hash', 'legal'],
    ['digest', 'bob:hash:', 'legal'],
    ['digest', 'bob:', 'invalid_acl'],
    ['digest', 'bob', 'invalid_acl'],
    ['digest', 'a:b:c', 'invalid_acl'],
    ['ip', '10.0.0.1', 'legal'],
    ['ip', '10.0.0.0/8', 'legal'],
    ['ip', '0.0.0.0/0', 'legal'],
    ['ip', '10.0.0.1/32', 'legal'],
    ['ip', '10.0.0.1/33', 'invalid_acl'],
    ['ip', '10.0.0.1/-1', 'invalid_acl'],
    ['ip', '10.0.0.1/', 'invalid_acl'],
    ['ip', '10.0.0.256', 'invalid_acl'],
    ['ip', '10.0.0', 'invalid_acl'],
    ['ip', '10.0.0.0.0', 'invalid_acl'],
    ['ip', '10.0.0.', 'invalid_acl'],
    ['ip', '::1', 'invalid_acl'],
    ['x509', 'CN=worker', 'legal'],
    ['super', '', 'invalid_acl'],
    ['', '', 'invalid_acl'],
  ])('%s:%s is %s', (scheme, id, verdict) => {
    const resolved = resolveAcl(only(scheme, id), [], rules);
    expect(typeof resolved === 'string' ? resolved : 'legal').toBe(verdict);
  });

  // What Apache ZooKeeper 3.8 says of the same names.
  test.each<[name: string, verdict: 'legal' | 'invalid_acl']>([
    ['CN=alice,O=Acme', 'legal'],
    ['', 'legal'],
    [' ', 'invalid_acl'],
    ['foo', 'invalid_acl'],
    ['cn=a', 'legal'],
    ['FOO=a', 'invalid_acl'],
    ['1.2.3=a', 'legal'],
    ['OID.1.2.3=a', 'legal'],
    ['3.2.3=a', 'invalid_acl'],
    ['CN=a,', 'invalid_acl'],
    ['CN=a,b', 'invalid_acl'],
    ['CN=a\\,b', 'legal'],
    ['CN=a+OU=b', 'legal'],
    ['CN = a , OU = b', 'legal'],
    ['CN=a;OU=b', 'legal'],
    ['CN=', 'legal'],
    ['=a', 'invalid_acl'],
    ['CN="a,b"', 'legal'],
    ['CN=a"b', 'invalid_acl'],
    ['CN=a<b', 'invalid_acl'],
    ['C=x=y', 'legal'],
    ['CN=#0c0161', 'legal'],
    ['CN=#zz', 'invalid_acl'],
    ['CN=a\\', 'invalid_acl'],
  ])('x509:%s is %s', (name, verdict) => {
    const resolved = resolveAcl(only('x509', name), [], rules);
    expect(typeof resolved === 'string' ? resolved : 'legal').toBe(verdict);
  });

  test.each<[name: string, verdict: 'legal' | 'invalid_acl']>([
    ['bob', 'legal'],
    ['', 'legal'],
    ['a/b/c', 'legal'],
    ['bob@x', 'legal'],
    ['a/b@c', 'legal'],
    ['/@', 'legal'],
    ['a/b/c@d', 'invalid_acl'],
    ['a@b@c', 'invalid_acl'],
  ])('sasl:%s is %s', (name, verdict) => {
    const resolved = resolveAcl(only('sasl', name), [], rules);
    expect(typeof resolved === 'string' ? resolved : 'legal').toBe(verdict);
  });

  test.each(['x509', 'sasl'] as const)('%s needs its option', (scheme) => {
    expect(resolveAcl(only(scheme, 'CN=a'), [], { ...rules, [scheme]: 'refused' })).toBe('invalid_acl');
  });

  test('a name of any length is judged at once', () => {
    for (const name of [`CN=${' '.repeat(1_000_000)}<`, `CN=${'\\ '.repeat(500_000)}<`, ' '.repeat(1_000_000)]) {
      expect(resolveAcl(only('x509', name), [], rules)).toBe('invalid_acl');
    }
  });

  test('an empty list is not, and one bad entry spoils the others', () => {
    expect(resolveAcl([], [], rules)).toBe('invalid_acl');
    expect(resolveAcl([...openAcl, ...only('bogus', 'x')], [], rules)).toBe('invalid_acl');
  });
});

describe('the scheme auth', () => {
  test('becomes one entry for everybody the client has proved to be', () => {
    const proved: Identity[] = [somewhere, bob, { scheme: 'x509', id: 'CN=a' }, { scheme: 'super', id: '' }];
    const resolved = resolveAcl(only('auth', '', read), proved, rules) as AccessList;
    expect(resolved.entries).toEqual([...only('digest', 'bob:hash', read), ...only('x509', 'CN=a', read)]);
  });

  test('is refused to one who has proved nothing but an address', () => {
    expect(resolveAcl(only('auth', ''), [somewhere], rules)).toBe('invalid_acl');
  });
});

describe('a list that is too long', () => {
  const digests = (count: number): readonly Acl[] =>
    Array.from({ length: count }, (_, i) => ({ perms: read, id: { scheme: 'digest', id: `u${i}:hash` } }));

  test('is refused, duplicates counted', () => {
    expect(resolveAcl(digests(1000), [], rules)).toMatchObject({ entries: { length: 1000 } });
    expect(resolveAcl(digests(1001), [], rules)).toBe('invalid_acl');
    const same = Array.from({ length: 1001 }, () => only('digest', 'a:b')).flat();
    expect(resolveAcl(same, [], rules)).toBe('invalid_acl');
  });

  test('is refused when it becomes so by what stands for auth', () => {
    const proved = digests(200).map(({ id }) => id);
    const auths = Array.from({ length: 6 }, (_, perms) => only('auth', '', perms + 1)).flat();
    expect(resolveAcl(auths.slice(0, 5), proved, rules)).toMatchObject({ entries: { length: 1000 } });
    expect(resolveAcl(auths, proved, rules)).toBe('invalid_acl');
    const long: Identity[] = [{ scheme: 'digest', id: `${'u'.repeat(10_000)}:hash` }];
    expect(resolveAcl(only('auth', ''), long, rules)).toMatchObject({ entries: { length: 1 } });
    expect(resolveAcl(auths, long, rules)).toBe('invalid_acl');
  });

  test('is not, however often it says auth', () => {
    const auths = Array.from({ length: 300 }, (_, i) => only('auth', `${i}`)).flat();
    expect(resolveAcl([...auths, ...only('digest', 'bob:hash')], [bob], rules)).toMatchObject({
      entries: only('digest', 'bob:hash'),
    });
  });
});

describe('what a list permits', () => {
  test.each<[list: readonly Acl[], who: Identity, perms: number, verdict: boolean]>([
    [only('world', 'anyone', read), somewhere, read, true],
    [only('world', 'anyone', read), somewhere, write, false],
    [only('world', 'anyone', read), somewhere, read | admin, true],
    [only('digest', 'bob:hash', write), bob, write, true],
    [only('digest', 'bob:hash', write), bob, read, false],
    [only('digest', 'bob:hash', write), { scheme: 'digest', id: 'bob:other' }, write, false],
    [only('digest', 'bob:hash', write), { scheme: 'x509', id: 'bob:hash' }, write, false],
    [only('x509', 'CN=a', read), { scheme: 'x509', id: 'CN=a' }, read, true],
    [only('ip', '10.1.0.0/16', read), somewhere, read, true],
    [only('ip', '10.2.0.0/16', read), somewhere, read, false],
    [only('ip', '10.1.2.2/31', read), somewhere, read, true],
    [only('ip', '10.1.2.4/30', read), somewhere, read, false],
    [only('ip', '99.0.0.0/0', read), somewhere, read, true],
    [only('ip', '10.1.2.3', read), { scheme: 'ip', id: '::1' }, read, false],
    [only('digest', 'x:y', read), { scheme: 'super', id: '' }, admin, true],
  ])('%j to %j for %i: %s', (list, who, perms, verdict) => {
    expect(permits(sharedList(list), perms, [who])).toBe(verdict);
  });

  test('is the same for the SASL user super as for every SASL user together', () => {
    const list = sharedList([...only('sasl', 'a', read), ...only('sasl', 'b', write)]);
    const verdicts = [read, write, admin].map((perms) => permits(list, perms, [{ scheme: 'sasl', id: 'super' }]));
    expect(verdicts).toEqual([true, true, false]);
  });

  test('is told apart by asker, list and permission, however often they take turns', () => {
    const lists = [sharedList(only('digest', 'bob:hash', read)), sharedList(only('ip', '10.0.0.0/8', write))];
    const askers = [[bob], [somewhere], [somewhere, bob]];
    const ask = () => askers.map((asker) => lists.map((list) => [read, write].map((p) => permits(list, p, asker))));
    const verdicts = ask();
    expect(verdicts).toEqual([
      [
        [true, false],
        [false, false],
      ],
      [
        [false, false],
        [false, true],
      ],
      [
        [true, false],
        [false, true],
      ],
    ]);
    expect(ask()).toEqual(verdicts);
  });

  test('is the sum of what its entries permit', () => {
    const list = sharedList([...only('world', 'anyone', read), ...only('digest', 'bob:hash', write)]);
    expect([permits(list, read, []), permits(list, write, []), permits(list, write, [bob])]).toEqual([
      true,
      false,
      true,
    ]);
  });
});

describe('an access list', () => {
  test('is shared by all znodes that have an equal one, duplicates not counted', () => {
    const twice = resolveAcl([...only('digest', 'a:b', read), ...only('digest', 'a:b', read)], [], rules);
    expect(twice).toBe(resolveAcl(only('digest', 'a:b', read), [], rules));
    expect(sharedList(only('world', 'anyone'))).toBe(sharedList(openAcl));
  });

  test('stays right when there are more of them than are remembered', () => {
    for (let i = 0; i < 5000; i += 1) {
      const list = sharedList(only('digest', `u${i}:h`));
      expect(list.entries[0]?.id.id).toBe(`u${i}:h`);
    }
  });

  test('shows whose digest it holds, but not the digest, to those who may not administer', () => {
    const list = [...only('digest', 'bob:hash'), ...only('ip', '1.2.3.4')];
    expect(maskedAcl(list)).toEqual([...only('digest', 'bob:x'), ...only('ip', '1.2.3.4')]);
  });
});

test.each<[identity: Identity, user: string]>([
  [bob, 'bob'],
  [somewhere, '10.1.2.3'],
  [{ scheme: 'super', id: '' }, ''],
  [{ scheme: 'x509', id: 'CN=a:b' }, 'CN=a:b'],
])('whoAmI names %j %j', (identity, user) => {
  expect(userName(identity)).toBe(user);
});
