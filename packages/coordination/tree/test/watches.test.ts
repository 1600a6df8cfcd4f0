import { describe, expect, test } from '@jest/globals';
import { type ChangeType, Watches, type WatchKind } from '@reeve/tree';
import fc from 'fast-check';

type Arming = 'data' | 'children' | 'persistent' | 'persistent_recursive';

function arm(watches: Watches, watcher: number, path: string, arming: Arming): void {
  if (arming === 'data' || arming === 'children') watches.armOnce(watcher, path, arming);
  else watches.armPersistent(watcher, path, arming);
}

function told(watches: Watches, type: ChangeType, path: string): number[] {
  const watchers: number[] = [];
  watches.fire(type, path, (watcher) => watchers.push(watcher));
  return watchers.sort();
}

const changes: readonly ChangeType[] = ['created', 'data_changed', 'deleted', 'children_changed'];

describe('who hears of what', () => {
  // One letter for each change: created, data_changed, deleted, children_changed.
  test.each<[arming: Arming, at: string, hears: string]>([
    ['data', '/a', 'cde.'],
    ['data', '/', '....'],
    ['children', '/a', '..ek'],
    ['children', '/', '....'],
    ['persistent', '/a', 'cdek'],
    ['persistent', '/', '....'],
    ['persistent_recursive', '/a', 'cde.'],
    ['persistent_recursive', '/', 'cde.'],
    ['persistent_recursive', '/b', '....'],
    ['persistent_recursive', '/a/b', '....'],
  ])('a %s watch at %s hears %s of the changes of /a', (arming, at, hears) => {
    const letters = { created: 'c', data_changed: 'd', deleted: 'e', children_changed: 'k' };
    const heard = changes.map((change) => {
      const watches = new Watches();
      arm(watches, 1, at, arming);
      return told(watches, change, '/a').length > 0 ? letters[change as keyof typeof letters] : '.';
    });
    expect(heard.join('')).toBe(hears);
  });

  test('a name that merely begins the same is not below', () => {
    const watches = new Watches();
    watches.armPersistent(1, '/a', 'persistent_recursive');
    expect([told(watches, 'created', '/ab'), told(watches, 'created', '/a/b/c')]).toEqual([[], [1]]);
  });

  test('each connection once, however many of its watches fit', () => {
    const watches = new Watches();
    for (const arming of ['data', 'children', 'persistent'] as const) arm(watches, 1, '/a/b', arming);
    for (const path of ['/', '/a']) watches.armPersistent(1, path, 'persistent_recursive');
    expect(told(watches, 'deleted', '/a/b')).toEqual([1]);
  });
});

describe('watches', () => {
  test('count data and child watches apart, as ZooKeeper does', () => {
    const watches = new Watches();
    watches.armOnce(1, '/a', 'data');
    watches.armOnce(1, '/a', 'children');
    watches.armPersistent(2, '/a', 'persistent');
    watches.armPersistent(2, '/b', 'persistent_recursive');
    expect(watches.count()).toEqual({ watchers: 2, paths: 2, watches: 6 });
    expect([...watches.entries()].map(([path, watchers]) => [path, [...watchers]])).toEqual([
      ['/a', [1, 2]],
      ['/b', [2]],
    ]);
  });

  test('leave nothing behind when the last of them is gone', () => {
    const watches = new Watches();
    watches.armPersistent(1, '/a', 'persistent_recursive');
    watches.armOnce(1, '/b', 'data');
    watches.armOnce(2, '/b', 'children');
    watches.removeWatcher(1);
    expect(told(watches, 'children_changed', '/b')).toEqual([2]);
    expect(watches.count()).toEqual({ watchers: 0, paths: 0, watches: 0 });
  });
});

