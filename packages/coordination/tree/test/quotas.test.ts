import { describe, expect, test } from '@jest/globals';
import { Pending, prepare, type QuotaExcess, QuotaGuard, type Tree } from '@reeve/tree';
import { childPath, createFlags } from '@reeve/wire';
import fc from 'fast-check';
import { anyWrite, happening } from './arbitrary.ts';
import { anybody, create, outcome, remove, rules, sessionNumber, setData, Workbench, type Write } from './requests.ts';

const statsOf = (tree: Tree, root: string) => tree.get(`/zookeeper/quota${root}/zookeeper_stats`)?.data;
const textOf = (text: string) => ({ data: Buffer.from(text) });

/** Sets a quota as zkCli does: limits first, then statistics with whatever they say. */
function setQuota(bench: Workbench, root: string, limits: string): void {
  const names = root.split('/').slice(1);
  for (let n = 1; n <= names.length; n += 1) bench.do(create(`/zookeeper/quota/${names.slice(0, n).join('/')}`));
  bench.do(create(`/zookeeper/quota${root}/zookeeper_limits`, textOf(limits)));
  bench.do(create(`/zookeeper/quota${root}/zookeeper_stats`, textOf('count=0,bytes=0')));
}

/** `/q` with a child, and a quota on it. */
function limited(limits: string): Workbench {
  const bench = new Workbench();
  bench.do(create('/q', textOf('four')));
  bench.do(create('/q/a', textOf('two')));
  setQuota(bench, '/q', limits);
  return bench;
}

/** What becomes of a write where quotas are enforced, and what is told of it. */
function judged({ tree }: Workbench, { op, request }: Write): { outcome: string; told: QuotaExcess[] } {
  const told: QuotaExcess[] = [];
  const quotas = new QuotaGuard(tree.quotas, (excess) => told.push(excess));
  const preparation = { pending: new Pending(tree), asker: anybody, rules, zxid: 1, quotas };
  return { outcome: outcome(prepare(preparation, op, request as never)), told };
}

const fresh = create('/q/new', textOf('12345'));
const multi = (...writes: readonly { op: string; request: object }[]): Write =>
  ({ op: 'multi', request: writes.map(({ op, request }) => ({ op, ...request })) }) as unknown as Write;

