import { describe, expect, test } from '@jest/globals';
import { type Asker, Pending, prepare, Tree } from '@reeve/tree';
import { createFlags, openAcl, permissions } from '@reeve/wire';
import { anybody, create, only, outcome, remove, rules, setAcl, setData, Workbench, type Write } from './requests.ts';

const { read, write, admin } = permissions;

/** Znodes that refuse something. */
function prepared(): Workbench {
  const bench = new Workbench();
  bench.do(create('/open'));
  bench.do(create('/open/child'));
  bench.do(create('/closed', { acl: only('world', 'anyone', read) }));
  bench.do(create('/open/unwritable', { acl: only('digest', 'x:y') }));
  bench.do(create('/ephemeral', { flags: createFlags.ephemeral }));
  bench.do(create('/admin', { acl: only('world', 'anyone', write | admin) }));
  return bench;
}

const ttl = (flags: number, ttlMs: number, path = '/t'): Write => ({
  op: 'createTTL',
  request: { path, data: null, acl: openAcl, flags, ttl: ttlMs },
});
const check = (path: string, version = -1): Write => ({ op: 'check', request: { path, version } });
const container = (path: string, flags: number): Write => ({
  op: 'createContainer',
  request: { path, data: null, acl: openAcl, flags },
});

// Each request breaks the rule of its row and, where it can, every rule of the rows below.
const createOrder: [rule: string, request: Write, error: string][] = [
  ['an unknown mode', create('nowhere', { flags: 99, acl: [] }), 'bad_arguments'],
  ['a time to live out of range', ttl(createFlags.persistent_with_ttl, 0, 'nowhere'), 'bad_arguments'],
  ['no parent to look for', create('nowhere', { acl: [] }), 'bad_arguments'],
  ['a character that ends strings', create('/no\0where/x', { acl: [] }), 'bad_arguments'],
  ['an access list that is not legal', create('/nowhere//x', { acl: [] }), 'invalid_acl'],
  ['no parent', create('/nowhere//x'), 'no_node'],
  ['no permission at the parent', create('/closed/.'), 'no_auth'],
  ['a path that is not legal', create('/ephemeral/..'), 'bad_arguments'],
  ['a znode that is there', create('/open/child'), 'node_exists'],
  ['an ephemeral parent', create('/ephemeral/x'), 'no_children_for_ephemerals'],
];
const deleteOrder: [rule: string, request: Write, error: string][] = [
  ['no parent to look for', remove('nowhere', 7), 'bad_arguments'],
  ['a reserved path', remove('/zookeeper', 7), 'bad_arguments'],
  ['no parent', remove('/nowhere/x', 7), 'no_node'],
  ['no permission at the parent', remove('/closed/nothing', 7), 'no_auth'],
  ['no znode', remove('/nothing', 7), 'no_node'],
  ['a znode that is there, with one slash too many', remove('//open', 7), 'no_node'],
  ['another version', remove('/open', 7), 'bad_version'],
  ['children', remove('/open', 0), 'not_empty'],
];
const setDataOrder: [rule: string, request: Write, error: string][] = [
  ['a path that is not legal', setData('/nothing/', 'x', 7), 'bad_arguments'],
  ['no znode', setData('/nothing', 'x', 7), 'no_node'],
  ['no permission', setData('/closed', 'x', 7), 'no_auth'],
  ['another version', setData('/open', 'x', 7), 'bad_version'],
];
const setAclOrder: [rule: string, request: Write, error: string][] = [
  ['a path that is not legal', setAcl('/nothing/', [], 7), 'bad_arguments'],
  ['an access list that is not legal', setAcl('/nothing', [], 7), 'invalid_acl'],
  ['no znode', setAcl('/nothing', openAcl, 7), 'no_node'],
  ['no permission', setAcl('/closed', openAcl, 7), 'no_auth'],
  ['another version', setAcl('/admin', openAcl, 7), 'bad_version'],
];
const checkOrder: [rule: string, request: Write, error: string][] = [
  ['a path that is not legal', check('/nothing/', 7), 'bad_arguments'],
  ['no znode', check('/nothing', 7), 'no_node'],
  ['no permission', check('/open/unwritable', 7), 'no_auth'],
  ['another version', check('/open', 7), 'bad_version'],
];

