import { parentPath } from '@reeve/wire';
import type { ChangeType } from './apply.ts';

/** Who watches: a connection's number. Watches go with their connection. */
export type WatcherId = number;

/** Receives one event for one watcher. */
export type WatchSink = (watcher: WatcherId, type: ChangeType, path: string) => void;

// What a connection has armed at a path, as a sum. Data watches tell of create, delete and new data, child watches of
// new and lost children, and of delete. A persistent watch is both kinds at once, which can be disarmed one by one.
const DATA_ONCE = 1;
const DATA_PERSISTENT = 2;
const DATA_RECURSIVE = 4;
const CHILD_ONCE = 8;
const CHILD_PERSISTENT = 16;
const CHILD_RECURSIVE = 32;
const DATA = DATA_ONCE | DATA_PERSISTENT | DATA_RECURSIVE;
const CHILD = CHILD_ONCE | CHILD_PERSISTENT | CHILD_RECURSIVE;
const PERSISTENT = DATA_PERSISTENT | CHILD_PERSISTENT;
const RECURSIVE = DATA_RECURSIVE | CHILD_RECURSIVE;
const ONCE = DATA_ONCE | CHILD_ONCE;

/** Which kinds of watch a request speaks of. */
export type WatchKind = 'data' | 'children' | 'any';
const kinds: Readonly<Record<WatchKind, number>> = { data: DATA, children: CHILD, any: DATA | CHILD };

/** Which armed watches hear of a change at their own path, and which at a path above it. */
const hears: Readonly<Record<ChangeType, { readonly here: number; readonly above: number }>> = {
  created: { here: DATA, above: DATA_RECURSIVE },
  data_changed: { here: DATA, above: DATA_RECURSIVE },
  deleted: { here: DATA | CHILD, above: RECURSIVE },
  // Recursive watches hear of each child itself instead.
  children_changed: { here: CHILD_ONCE | CHILD_PERSISTENT, above: 0 },
};

/** Every watch of one member, by path and by connection. */
export class Watches {
  readonly #byPath = new Map<string, Map<WatcherId, number>>();
  readonly #byWatcher = new Map<WatcherId, Set<string>>();
  /** How many (connection, path) pairs have a recursive watch: without any, nobody looks up the path. */
  #recursive = 0;

  /** Connections, paths, and watches in the sense of ZooKeeper: data and child watches counted apart. */
  count(): { readonly watchers: number; readonly paths: number; readonly watches: number } {
    let watches = 0;
    for (const watchers of this.#byPath.values()) {
      for (const armed of watchers.values()) watches += (armed & DATA ? 1 : 0) + (armed & CHILD ? 1 : 0);
    }
    return { watchers: this.#byWatcher.size, paths: this.#byPath.size, watches };
  }

  /** What each path is watched by. */
  *entries(): Generator<[path: string, watchers: Iterable<WatcherId>]> {
    for (const [path, watchers] of this.#byPath) yield [path, watchers.keys()];
  }

  /** Arms a watch that fires once: on the znode itself, or on its children. */
  armOnce(watcher: WatcherId, path: string, kind: 'data' | 'children'): void {
    this.#arm(watcher, path, kind === 'data' ? DATA_ONCE : CHILD_ONCE);
  }

  /** Arms a watch that lasts. A connection has one mode at a path: the later replaces the earlier. */
  armPersistent(watcher: WatcherId, path: string, mode: 'persistent' | 'persistent_recursive'): void {
    const [added, dropped] = mode === 'persistent' ? [PERSISTENT, RECURSIVE] : [RECURSIVE, PERSISTENT];
    this.#disarm(watcher, path, dropped);
    this.#arm(watcher, path, added);
  }

  /** Whether a watch of this kind is armed here. */
  has(watcher: WatcherId, path: string, kind: WatchKind): boolean {
    return ((this.#byPath.get(path)?.get(watcher) ?? 0) & kinds[kind]) !== 0;
  }

  /** Disarms, and says whether there was anything to disarm. */
  remove(watcher: WatcherId, path: string, kind: WatchKind): boolean {
    const found = this.has(watcher, path, kind);
    if (found) this.#disarm(watcher, path, kinds[kind]);
    return found;
  }

  /** Disarms everything of a connection that is gone. */
  removeWatcher(watcher: WatcherId): void {
    for (const path of this.#byWatcher.get(watcher) ?? []) this.#disarm(watcher, path, DATA | CHILD);
  }

  /** Tells everyone who watches of a change, each connection once, and disarms what fires once. */
  fire(type: ChangeType, path: string, sink: WatchSink): void {
    if (this.#byPath.size === 0) return;
    const { here, above } = hears[type];
    if (this.#recursive === 0 || above === 0) return this.#fireAt(path, here, (watcher) => sink(watcher, type, path));
    const told = new Set<WatcherId>();
    this.#fireAt(path, here, (watcher) => told.add(watcher));
    for (let at = path; at !== '/'; ) {
      at = parentPath(at);
      this.#tellAbove(at, above, told);
    }
    for (const watcher of told) sink(watcher, type, path);
  }

  #fireAt(path: string, mask: number, tell: (watcher: WatcherId) => void): void {
    const watchers = this.#byPath.get(path);
    if (watchers === undefined) return;
    for (const [watcher, armed] of watchers) {
      if ((armed & mask) === 0) continue;
      if ((armed & mask & ONCE) !== 0) this.#disarm(watcher, path, mask & ONCE);
      tell(watcher);
    }
  }

  #tellAbove(path: string, mask: number, told: Set<WatcherId>): void {
    for (const [watcher, armed] of this.#byPath.get(path) ?? []) if ((armed & mask) !== 0) told.add(watcher);
  }

  #arm(watcher: WatcherId, path: string, bits: number): void {
    const watchers = this.#byPath.get(path) ?? new Map<WatcherId, number>();
    const before = watchers.get(watcher) ?? 0;
    if (before === 0) this.#index(watcher, path, watchers);
    watchers.set(watcher, before | bits);
    this.#recursive += recursives(before | bits) - recursives(before);
  }

  #index(watcher: WatcherId, path: string, watchers: Map<WatcherId, number>): void {
    if (watchers.size === 0) this.#byPath.set(path, watchers);
    const paths = this.#byWatcher.get(watcher);
    if (paths === undefined) this.#byWatcher.set(watcher, new Set([path]));
    else paths.add(path);
  }

  #disarm(watcher: WatcherId, path: string, bits: number): void {
    const watchers = this.#byPath.get(path);
    const before = watchers?.get(watcher);
    if (watchers === undefined || before === undefined) return;
    const left = before & ~bits;
    this.#recursive += recursives(left) - recursives(before);
    if (left !== 0) return void watchers.set(watcher, left);
    watchers.delete(watcher);
    if (watchers.size === 0) this.#byPath.delete(path);
    const paths = this.#byWatcher.get(watcher);
    paths?.delete(path);
    if (paths?.size === 0) this.#byWatcher.delete(watcher);
  }
}

function recursives(armed: number): number {
  return (armed & RECURSIVE) === 0 ? 0 : 1;
}