describe('a quota', () => {
  test('counts what is there when it is set, its own path included', () => {
    expect(statsOf(limited('count=9,bytes=-1').tree, '/q')).toBe('count=2,bytes=7');
  });

  test('counts creates, deletes, new data, and what goes with a session', () => {
    const bench = limited('');
    const counts = () => statsOf(bench.tree, '/q');
    const session = sessionNumber(7);
    bench.do(create('/q/e', { flags: createFlags.ephemeral, ...textOf('12') }), { session, identities: [] });
    expect(counts()).toBe('count=3,bytes=9');
    bench.do(setData('/q/e', '12345'));
    expect(counts()).toBe('count=3,bytes=12');
    bench.do(remove('/q/a'));
    expect(counts()).toBe('count=2,bytes=9');
    bench.session(session, 'ends');
    bench.commit();
    expect(counts()).toBe('count=1,bytes=4');
  });

  test('leaves the version and times of its statistics alone', () => {
    const bench = limited('');
    const before = bench.tree.get('/zookeeper/quota/q/zookeeper_stats');
    const { version, mzxid } = before ?? {};
    bench.do(fresh);
    expect(bench.tree.get('/zookeeper/quota/q/zookeeper_stats')).toMatchObject({ version, mzxid });
  });

  test('counts no more once its limits are gone', () => {
    const bench = limited('');
    bench.do(remove('/zookeeper/quota/q/zookeeper_limits'));
    bench.do(fresh);
    expect(statsOf(bench.tree, '/q')).toBe('count=0,bytes=0');
    expect(bench.tree.quotas.size).toBe(0);
  });

  test.each(['', '/zookeeper', '/zookeeper/quota'])('cannot be set on "%s"', (root) => {
    const bench = new Workbench();
    setQuota(bench, root, 'count=0,bytes=0');
    expect(bench.tree.quotas.size).toBe(0);
  });

  const rows: [limits: string, write: Write, outcome: string, told: object[]][] = [
    ['count=3,bytes=-1', fresh, 'ok', []],
    ['count=2,bytes=-1', fresh, 'ok', [{ of: 'znodes', limit: 'soft', allowed: 2, wanted: 3 }]],
    ['count=-1,bytes=11', fresh, 'ok', [{ of: 'bytes', limit: 'soft', allowed: 11, wanted: 12 }]],
    ['count=-1,bytes=-1=;byteHardLimit=-1;countHardLimit=3', fresh, 'ok', []],
    ['count=-1,bytes=-1=;countHardLimit=2', fresh, 'quota_exceeded', [{ of: 'znodes', limit: 'hard' }]],
    ['count=-1,bytes=-1=;byteHardLimit=11', fresh, 'quota_exceeded', [{ of: 'bytes', limit: 'hard' }]],
    ['count=1,bytes=-1=;countHardLimit=9', fresh, 'ok', []],
    ['byteHardLimit=7', setData('/q/a', 'new'), 'ok', []],
    ['byteHardLimit=7', setData('/q/a', 'more'), 'quota_exceeded', [{ of: 'bytes', wanted: 8 }]],
    ['byteHardLimit=3', setData('/q/a', 'x'), 'quota_exceeded', [{ wanted: 5 }]],
    ['countHardLimit=1', setData('/q/a', 'more'), 'ok', []],
    ['countHardLimit=1', remove('/q/a'), 'ok', []],
    ['countHardLimit=1', create('/other'), 'ok', []],
    ['countHardLimit=2', multi(create('/other'), fresh), 'quota_exceeded', [{ root: '/q' }]],
    ['countHardLimit=many', fresh, 'ok', []],
  ];
  test.each(rows)('of %s, enforced, judges %j', (limits, write, expected, told) => {
    const seen = judged(limited(limits), write);
    expect(seen.outcome).toBe(expected);
    expect(seen.told).toMatchObject(told);
    expect(seen.told).toHaveLength(told.length);
  });

  test('on a path above another counts and limits what the other does too', () => {
    const bench = limited('countHardLimit=3');
    setQuota(bench, '/q/a', 'countHardLimit=9');
    bench.do(create('/q/a/b'));
    expect([statsOf(bench.tree, '/q'), statsOf(bench.tree, '/q/a')]).toEqual(['count=3,bytes=7', 'count=2,bytes=3']);
    expect(judged(bench, create('/q/a/c')).outcome).toBe('quota_exceeded');
  });

  test('shows what is there after any history', () => {
    fc.assert(
      fc.property(fc.array(happening(anyWrite), { maxLength: 60 }), (history) => {
        const bench = new Workbench();
        for (const root of ['/a', '/a/x', '/b']) setQuota(bench, root, '');
        for (const what of history) {
          if (what.kind === 'write') bench.propose(what.write, { session: what.session, identities: [] });
          else bench.session(what.session, what.kind);
        }
        bench.commit();
        for (const root of ['/a', '/a/x', '/b']) {
          const isSet = bench.tree.get(`/zookeeper/quota${root}/zookeeper_limits`) !== undefined;
          const shown = statsOf(bench.tree, root);
          if (isSet && shown !== undefined) expect(shown).toBe(counted(bench.tree, root));
        }
      }),
      { numRuns: 200 },
    );
  });

  test('may begin once in a multi: each counts a whole subtree', () => {
    const bench = limited('count=5');
    const limits = (root: string) => create(`/zookeeper/quota${root}/zookeeper_limits`, textOf('count=1'));
    for (const root of ['/r', '/s']) bench.do(create(`/zookeeper/quota${root}`));
    expect(bench.do(multi(limits('/r'), limits('/s')))).toMatchObject({ error: 'bad_arguments', failedPart: 1 });
  });
});

function counted(tree: Tree, root: string): string {
  let [count, bytes] = [0, 0];
  const visit = (path: string): void => {
    const znode = tree.get(path);
    if (znode === undefined) return;
    count += 1;
    bytes += znode.data?.length ?? 0;
    for (const name of znode.childNames() ?? []) visit(childPath(path, name));
  };
  visit(root);
  return `count=${count},bytes=${bytes}`;
}
