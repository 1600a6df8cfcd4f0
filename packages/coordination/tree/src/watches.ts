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

/**
 * Who watches a path: most often one connection alone, packed into a number with the sum of what it has armed, because a
 * map for each of a million paths takes more than all the rest.
 */
type Watchers = number | Map<WatcherId, number>;
const PACKING = 64;

/** A connection that is gone, and had so many watches that they are disarmed little by little. */
interface Leaver {
  readonly watcher: WatcherId;
  readonly paths: SetIterator<string>;
}

/** Watches of a connection that is gone which are disarmed at once. */
const LEAVING_AT_ONCE_MAX = 10_000;
/** So many watches of those that are gone are disarmed with each new one: they cannot pile up. */
const SWEPT_WITH_EACH = 2;

/** Every watch of one member, by path and by connection. */
export class Watches {
  readonly #byPath = new Map<string, Watchers>();
  readonly #byWatcher = new Map<WatcherId, Set<string>>();
  #leavers: Leaver[] = [];
  /** How many (connection, path) pairs there are, and how many of them belong to connections that are gone. */
  #pairs = 0;
  #leavingPairs = 0;
  /** How many of them have a recursive watch: without any, nobody looks up the path. */
  #recursive = 0;
  /** Data and child watches, counted apart. */
  #watches = 0;

  /** How many paths are watched. */
  get size(): number {
    return this.#byPath.size;
  }

  /** How many paths the connections watch, each counted for itself. */
  get pairs(): number {
    return this.#pairs - this.#leavingPairs;
  }

  /** Connections, paths, and watches in the sense of ZooKeeper: data and child watches counted apart. */
  count(): { readonly watchers: number; readonly paths: number; readonly watches: number } {
    return { watchers: this.#byWatcher.size, paths: this.#byPath.size, watches: this.#watches };
  }

  /** What each path is watched by. */
  *entries(): Generator<[path: string, watchers: Iterable<WatcherId>]> {
    for (const [path, watchers] of this.#byPath) {
      yield [path, typeof watchers === 'number' ? [alone(watchers)] : watchers.keys()];
    }
  }

  /** The connection that watches more paths than any other. */
  heaviest(): WatcherId | undefined {
    let heaviest: WatcherId | undefined;
    let most = 0;
    for (const [watcher, { size }] of this.#byWatcher) {
      if (size <= most) continue;
      heaviest = watcher;
      most = size;
    }
    return heaviest;
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
    return (this.#armed(watcher, path) & kinds[kind]) !== 0;
  }

  /** Disarms, and says whether there was anything to disarm. */
  remove(watcher: WatcherId, path: string, kind: WatchKind): boolean {
    const found = this.has(watcher, path, kind);
    if (found) this.#disarm(watcher, path, kinds[kind]);
    return found;
  }

  /** Disarms everything of a connection that is gone: at once, or when it is very much, in the sweeps that follow. */
  removeWatcher(watcher: WatcherId): void {
    const paths = this.#byWatcher.get(watcher);
    if (paths === undefined) return;
    this.#byWatcher.delete(watcher);
    if (paths.size <= LEAVING_AT_ONCE_MAX) {
      for (const path of paths) this.#put(watcher, path, 0);
      return;
    }
    this.#leavers.push({ watcher, paths: paths.values() });
    this.#leavingPairs += paths.size;
  }

  /** Disarms up to so many watches of connections that are gone. */
  sweep(pairsMax: number): void {
    for (let left = pairsMax; left > 0; ) {
      const leaver = this.#leavers.at(-1);
      if (leaver === undefined) return;
      const next = leaver.paths.next();
      if (next.done === true) {
        this.#leavers.pop();
        continue;
      }
      this.#put(leaver.watcher, next.value, 0);
      this.#leavingPairs -= 1;
      left -= 1;
    }
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
    if (typeof watchers !== 'number') {
      for (const [watcher, armed] of watchers) {
        if ((armed & mask) === 0) continue;
        if ((armed & mask & ONCE) !== 0) this.#disarm(watcher, path, mask & ONCE);
        tell(watcher);
      }
      return;
    }
    const watcher = alone(watchers);
    const armed = watchers % PACKING;
    if ((armed & mask) === 0) return;
    if ((armed & mask & ONCE) !== 0) this.#disarm(watcher, path, mask & ONCE);
    tell(watcher);
  }

  #tellAbove(path: string, mask: number, told: Set<WatcherId>): void {
    const watchers = this.#byPath.get(path);
    if (watchers === undefined) return;
    if (typeof watchers !== 'number') {
      for (const [watcher, armed] of watchers) if ((armed & mask) !== 0) told.add(watcher);
    } else if (((watchers % PACKING) & mask) !== 0) told.add(alone(watchers));
  }

  #arm(watcher: WatcherId, path: string, bits: number): void {
    const before = this.#put(watcher, path, this.#armed(watcher, path) | bits);
    if (before !== 0) return;
    const paths = this.#byWatcher.get(watcher);
    if (paths === undefined) this.#byWatcher.set(watcher, new Set([path]));
    else paths.add(path);
    if (this.#leavers.length > 0) this.sweep(SWEPT_WITH_EACH);
  }

  #disarm(watcher: WatcherId, path: string, bits: number): void {
    const before = this.#armed(watcher, path);
    if (before === 0) return;
    const left = before & ~bits;
    this.#put(watcher, path, left);
    if (left !== 0) return;
    const paths = this.#byWatcher.get(watcher);
    paths?.delete(path);
    if (paths?.size === 0) this.#byWatcher.delete(watcher);
  }

