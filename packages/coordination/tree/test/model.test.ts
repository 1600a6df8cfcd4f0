import { describe, expect, test } from '@jest/globals';
import type { Tree } from '@reeve/tree';
import { childPath, createFlags, noSession, openAcl, permissions } from '@reeve/wire';
import fc from 'fast-check';
import { type Happening, happening, modelledWrite } from './arbitrary.ts';
import { NaiveTree } from './naive-tree.ts';
import { create, only, outcome, remove, sessionNumber, setAcl, setData, Workbench, type Write } from './requests.ts';

/** What happens, and how many outstanding transactions are applied after it: the overlay answers for the rest. */
const history = fc.array(fc.tuple(happening(modelledWrite), fc.nat({ max: 3 })), { maxLength: 60 });

function play(what: Happening, bench: Workbench, model: NaiveTree): void {
  if (what.kind === 'write') {
    const session = what.session;
    const txn = bench.propose(what.write, { session, identities: [] });
    expect(outcome(txn)).toBe(model.write(what.write, session));
  } else {
    bench.session(what.session, what.kind);
    if (what.kind === 'ends') model.end(what.session);
  }
}

function seen(tree: Tree, path: string, into: Record<string, object> = {}): object {
  const znode = tree.get(path);
  if (znode === undefined) return into;
  const { data, version, cversion, owner } = znode;
  const names = [...znode.childNames()].filter((name) => name !== 'zookeeper');
  const text = data === null ? null : Buffer.from(data, 'latin1').toString();
  into[path] = { data: text, version, cversion, owner: owner === noSession ? '' : owner, children: names.sort() };
  for (const name of names) seen(tree, childPath(path, name), into);
  return into;
}

function modelled(model: NaiveTree): object {
  return Object.fromEntries(
    [...model.znodes].map(([path, { data, version, creates, deletes, owner }]) => {
      // The root of a tree has /zookeeper for a child from the start, which counts as none.
      const cversion = creates + deletes - (path === '/' ? 1 : 0);
      return [path, { data, version, cversion, owner, children: model.children(path).sort() }];
    }),
  );
}

describe('a tree', () => {
  test('does what a plain model does, however far preparing runs ahead of applying', () => {
    fc.assert(
      fc.property(history, (happenings) => {
        const bench = new Workbench();
        const model = new NaiveTree();
        for (const [what, applied] of happenings) {
          play(what, bench, model);
          bench.commit(applied);
        }
        bench.commit();
        expect(seen(bench.tree, '/')).toEqual(modelled(model));
      }),
      { numRuns: 300 },
    );
  });

  test('forgets nothing it should, and keeps nothing it should not, in the overlay', () => {
    fc.assert(
      fc.property(history, (happenings) => {
        const bench = new Workbench();
        const model = new NaiveTree();
        for (const [what] of happenings) play(what, bench, model);
        bench.commit();
        expect(bench.pending.size).toBe(0);
        expect([1, 2, 3].flatMap((n) => [...bench.pending.ephemeralsOf(sessionNumber(n))])).toEqual([]);
      }),
    );
  });

  test('keeps no ephemeral that one multi has made twice and taken away, nor one whose multi was refused', () => {
    const bench = new Workbench();
    const session = sessionNumber(7);
    const part = (op: string, request: object) => ({ op, ...request });
    const made = part('create', create('/e', { flags: createFlags.ephemeral }).request);
    const gone = part('delete', remove('/e').request);
    const asker = { session, identities: [] };
    const multi = (...request: object[]) => ({ op: 'multi', request }) as unknown as Write;
    bench.propose(multi(made, gone, made, gone), asker);
    bench.propose(create('/e'), asker);
    bench.propose(remove('/e'), asker);
    bench.propose(multi(made, part('delete', remove('/nothing').request)), asker);
    expect([...bench.pending.ephemeralsOf(session)]).toEqual([]);
    bench.commit();
    expect([...bench.pending.ephemeralsOf(session)]).toEqual([]);
    expect(bench.pending.size).toBe(0);
  });

  test('knows nothing of a znode that is to come from those that came before it', () => {
    const bench = new Workbench();
    const sequential = { flags: createFlags.persistent_sequential };
    bench.propose(create('/a'));
    bench.propose(setData('/a', 'x'));
    bench.propose(setAcl('/a', only('world', 'anyone', permissions.all)));
    bench.propose(create('/a/', sequential));
    bench.commit();
    const paths = ['/b', '/c', '/d', '/e', '/f'];
    for (const path of paths) bench.propose(create(path));
    for (const path of paths) {
      expect(bench.propose(setData(path, 'x', 0))).toMatchObject({ kind: 'set_data', version: 1 });
      expect(bench.propose(setAcl(path, openAcl, 0))).toMatchObject({ kind: 'set_acl', version: 1 });
      expect(bench.propose(create(`${path}/`, sequential))).toMatchObject({ path: `${path}/0000000000` });
      bench.propose(remove(`${path}/0000000000`));
      expect(outcome(bench.propose(remove(path)))).toBe('ok');
    }
  });
});
