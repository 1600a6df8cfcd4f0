import { noSession, type Octets, type SessionId, Span } from '@reeve/wire';
import { openList, readOnlyList } from './access-list.ts';
import { Quotas } from './quotas.ts';
import { addChild, findChild, findParent, lastSlash, pathOf, SLASH } from './store/paths.ts';
import { RecentPaths } from './store/recent-paths.ts';
import { type ZnodeId, ZnodeStore } from './store/znode-store.ts';
import { Znode, type ZnodeBirth } from './znode.ts';

/** What is no path: nothing begins with it. */
const NO_PATH = '\0';

/** The znodes that every tree has and that nobody may delete. */
export const reservedPaths: ReadonlySet<string> = new Set(['/', '/zookeeper', '/zookeeper/quota', '/zookeeper/config']);

/**
 * The znodes by path, with the indexes that follow from them, and the open sessions: all that agreement is about.
 * Only `apply` and a snapshot being loaded change it.
 */
export class Tree {
  /** Time-outs of the open sessions, milliseconds. */
  readonly sessions = new Map<SessionId, number>();
  /** The last transaction applied; 0 in a new tree. */
  lastZxid = 0;
  /** What is set on subtrees, and in use there. */
  readonly quotas = new Quotas(this);
  /** How often it was emptied: what was begun before that is about another tree. */
  clearings = 0;
  #isWhole = true;
  #store = new ZnodeStore();
  readonly #ephemerals = new Map<SessionId, Set<ZnodeId>>();
  readonly #containers = new Set<ZnodeId>();
  #dataBytes = 0;
  /** What was looked for last: whoever changes a znode is told of it next. */
  #foundPath: string | undefined;
  #foundId: ZnodeId = 0;
  readonly #recent = new RecentPaths();
  /** The parent that was looked for last: requests for its children come in a row. */
  #parentPath = NO_PATH;
  #parentId: ZnodeId = 0;

  constructor() {
    for (const path of reservedPaths) this.#reserve(path);
    this.loaded();
  }

  /** The znode at a path. */
  get(path: string): Znode | undefined {
    if (path !== this.#foundPath) {
      this.#foundId = this.#find(path);
      this.#foundPath = path;
    }
    return this.#look(this.#foundId);
  }

  /** The parent of the znode that is, or may be, at a path. */
  parent(path: string): Znode | undefined {
    return this.#look(this.#findParent(path));
  }

  /** The child of a znode, by its id, that has the last name of a path. */
  child(parent: ZnodeId, path: string): Znode | undefined {
    return this.#look(findChild(this.#store, parent, path));
  }

