import { type AddWatchMode, parentPath, type WatchEventType, type WatcherType } from '@reeve/wire';
import type { WatchedEvent, WatchListener } from './coordination.ts';
import type { WatchHandle } from './watch-handle.ts';

/** What a one-shot watch waits for. `absent`: armed by an exists that found no znode. */
export type OneShotKind = 'data' | 'children' | 'absent';

/** Everything this client wants of one path by persistent watches. The server knows one mode per path only. */
interface Persistent {
  /** Listeners the server has been asked for, armed or about to be, by mode. */
  readonly wanted: Record<AddWatchMode, number>;
  /** Armed listeners, each with the mode it asked for. */
  readonly handles: Map<WatchHandle, AddWatchMode>;
  /** Reads under way that rely on this watch to fire their one-shot watch. */
  reserved: number;
  /** What was announced since a removal of all watches of this path was asked for; none under way: `undefined`. */
  sinceRemoval: Record<AddWatchMode, number> | undefined;
}

/** A listener, and what it must be told. */
export interface Notice {
  readonly listener: WatchListener;
  readonly event: WatchedEvent;
}

/** A read under way that will arm a one-shot watch. */
export interface ArmingRead {
  readonly path: string;
  readonly listener: WatchListener;
  /** `withdrawn`: nobody wants it any more. */
  watch: 'wanted' | 'withdrawn';
  /** `abandoned`: nobody waits for it, but it may come all the same, unless the connection is lost. */
  answer: 'awaited' | 'abandoned';
}

/** The paths to arm after a reconnect, as setWatches2 names them. */
export interface ArmedPaths {
  readonly data: readonly string[];
  readonly absent: readonly string[];
  readonly children: readonly string[];
  readonly persistent: readonly string[];
  readonly recursive: readonly string[];
}

/**
 * Who wants to hear of what, by the server's paths.
 *
 * Servers before 3.9 keep one mode per connection and path: a one-shot watch would disarm a persistent one on the same
 * path, and a persistent one a recursive one. So a path has one persistent watch at the server, recursive as soon as
 * anyone wants that, and everything else on that path is served from its events.
 */