describe('what a refusal says first', () => {
  test.each(createOrder)('create: %s', (_, request, error) => {
    expect(outcome(prepared().propose(request))).toBe(error);
  });
  test.each(deleteOrder)('delete: %s', (_, request, error) => {
    expect(outcome(prepared().propose(request))).toBe(error);
  });
  test.each(setDataOrder)('setData: %s', (_, request, error) => {
    expect(outcome(prepared().propose(request))).toBe(error);
  });
  test.each(setAclOrder)('setACL: %s', (_, request, error) => {
    expect(outcome(prepared().propose(request))).toBe(error);
  });
  test.each(checkOrder)('check: %s', (_, request, error) => {
    expect(outcome(prepared().propose(request))).toBe(error);
  });
});

describe('the version -1', () => {
  test.each([remove('/open/child'), setData('/open', 'x'), setAcl('/admin', openAcl), check('/open')])(
    'stands for any',
    (request) => expect(outcome(prepared().propose(request))).toBe('ok'),
  );
});

describe('a create', () => {
  test.each<[name: string, request: Write, lifetime: string]>([
    ['persistent', create('/n'), 'persistent'],
    ['ephemeral', create('/n', { flags: createFlags.ephemeral }), 'ephemeral'],
    ['TTL', ttl(createFlags.persistent_with_ttl, 1), 'ttl'],
    ['container', container('/n', createFlags.container), 'container'],
    // As in ZooKeeper, the operation decides about containers, not the flags.
    ['container without its flag', container('/n', createFlags.persistent), 'container'],
    ['flag of containers alone', create('/n', { flags: createFlags.container }), 'persistent'],
  ])('of the kind %s makes one', (_, request, lifetime) => {
    expect(new Workbench().propose(request)).toMatchObject({ kind: 'create', lifetime });
  });

  test.each([createFlags.persistent, createFlags.persistent_sequential, createFlags.ephemeral])(
    'with a time to live and flags %i that have none is refused',
    (flags) => expect(outcome(new Workbench().propose(ttl(flags, 1000)))).toBe('bad_arguments'),
  );

  test('with a time to live needs the option', () => {
    const tree = new Tree();
    const refusing = { ...rules, timeToLive: 'refused' } as const;
    const preparation = { pending: new Pending(tree), asker: anybody, rules: refusing, zxid: 1 };
    const { op, request } = ttl(createFlags.persistent_with_ttl, 0, 'nowhere');
    expect(outcome(prepare(preparation, op, request as never))).toBe('unimplemented');
  });

  test('leaves nothing of its frame in the tree', () => {
    const data = Buffer.from('as sent');
    const bench = new Workbench();
    bench.do(create('/n', { data }));
    data.fill(0);
    expect(bench.tree.get('/n')?.data).toBe('as sent');
  });
});

