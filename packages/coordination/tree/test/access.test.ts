import { describe, expect, test } from '@jest/globals';
import { type Acl, type Identity, openAcl, permissions } from '@reeve/wire';
import { maskedAcl, permits, resolveAcl, userName } from '../src/access.ts';
import { type AccessList, sharedList } from '../src/access-list.ts';
import { only } from './requests.ts';

const rules = { x509: 'accepted' } as const;
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
    ['x509', '', 'invalid_acl'],
    ['super', '', 'invalid_acl'],
    ['sasl', 'bob', 'invalid_acl'],
    ['', '', 'invalid_acl'],
  ])('%s:%s is %s', (scheme, id, verdict) => {
    const resolved = resolveAcl(only(scheme, id), [], rules);
    expect(typeof resolved === 'string' ? resolved : 'legal').toBe(verdict);
  });

  test('x509 needs the option', () => {
    expect(resolveAcl(only('x509', 'CN=a'), [], { x509: 'refused' })).toBe('invalid_acl');
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
