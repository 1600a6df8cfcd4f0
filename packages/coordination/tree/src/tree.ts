import { invariant } from '@reeve/base';
import { baseName, noSession, parentPath, type SessionId } from '@reeve/wire';
import { openList, readOnlyList } from './access-list.ts';
import { Znode } from './znode.ts';

/** The znodes that every tree has and that nobody may delete. */
export const reservedPaths: ReadonlySet<string> = new Set(['/', '/zookeeper', '/zookeeper/quota', '/zookeeper/config']);

const NO_PATHS: ReadonlySet<string> = new Set();

/**
 * The znodes by path, with the indexes that follow from them, and the open sessions: all that agreement is about.
 * Only `apply` and a snapshot being loaded change it.
 */
export class Tree {
  /** Time-outs of the open sessions, milliseconds. */
  readonly sessions = new Map<SessionId, number>();
  /** The last transaction applied; 0 in a new tree. */
  lastZxid = 0;
  // In order of creation, so that a parent comes before its children and a snapshot knows where to stop.
  readonly #znodes = new Map<string, Znode>();
  readonly #ephemerals = new Map<SessionId, Set<string>>();
  readonly #containers = new Set<string>();
  readonly #mortals = new Set<string>();
  #dataBytes = 0;

  constructor() {
    for (const path of reservedPaths) this.insert(path, reserved(path));
  }

  get(path: string): Znode | undefined {
    return this.#znodes.get(path);
  }

  /** How many znodes there are. */
  get size(): number {
    return this.#znodes.size;
  }

  /** What paths and data take together, bytes; the overhead of znodes is not in it. */
  get approximateDataBytes(): number {
    return this.#dataBytes;
  }

  /** Every znode with its path, in order of creation. May be walked while the tree changes. */
  entries(): MapIterator<[string, Znode]> {
    return this.#znodes.entries();
  }

  /** The ephemerals of a session. */
  ephemeralsOf(session: SessionId): ReadonlySet<string> {
    return this.#ephemerals.get(session) ?? NO_PATHS;
  }

  /** The sessions that own ephemerals, with their paths. */
  get ephemerals(): ReadonlyMap<SessionId, ReadonlySet<string>> {
    return this.#ephemerals;
  }

  /** The paths of the containers. */
  get containers(): ReadonlySet<string> {
    return this.#containers;
  }

  /** The paths of the znodes with a time to live. */
  get mortals(): ReadonlySet<string> {
    return this.#mortals;
  }

  /** Adds a znode whose parent is there, or the root. */
  insert(path: string, znode: Znode): void {
    if (path !== '/') this.#adopt(path);
    this.#znodes.set(path, znode);
    this.#dataBytes += path.length + (znode.data?.length ?? 0);
    if (znode.lifetime === 'ephemeral') this.#own(znode.owner, path);
    else if (znode.lifetime === 'container') this.#containers.add(path);
    else if (znode.lifetime === 'ttl') this.#mortals.add(path);
  }

  /** Takes a znode away; its children must have gone before. */
  remove(path: string, znode: Znode): void {
    this.#znodes.delete(path);
    this.#dataBytes -= path.length + (znode.data?.length ?? 0);
    this.#znodes.get(parentPath(path))?.children?.delete(baseName(path));
    if (znode.lifetime === 'ephemeral') this.#disown(znode.owner, path);
    else if (znode.lifetime === 'container') this.#containers.delete(path);
    else if (znode.lifetime === 'ttl') this.#mortals.delete(path);
  }

  /** Gives a znode other data. */
  replaceData(znode: Znode, data: Znode['data']): void {
    this.#dataBytes += (data?.length ?? 0) - (znode.data?.length ?? 0);
    znode.data = data;
  }

  /** Forgets everything, the reserved znodes included: what a snapshot is loaded into. */
  clear(): void {
    this.#znodes.clear();
    this.#ephemerals.clear();
    this.#containers.clear();
    this.#mortals.clear();
    this.sessions.clear();
    this.#dataBytes = 0;
    this.lastZxid = 0;
  }

  #adopt(path: string): void {
    const parent = this.#znodes.get(parentPath(path));
    invariant(parent !== undefined, `the parent of ${path} is there`);
    parent.children ??= new Set();
    parent.children.add(baseName(path));
  }

  #own(session: SessionId, path: string): void {
    const paths = this.#ephemerals.get(session);
    if (paths === undefined) this.#ephemerals.set(session, new Set([path]));
    else paths.add(path);
  }

  #disown(session: SessionId, path: string): void {
    const paths = this.#ephemerals.get(session);
    paths?.delete(path);
    if (paths?.size === 0) this.#ephemerals.delete(session);
  }
}

function reserved(path: string): Znode {
  const isConfig = path === '/zookeeper/config';
  const acl = isConfig ? readOnlyList : openList;
  const birth = { data: '', acl, lifetime: 'persistent', owner: noSession, ttlMs: 0, czxid: 0, ctimeMs: 0 } as const;
  const znode = new Znode(birth);
  // As ZooKeeper shows it: its list is set once, to version -1.
  if (isConfig) znode.aversion = -1;
  return znode;
}