  /** The path of a znode. */
  path(znode: Znode): string {
    return pathOf(this.#store, znode.id);
  }

  /** How many znodes there are. */
  get size(): number {
    return this.#store.size + 1;
  }

  /** Whether every znode has its parent, and so a path: not while a snapshot is loaded. */
  get isWhole(): boolean {
    return this.#isWhole;
  }

  /** What paths and data take together, bytes; the overhead of znodes is not in it. */
  get approximateDataBytes(): number {
    return this.#dataBytes;
  }

  /** Whether there is so little room for names and data that nothing should be added. */
  get isFull(): boolean {
    return this.#store.heap.isNearlyFull;
  }

  /** Every znode, in no order that means anything. May be walked while the tree changes: what is created then may be missed. */
  *znodes(): Generator<Znode> {
    const store = this.#store;
    const { end } = store.births;
    for (let id = 1; id < end; id += 1) if (store.isLive(id)) yield new Znode(this.#store, id);
  }

  /** The paths of a session's ephemerals; only those are made that are taken. */
  *ephemeralsOf(session: SessionId): Generator<string, undefined> {
    for (const id of this.#ephemerals.get(session) ?? []) yield pathOf(this.#store, id);
  }

  /** The sessions that own ephemerals. */
  owners(): MapIterator<SessionId> {
    return this.#ephemerals.keys();
  }

  /** How many ephemerals there are. */
  get ephemerals(): number {
    return this.#store.owners.size;
  }

  /** The znodes that end by themselves: containers, and those with a time to live. May be walked while the tree changes. */
  *mortals(): Generator<Znode> {
    for (const id of this.#containers) yield new Znode(this.#store, id);
    for (const id of this.#store.ttls.keys()) yield new Znode(this.#store, id);
  }

  /** Adds a child, which is not there, to a znode. */
  create(parent: Znode, path: string, born: ZnodeBirth): void {
    const id = addChild(this.#store, parent.id, path, born);
    this.#foundPath = path;
    this.#foundId = id;
    this.#register(id, born);
    this.#dataBytes += this.#store.pathLength(id) + (born.data?.length ?? 0);
  }

  /** Takes a znode without children away. */
  remove(znode: Znode, path: string): void {
    const { id } = znode;
    this.#dataBytes -= this.#store.pathLength(id) + znode.dataLength;
    this.#unregister(znode);
    this.#store.remove(id);
    this.#foundPath = undefined;
    this.#recent.forget(path);
    if (id === this.#parentId) this.#parentPath = NO_PATH;
  }

  /** Gives a znode other data. */
  replaceData(znode: Znode, data: ZnodeBirth['data']): void {
    this.#dataBytes += (data?.length ?? 0) - znode.dataLength;
    this.#store.replaceData(znode.id, data);
  }

  /** Forgets everything, the reserved znodes included: what a snapshot is loaded into. The first to come is the root. */
  clear(): void {
    this.clearings += 1;
    this.#isWhole = false;
    this.#store = new ZnodeStore();
    this.#recent.clear();
    this.#ephemerals.clear();
    this.#containers.clear();
    this.sessions.clear();
    this.#dataBytes = 0;
    this.lastZxid = 0;
  }

  /** Adds the root, or a znode that `link` will give its parent. */
  load(name: Octets, born: ZnodeBirth): Znode {
    const id = this.#store.addOrphan(name, born);
    this.#register(id, born);
    return new Znode(this.#store, id);
  }

  /** Makes a znode that was loaded the child of another. */
  link(id: ZnodeId, parent: ZnodeId): void {
    this.#store.adopt(id, parent);
  }

  /** Takes a znode away that was loaded, with all below it. */
  prune(id: ZnodeId): void {
    const branch = [id];
    for (const at of branch) for (const child of this.#store.children(at)) branch.push(child);
    for (const at of branch.reverse()) {
      this.#unregister(new Znode(this.#store, at));
      this.#store.remove(at);
    }
  }

  /** Says that every znode is loaded and linked. */
  loaded(): void {
    this.#isWhole = true;
    this.#foundPath = undefined;
    this.#recent.clear();
    this.#parentPath = NO_PATH;
    this.#dataBytes = 0;
    for (const znode of this.znodes()) this.#dataBytes += this.#store.pathLength(znode.id) + znode.dataLength;
    this.quotas.reload();
  }

  #find(path: string): ZnodeId {
    const known = this.#recent.get(path);
    if (known !== 0) return known;
    const id = this.#search(path);
    if (id !== 0) this.#recent.note(path, id);
    return id;
  }

  #search(path: string): ZnodeId {
    // Nothing has an empty name, and so no path a slash in its second place.
    const parent = path.charCodeAt(1) === SLASH ? 0 : this.#findParent(path);
    return parent === 0 ? 0 : findChild(this.#store, parent, path);
  }

  #findParent(path: string): ZnodeId {
    const slash = lastSlash(path);
    if (slash === this.#parentPath.length && path.startsWith(this.#parentPath)) return this.#parentId;
    const id = findParent(this.#store, path);
    if (id === 0) return 0;
    this.#parentPath = path.slice(0, slash);
    this.#parentId = id;
    return id;
  }

  #look(id: ZnodeId): Znode | undefined {
    return id === 0 ? undefined : new Znode(this.#store, id);
  }

  #register(id: ZnodeId, { lifetime, owner, ttlMs }: ZnodeBirth): void {
    if (lifetime === 'persistent') return;
    if (lifetime === 'container') this.#containers.add(id);
    else if (lifetime === 'ttl') this.#store.ttls.set(id, ttlMs);
    else this.#own(owner, id);
  }

  #unregister({ id, lifetime }: Znode): void {
    if (lifetime === 'persistent') return;
    if (lifetime === 'container') this.#containers.delete(id);
    else if (lifetime === 'ttl') this.#store.ttls.delete(id);
    else this.#disown(id);
  }

  #own(session: SessionId, id: ZnodeId): void {
    this.#store.owners.set(id, session);
    const owned = this.#ephemerals.get(session);
    if (owned === undefined) this.#ephemerals.set(session, new Set([id]));
    else owned.add(id);
  }

  #disown(id: ZnodeId): void {
    const session = this.#store.owners.get(id) ?? noSession;
    this.#store.owners.delete(id);
    const owned = this.#ephemerals.get(session);
    owned?.delete(id);
    if (owned?.size === 0) this.#ephemerals.delete(session);
  }

  #reserve(path: string): void {
    const isConfig = path === '/zookeeper/config';
    const acl = isConfig ? readOnlyList : openList;
    const data = Span.of(Buffer.alloc(0));
    const born = { data, acl, lifetime: 'persistent', owner: noSession, ttlMs: 0, czxid: 0, ctimeMs: 0 } as const;
    const parent = this.parent(path);
    if (path === '/' || parent === undefined) this.load('', born);
    else this.create(parent, path, born);
    // As ZooKeeper shows it: its list is set once, to version -1.
    const znode = this.get(path);
    if (isConfig && znode !== undefined) znode.aversion = -1;
  }
}