describe('a sequence number', () => {
  const next = (bench: Workbench): unknown =>
    bench.propose(create('/s/', { flags: createFlags.persistent_sequential }));

  test('counts the creates of every kind, not the deletes', () => {
    const bench = new Workbench();
    bench.do(create('/s'));
    bench.do(create('/s/a'));
    bench.do(remove('/s/a'));
    expect(next(bench)).toMatchObject({ path: '/s/0000000001' });
  });

  test('counts what is outstanding, and not what a refused multi had prepared', () => {
    const bench = new Workbench();
    bench.do(create('/s'));
    next(bench);
    const part = { op: 'create', path: '/s/', data: null, acl: openAcl, flags: 2 } as const;
    bench.propose({ op: 'multi', request: [part, part, { op: 'check', path: '/nothing', version: 0 }] });
    expect(next(bench)).toMatchObject({ path: '/s/0000000001' });
    bench.commit();
    expect(next(bench)).toMatchObject({ path: '/s/0000000002' });
  });

  test.each([
    [2_147_483_646, '2147483646'],
    [2_147_483_647, '2147483647'],
    [-2_147_483_648, '-2147483648'],
    [-1, '-000000001'],
  ])('of %i, where 32 bits end, is written as ZooKeeper does', (creates, suffix) => {
    const bench = new Workbench();
    bench.do(create('/s'));
    const parent = bench.tree.get('/s');
    if (parent !== undefined) parent.creates = creates;
    expect(next(bench)).toMatchObject({ path: `/s/${suffix}` });
    bench.commit();
    expect(bench.tree.get('/s')?.creates).toBe((creates + 1) | 0);
  });
});

describe('deleteContainer', () => {
  test('takes nothing but containers and TTL znodes without children', () => {
    const bench = new Workbench();
    bench.do(container('/c', createFlags.container));
    bench.do(create('/c/x'));
    bench.do(create('/p'));
    const reap = (path: string): string => outcome(bench.propose({ op: 'deleteContainer', request: { path } }));
    expect([reap('/c'), reap('/p'), reap('/'), reap('/nothing')]).toEqual([
      'not_empty',
      'bad_version',
      'bad_version',
      'no_node',
    ]);
    bench.do(remove('/c/x'));
    expect(reap('/c')).toBe('ok');
  });
});

describe('the end of a session', () => {
  const owner: Asker = { session: '00000000000000bb' as Asker['session'], identities: [] };
  const mortal = (path: string): Write => create(path, { flags: createFlags.ephemeral });

  test('takes its ephemerals, those included that are still outstanding, and no one else’s', () => {
    const bench = new Workbench();
    bench.do(mortal('/applied'), owner);
    bench.do(mortal('/other'));
    bench.propose(mortal('/outstanding'), owner);
    bench.propose(mortal('/deleted'), owner);
    bench.propose(remove('/deleted'));
    expect(bench.session(owner.session, 'ends')).toEqual({
      kind: 'close_session',
      ephemerals: ['/applied', '/outstanding'],
    });
    bench.commit();
    expect(['/applied', '/outstanding', '/other'].map((path) => bench.tree.get(path) !== undefined)).toEqual([
      false,
      false,
      true,
    ]);
  });

  test('lets go of a name that another session has taken by then', () => {
    const bench = new Workbench();
    bench.do(mortal('/n'), owner);
    bench.propose(remove('/n'));
    bench.propose(mortal('/n'));
    expect(bench.session(owner.session, 'ends')).toMatchObject({ ephemerals: [] });
    bench.commit();
    expect(bench.tree.get('/n')?.owner).toBe(anybody.session);
  });

  test('frees the names for what is prepared after it', () => {
    const bench = new Workbench();
    bench.do(mortal('/n'), owner);
    bench.session(owner.session, 'ends');
    expect(outcome(bench.propose(create('/n')))).toBe('ok');
    bench.commit();
    expect(bench.tree.get('/n')?.lifetime).toBe('persistent');
  });
});

test('a multi is refused at the part that makes too much of what its client has proved', () => {
  const asker: Asker = { ...anybody, identities: [{ scheme: 'digest', id: `${'u'.repeat(16_000)}:hash` }] };
  const parts = Array.from({ length: 1100 }, (_, i) => ({
    ...create(`/n${i}`, { acl: only('auth', '') }).request,
    op: 'create',
  }));
  const outcomes = [1000, 1100].map((count) =>
    new Workbench().propose({ op: 'multi', request: parts.slice(0, count) } as Write, asker),
  );
  expect(outcomes).toMatchObject([{ kind: 'multi' }, { kind: 'refused', error: 'invalid_acl', failedPart: 1046 }]);
});
