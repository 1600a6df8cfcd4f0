import { describe, expect, test } from '@jest/globals';
import { openAcl, type Stat } from '@reeve/wire';
import { fingerprint } from '../src/fingerprint.ts';
import { Picture } from '../src/picture.ts';
import { Scope, type ScopeOptions } from '../src/scope.ts';
import { createsOf } from '../src/side.ts';

const whole: ScopeOptions = { path: '/', exclude: [], quotas: 'left_out', root: 'server' };
const stat: Stat = {
  ...{ czxid: 1, mzxid: 1, ctime: 0, mtime: 0, version: 0, cversion: 0, aversion: 0 },
  ...{ ephemeralOwner: '0000000000000000' as Stat['ephemeralOwner'], dataLength: 0, numChildren: 0, pzxid: 1 },
};

describe('the scope of a migration', () => {
  test.each([
    ['everything but what the server keeps', whole, ['/a', '/zookeeper-x'], ['/zookeeper', '/zookeeper/quota/a']],
    ['what is excluded not, nor what is below it', { ...whole, exclude: ['/a'] }, ['/ab'], ['/a', '/a/b']],
    ['quotas on demand', { ...whole, quotas: 'copied' }, ['/zookeeper/quota/a'], ['/zookeeper', '/zookeeper/config']],
    ['a znode that is called zookeeper, below another', { ...whole, root: 'chroot' }, ['/zookeeper/quota'], []],
  ] as const)('is %s', (_, options, included, excluded) => {
    const scope = new Scope(options as ScopeOptions);
    expect(included.filter((path) => !scope.includes(path))).toEqual([]);
    expect(excluded.filter((path) => scope.includes(path))).toEqual([]);
  });

  test('holds the quotas of its own path alone, and leaves what is used to the server', () => {
    const scope = new Scope({ ...whole, path: '/a', quotas: 'copied' });
    expect(scope.roots).toEqual(['/a', '/zookeeper/quota/a']);
    expect(scope.includes('/zookeeper/quota/b')).toBe(false);
    expect(scope.isServersOwn('/zookeeper/quota/a/zookeeper_stats')).toBe(true);
    expect(scope.isServersOwn('/a/zookeeper_stats')).toBe(false);
  });
});

test('what goes with a znode is everything below it, children first', () => {
  const picture = new Picture();
  for (const path of ['/', '/a', '/ab', '/a/b', '/a/b/c', '/d']) picture.add(path, stat);
  expect(picture.branches(new Set(['/a', '/d']))).toEqual(['/a/b/c', '/a/b', '/a', '/d']);
  expect(picture.branches(new Set())).toEqual([]);
});

test.each([
  [{ cversion: -1, numChildren: 1 }, 0],
  [{ cversion: 12, numChildren: 0 }, 6],
  [{ cversion: 15, numChildren: 9 }, 12],
])('the next sequence number of %j is %d', (counts, next) => {
  expect(createsOf({ ...stat, ...counts })).toBe(next);
});

test('null data is not empty data, and the order of an access list means nothing', () => {
  const reader = { perms: 1, id: { scheme: 'ip', id: '10.0.0.1' } };
  const print = (data: Buffer | null, acl = [...openAcl, reader]) => fingerprint({ data, acl });
  expect(print(null).data).not.toBe(print(Buffer.alloc(0)).data);
  expect(print(null, [reader, ...openAcl])).toEqual(print(null));
});