describe('a connection that leaves many watches behind', () => {
  const many = 50_000;

  function armedMany(): Watches {
    const watches = new Watches();
    for (let i = 0; i < many; i += 1) watches.armOnce(1, `/n${i}`, 'data');
    return watches;
  }

  test('is rid of them little by little, and counts for nothing meanwhile', () => {
    const watches = armedMany();
    watches.armOnce(2, '/n0', 'data');
    expect([watches.pairs, watches.heaviest()]).toEqual([many + 1, 1]);
    watches.removeWatcher(1);
    expect([watches.pairs, watches.heaviest(), watches.count().watchers]).toEqual([1, 2, 1]);
    expect(watches.size).toBe(many);
    watches.sweep(many - 10);
    expect(watches.size).toBeLessThanOrEqual(11);
    watches.sweep(many);
    expect(watches.count()).toEqual({ watchers: 1, paths: 1, watches: 1 });
    expect(told(watches, 'deleted', '/n0')).toEqual([2]);
  });

  test('is swept away by those who arm new ones', () => {
    const watches = armedMany();
    watches.removeWatcher(1);
    for (let i = 0; i < many / 2 + 1; i += 1) watches.armOnce(2, `/m${i}`, 'data');
    expect(watches.size).toBe(watches.pairs);
  });
});

/** The same, as a list that is searched: what a connection armed, one entry each. */
class NaiveWatches {
  list: { watcher: number; path: string; arming: Arming; halves: Set<'data' | 'children'> }[] = [];

  arm(watcher: number, path: string, arming: Arming): void {
    if (arming === 'data' || arming === 'children') {
      const known = this.list.some((w) => w.watcher === watcher && w.path === path && w.arming === arming);
      if (!known) this.list.push({ watcher, path, arming, halves: new Set([arming]) });
      return;
    }
    const isOther = (w: { watcher: number; path: string; arming: Arming }): boolean =>
      w.watcher !== watcher || w.path !== path || w.arming === 'data' || w.arming === 'children';
    this.list = this.list.filter(isOther);
    this.list.push({ watcher, path, arming, halves: new Set(['data', 'children']) });
  }

  remove(watcher: number, path: string, kind: WatchKind): boolean {
    let found = false;
    for (const watch of this.list) {
      if (watch.watcher !== watcher || watch.path !== path) continue;
      for (const half of ['data', 'children'] as const) {
        if (kind === half || kind === 'any') found = watch.halves.delete(half) || found;
      }
    }
    this.list = this.list.filter((watch) => watch.halves.size > 0);
    return found;
  }

  fire(type: ChangeType, path: string): number[] {
    const heard = this.list.filter((watch) => this.#hears(watch, type, path));
    this.list = this.list.filter((w) => !heard.includes(w) || (w.arming !== 'data' && w.arming !== 'children'));
    return [...new Set(heard.map(({ watcher }) => watcher))].sort();
  }

  #hears(watch: NaiveWatches['list'][number], type: ChangeType, path: string): boolean {
    const recursive = watch.arming === 'persistent_recursive';
    const prefix = watch.path === '/' ? '/' : `${watch.path}/`;
    if (watch.path !== path && !(recursive && path.startsWith(prefix))) return false;
    if (type === 'children_changed') return !recursive && watch.halves.has('children');
    return watch.halves.has('data') || type === 'deleted';
  }
}

const path = fc.constantFrom('/', '/a', '/a/b', '/a/b/c', '/ab');
const watcher = fc.constantFrom(1, 2, 3);
const step = fc.oneof(
  fc.record({
    do: fc.constant('arm' as const),
    watcher,
    path,
    arming: fc.constantFrom<Arming>('data', 'children', 'persistent', 'persistent_recursive'),
  }),
  fc.record({ do: fc.constant('fire' as const), path, type: fc.constantFrom(...changes) }),
  fc.record({
    do: fc.constant('remove' as const),
    watcher,
    path,
    kind: fc.constantFrom<WatchKind>('data', 'children', 'any'),
  }),
  fc.record({ do: fc.constant('leave' as const), watcher }),
);

test('watches behave as a list that is searched', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const watches = new Watches();
      const naive = new NaiveWatches();
      for (const what of steps) {
        if (what.do === 'arm') {
          arm(watches, what.watcher, what.path, what.arming);
          naive.arm(what.watcher, what.path, what.arming);
        } else if (what.do === 'fire') {
          expect(told(watches, what.type, what.path)).toEqual(naive.fire(what.type, what.path));
        } else if (what.do === 'remove') {
          const removed = watches.remove(what.watcher, what.path, what.kind);
          expect(removed).toBe(naive.remove(what.watcher, what.path, what.kind));
        } else {
          watches.removeWatcher(what.watcher);
          naive.list = naive.list.filter((watch) => watch.watcher !== what.watcher);
        }
      }
      expect(watches.count().watches).toBeLessThanOrEqual(naive.list.length * 2);
    }),
    { numRuns: 500 },
  );
});