  /** What a connection has armed at a path. */
  #armed(watcher: WatcherId, path: string): number {
    return armedAmong(this.#byPath.get(path), watcher);
  }

  /** Says what a connection has armed at a path from now on, and what it had until now. */
  #put(watcher: WatcherId, path: string, armed: number): number {
    const watchers = this.#byPath.get(path);
    const before = armedAmong(watchers, watcher);
    this.#count(before, armed);
    const after = put(watchers, watcher, armed);
    if (after === undefined) this.#byPath.delete(path);
    else if (after !== watchers) this.#byPath.set(path, after);
    return before;
  }

  #count(before: number, armed: number): void {
    if (before === 0 && armed !== 0) this.#pairs += 1;
    if (before !== 0 && armed === 0) this.#pairs -= 1;
    this.#recursive += recursives(armed) - recursives(before);
    this.#watches += watchesIn(armed) - watchesIn(before);
  }
}

/** The one connection of packed watchers. */
function alone(watchers: number): WatcherId {
  return Math.floor(watchers / PACKING);
}

function armedAmong(watchers: Watchers | undefined, watcher: WatcherId): number {
  if (watchers === undefined) return 0;
  if (typeof watchers !== 'number') return watchers.get(watcher) ?? 0;
  return alone(watchers) === watcher ? watchers % PACKING : 0;
}

/** The watchers of a path when one of them has armed this; nobody when nothing is left. */
function put(watchers: Watchers | undefined, watcher: WatcherId, armed: number): Watchers | undefined {
  if (watchers === undefined || (typeof watchers === 'number' && alone(watchers) === watcher)) {
    return armed === 0 ? undefined : watcher * PACKING + armed;
  }
  if (typeof watchers === 'number') {
    if (armed === 0) return watchers;
    return new Map([
      [alone(watchers), watchers % PACKING],
      [watcher, armed],
    ]);
  }
  if (armed === 0) watchers.delete(watcher);
  else watchers.set(watcher, armed);
  return watchers.size === 0 ? undefined : watchers;
}

function watchesIn(armed: number): number {
  return ((armed & DATA) === 0 ? 0 : 1) + ((armed & CHILD) === 0 ? 0 : 1);
}

function recursives(armed: number): number {
  return (armed & RECURSIVE) === 0 ? 0 : 1;
}