export class WatchRegistry {
  readonly #oneShots: Record<OneShotKind, Map<string, Set<WatchListener>>> = {
    data: new Map(),
    children: new Map(),
    absent: new Map(),
  };
  readonly #persistent = new Map<string, Persistent>();
  #recursiveCount = 0;
  /** Reads under way that will arm a one-shot watch, by path. */
  readonly #arming = new Map<string, Set<ArmingRead>>();
  /** Kinds of one-shot watches that the server may hold for nobody, to be disarmed when no read is under way. */
  readonly #owed = new Map<string, Set<'data' | 'children'>>();

  /**
   * Lets a read rely on the persistent watch of this path, so that the server need not arm a one-shot watch, until the
   * returned function is called. `undefined` where there is none to rely on.
   */
  reserve(path: string): (() => void) | undefined {
    const entry = this.#persistent.get(path);
    if (entry === undefined || (entry.sinceRemoval !== undefined && modesIn(entry.sinceRemoval) === 0))
      return undefined;
    entry.reserved += 1;
    return () => {
      entry.reserved -= 1;
    };
  }

  addOneShot({ kind, path, listener }: { kind: OneShotKind; path: string; listener: WatchListener }): void {
    const listeners = this.#oneShots[kind].get(path);
    if (listeners === undefined) this.#oneShots[kind].set(path, new Set([listener]));
    else listeners.add(listener);
  }

  /** A read that will arm a one-shot watch is sent. */
  beginRead(path: string, listener: WatchListener): ArmingRead {
    const read: ArmingRead = { path, listener, watch: 'wanted', answer: 'awaited' };
    const others = this.#arming.get(path);
    if (others === undefined) this.#arming.set(path, new Set([read]));
    else others.add(read);
    return read;
  }

  /** The answer to a read is there, and with it the watch; none where `kind` is not given. */
  readAnswered(read: ArmingRead, kind: OneShotKind | undefined): void {
    if (kind === undefined) return;
    const { path, listener } = read;
    if (read.watch === 'withdrawn') this.#owe(path, kind);
    else this.addOneShot({ kind, path, listener });
  }

  /** A read is over. Says what the server must disarm now, if anything: what was withdrawn while it was under way. */
  endRead(read: ArmingRead): WatcherType | undefined {
    const { path } = read;
    const reads = this.#arming.get(path);
    if (reads?.delete(read) !== true || reads.size > 0) return undefined;
    this.#arming.delete(path);
    return this.#settle(path);
  }

  /** Nobody waits for its answer any more, and nobody will be told by its watch. */
  abandonRead(read: ArmingRead): void {
    read.answer = 'abandoned';
    read.watch = 'withdrawn';
  }

  /**
   * Forgets a listener of one-shot watches, and of those that its reads under way are about to arm. Says what the
   * server must disarm for it, if anything: not where others listen, nor while a read under way may have armed another
   * watch behind our back: then the end of the read says so.
   */
  withdraw(path: string, listener: WatchListener): WatcherType | undefined {
    for (const read of this.#arming.get(path) ?? []) if (read.listener === listener) read.watch = 'withdrawn';
    for (const kind of ['children', 'data', 'absent'] as const) {
      if (this.#forget(kind, path, listener)) this.#owe(path, kind);
    }
    return this.#arming.has(path) ? undefined : this.#settle(path);
  }

  #owe(path: string, kind: OneShotKind): void {
    const owed = this.#owed.get(path) ?? new Set();
    this.#owed.set(path, owed.add(kind === 'children' ? kind : 'data'));
  }

  /** What the server must disarm of what it holds for nobody. */
  #settle(path: string): WatcherType | undefined {
    const owed = this.#owed.get(path);
    if (owed === undefined) return undefined;
    this.#owed.delete(path);
    const entry = this.#persistent.get(path);
    if (entry !== undefined) return this.#dropIfIdle(path, entry) ? 'any' : undefined;
    const isData = owed.has('data') && !this.#oneShots.data.has(path) && !this.#oneShots.absent.has(path);
    const isChildren = owed.has('children') && !this.#oneShots.children.has(path);
    if (isData) return isChildren ? 'any' : 'data';
    return isChildren ? 'children' : undefined;
  }

  #forget(kind: OneShotKind, path: string, listener: WatchListener): boolean {
    const listeners = this.#oneShots[kind].get(path);
    if (listeners?.delete(listener) !== true) return false;
    if (listeners.size === 0) this.#oneShots[kind].delete(path);
    return true;
  }

  /** Announces a listener; says which mode the server must be asked for. */
  want(path: string, mode: AddWatchMode): AddWatchMode {
    const entry = this.#entry(path);
    entry.wanted[mode] += 1;
    if (mode === 'persistent_recursive') this.#recursiveCount += 1;
    if (entry.sinceRemoval === undefined) return modeOf(entry.wanted);
    entry.sinceRemoval[mode] += 1;
    return modeOf(entry.sinceRemoval);
  }

  /** The server has armed what `want` announced: from now on the handle is told. */
  arm(path: string, { handle, mode }: { handle: WatchHandle; mode: AddWatchMode }): void {
    this.#entry(path).handles.set(handle, mode);
  }

  /**
   * Takes back what `want` announced. Says what is left for the server to hold at this path: a mode, or nothing.
   */
  unwant(path: string, { handle, mode }: { handle: WatchHandle; mode: AddWatchMode }): AddWatchMode | 'nothing' {
    const entry = this.#persistent.get(path);
    if (entry === undefined) return 'nothing';
    entry.handles.delete(handle);
    entry.wanted[mode] -= 1;
    if (mode === 'persistent_recursive') this.#recursiveCount -= 1;
    return this.#dropIfIdle(path, entry) ? 'nothing' : modeOf(entry.wanted);
  }

  /** One-shot watches that rely on the watch of this path keep it armed. */
  #dropIfIdle(path: string, entry: Persistent): boolean {
    if (entry.reserved > 0 || modesIn(entry.wanted) > 0 || this.#hasOneShot(path)) return false;
    this.#persistent.delete(path);
    return true;
  }

  /**
   * The server is asked to disarm all watches of this path: whatever is announced from now on is asked for behind that,
   * and needs a watch of its own. Call the returned function when the request has ended, whatever its end.
   */
  removing(path: string): () => void {
    const entry = this.#persistent.get(path);
    if (entry === undefined) return () => undefined;
    const since = { persistent: 0, persistent_recursive: 0 };
    entry.sinceRemoval = since;
    return () => {
      if (entry.sinceRemoval === since) entry.sinceRemoval = undefined;
    };
  }

  /**
   * The server has disarmed watches of this path: those armed until now hear nothing any more. Call it in the turn of
   * the answer: what is armed by a later one stays.
   */
  remove(path: string, type: WatcherType): void {
    if (type !== 'data') this.#oneShots.children.delete(path);
    if (type !== 'children') for (const kind of ['data', 'absent'] as const) this.#oneShots[kind].delete(path);
    const entry = this.#persistent.get(path);
    if (type !== 'any' || entry === undefined) return;
    for (const [handle, mode] of entry.handles) {
      entry.wanted[mode] -= 1;
      if (mode === 'persistent_recursive') this.#recursiveCount -= 1;
      handle.end();
    }
    entry.handles.clear();
    if (modesIn(entry.wanted) === 0) this.#persistent.delete(path);
  }

  /**
   * Everyone who must hear of this event, in the order of telling. One-shot watches are used up. A list rather than
   * calls: a listener may change the registry.
   */
  concerned(event: WatchedEvent): readonly Notice[] {
    const notices: Notice[] = [];
    const { type, path } = event;
    for (const kind of firedBy[type]) this.#fire(kind, event, notices);
    const entry = this.#persistent.get(path);
    if (entry !== undefined) tellAtPath(entry, event, notices);
    if (this.#recursiveCount > 0 && path !== '/' && type !== 'children_changed') this.#tellAbove(event, notices);
    return notices;
  }

  /** What must be armed at a server that does not know this connection's watches. */
  armed(): ArmedPaths {
    this.#forgetLastConnection();
    const byMode = (mode: AddWatchMode) =>
      [...this.#persistent].filter(([, entry]) => modeOf(entry.wanted) === mode).map(([path]) => path);
    return {
      data: [...this.#oneShots.data.keys()],
      absent: [...this.#oneShots.absent.keys()],
      children: [...this.#oneShots.children.keys()],
      persistent: byMode('persistent'),
      recursive: byMode('persistent_recursive'),
    };
  }

  /** What the server of the last connection held for nobody went with it, and so did answers nobody waits for. */
  #forgetLastConnection(): void {
    this.#owed.clear();
    for (const [path, reads] of this.#arming) {
      for (const read of reads) if (read.answer === 'abandoned') reads.delete(read);
      if (reads.size === 0) this.#arming.delete(path);
    }
  }

  /** The session is over: nobody will be told anything any more. */
  end(): void {
    for (const kind of Object.values(this.#oneShots)) kind.clear();
    const entries = [...this.#persistent.values()];
    this.#persistent.clear();
    this.#recursiveCount = 0;
    for (const entry of entries) for (const handle of entry.handles.keys()) handle.end();
  }

  #entry(path: string): Persistent {
    const known = this.#persistent.get(path);
    if (known !== undefined) return known;
    const fresh: Persistent = {
      wanted: { persistent: 0, persistent_recursive: 0 },
      handles: new Map(),
      reserved: 0,
      sinceRemoval: undefined,
    };
    this.#persistent.set(path, fresh);
    return fresh;
  }

  #hasOneShot(path: string): boolean {
    return Object.values(this.#oneShots).some((paths) => paths.has(path));
  }

  #fire(kind: OneShotKind, event: WatchedEvent, notices: Notice[]): void {
    const listeners = this.#oneShots[kind].get(event.path);
    if (listeners === undefined) return;
    this.#oneShots[kind].delete(event.path);
    for (const listener of listeners) notices.push({ listener, event });
  }

  #tellAbove(event: WatchedEvent, notices: Notice[]): void {
    const parent = parentPath(event.path);
    for (let path = parent; ; path = parentPath(path)) {
      const entry = this.#persistent.get(path);
      if (entry !== undefined && entry.wanted.persistent_recursive > 0) {
        if (path === parent && event.type !== 'data_changed') this.#tellChildrenChanged(entry, event, notices);
        for (const [handle, mode] of entry.handles) {
          if (mode === 'persistent_recursive') notices.push({ listener: handle.tell, event });
        }
      }
      if (path === '/') return;
    }
  }

  /** A recursive watch does not tell that the children of its own path changed: whoever asked for that is told here. */
  #tellChildrenChanged(entry: Persistent, child: WatchedEvent, notices: Notice[]): void {
    const event: WatchedEvent = { type: 'children_changed', path: parentPath(child.path), zxid: child.zxid };
    this.#fire('children', event, notices);
    for (const [handle, mode] of entry.handles) {
      if (mode === 'persistent') notices.push({ listener: handle.tell, event });
    }
  }
}

const anything: readonly OneShotKind[] = ['data', 'absent'];

/** Which one-shot watches an event uses up. */
const firedBy: Readonly<Record<WatchEventType, readonly OneShotKind[]>> = {
  none: [],
  created: anything,
  deleted: [...anything, 'children'],
  data_changed: anything,
  children_changed: ['children'],
  data_watch_removed: [],
  child_watch_removed: [],
  persistent_watch_removed: [],
};

function tellAtPath(entry: Persistent, event: WatchedEvent, notices: Notice[]): void {
  for (const [handle, mode] of entry.handles) {
    if (mode === 'persistent_recursive' && event.type === 'children_changed') continue;
    notices.push({ listener: handle.tell, event });
  }
}

function modesIn(wanted: Record<AddWatchMode, number>): number {
  return wanted.persistent + wanted.persistent_recursive;
}

/** What the server must hold: recursive when anyone wants it; persistent also where only one-shot watches are left. */
function modeOf(wanted: Record<AddWatchMode, number>): AddWatchMode {
  return wanted.persistent_recursive > 0 ? 'persistent_recursive' : 'persistent';
}
