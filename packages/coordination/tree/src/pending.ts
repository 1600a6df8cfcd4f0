import { noSession, parentPath, type SessionId } from '@reeve/wire';
import type { AccessList } from './access-list.ts';
import type { Lifetime, ZnodeId } from './store/znode-store.ts';
import type { Tree } from './tree.ts';
import type { ZnodeView } from './znode.ts';

/** Where a pending record is kept: under its znode's number, or under its path while there is no znode. */
type Key = ZnodeId | string;

/** A znode as it will be when every outstanding transaction has been applied. */
export class PendingZnode implements ZnodeView {
  key: Key;
  /** The last outstanding transaction that changes it; 0 while it is only looked at. */
  zxid = 0;
  presence: 'there' | 'gone' = 'there';
  acl: AccessList;
  readonly lifetime: Lifetime;
  readonly owner: SessionId;
  version = 0;
  aversion = 0;
  creates = 0;
  childCount = 0;

  constructor(key: Key, born: Birth) {
    this.key = key;
    this.acl = born.acl;
    this.lifetime = born.lifetime;
    this.owner = born.owner;
  }

  /** The record of a znode that lives already. */
  static of(key: Key, view: ZnodeView): PendingZnode {
    const znode = new PendingZnode(key, view);
    znode.version = view.version;
    znode.aversion = view.aversion;
    znode.creates = view.creates;
    znode.childCount = view.childCount;
    return znode;
  }
}

/** What a pending znode is born with. */
type Birth = Pick<ZnodeView, 'acl' | 'lifetime' | 'owner'>;

/** That a transaction changed a record. */
interface Touch {
  readonly zxid: number;
  readonly znode: PendingZnode;
  /** Inside a multi, which may fail: what the record said before, if it was one. */
  readonly before: PendingZnode | undefined;
  /** The record that had been kept under the same path. */
  readonly replaced: PendingZnode | undefined;
}

/** Touches done with are cut off when there are this many of them. */
const DONE_MAX = 1024;

/**
 * What outstanding transactions will change, laid over what is there. `prepare` must see both: the next sequence number,
 * for one, depends on creates that are not on disk yet.
 */
export class Pending {
  readonly #tree: Tree;
  readonly #changed = new Map<ZnodeId, PendingZnode>();
  /** What is not in the tree yet, or there again after it will have gone. */
  readonly #created = new Map<string, PendingZnode>();
  /** Whether some of it may be gone again: only then can another take its path. */
  #someGone: 'no' | 'perhaps' = 'no';
  readonly #ephemerals = new Map<SessionId, Set<string>>();
  /** In the order of transactions: when one is applied, what nobody touched after it is forgotten. */
  #touches: Touch[] = [];
  #done = 0;
  #mode: 'single' | 'multi' = 'single';

  constructor(tree: Tree) {
    this.#tree = tree;
  }

  /** Whether the tree should take nothing more. */
  get isFull(): boolean {
    return this.#tree.isFull;
  }

  /** How many znodes differ from what is there. */
  get size(): number {
    return this.#changed.size + this.#created.size;
  }

  /** Ephemerals of a session that outstanding transactions will create; some may be gone again. */
  ephemeralsOf(session: SessionId): Iterable<string> {
    return this.#ephemerals.get(session) ?? [];
  }

  /** The znode at a path. Its record may be changed after `change`. */
  get(path: string): PendingZnode | undefined {
    const znode = this.#tree.get(path);
    if (znode === undefined) return this.#unborn(path);
    const known = this.#changed.get(znode.id);
    if (known === undefined) return PendingZnode.of(znode.id, znode);
    return known.presence === 'there' ? known : this.#unborn(path);
  }

  /** The parent of the znode that is, or may be, at a path. */
  parent(path: string): PendingZnode | undefined {
    const znode = this.#tree.parent(path);
    if (znode === undefined) return this.#unborn(parentPath(path));
    const known = this.#changed.get(znode.id);
    if (known === undefined) return PendingZnode.of(znode.id, znode);
    return known.presence === 'there' ? known : this.#unborn(parentPath(path));
  }

  /** The znode at a path whose parent's record is at hand. */
  child(parent: PendingZnode, path: string): PendingZnode | undefined {
    const { key } = parent;
    const znode = typeof key === 'string' ? undefined : this.#tree.child(key, path);
    if (znode === undefined) return this.#unborn(path);
    const known = this.#changed.get(znode.id);
    if (known === undefined) return PendingZnode.of(znode.id, znode);
    return known.presence === 'there' ? known : this.#unborn(path);
  }

  /** Notes that `zxid` will change a znode, whose record is the caller's to change now. */
  change(znode: PendingZnode, zxid: number): PendingZnode {
    if (znode.zxid === zxid) return znode;
    const isKnown = znode.zxid !== 0;
    const before = isKnown && this.#mode === 'multi' ? PendingZnode.of(znode.key, znode) : undefined;
    if (before !== undefined) before.zxid = znode.zxid;
    if (!isKnown) this.#changed.set(znode.key as ZnodeId, znode);
    znode.zxid = zxid;
    this.#touches.push({ zxid, znode, before, replaced: undefined });
    return znode;
  }

  /** Notes that `zxid` will create a znode. */
  create(path: string, zxid: number, born: Birth): void {
    const znode = new PendingZnode(path, born);
    znode.zxid = zxid;
    const replaced = this.#keepCreated(path, znode);
    this.#touches.push({ zxid, znode, before: undefined, replaced });
  }

  /** Notes that `zxid` will delete a znode. */
  delete(znode: PendingZnode, zxid: number): void {
    this.change(znode, zxid).presence = 'gone';
    if (typeof znode.key === 'string') this.#someGone = 'perhaps';
  }

  /** Forgets what nobody touched after `zxid`, now that the tree has everything up to it. */
  applied(zxid: number): void {
    let next = this.#touches[this.#done];
    while (next !== undefined && next.zxid <= zxid) {
      this.#done += 1;
      if (next.znode.zxid === next.zxid) this.#forget(next.znode);
      else if (typeof next.znode.key === 'string') this.#born(next.znode, next.znode.key);
      next = this.#touches[this.#done];
    }
    if (next !== undefined && this.#done < DONE_MAX) return;
    if (next === undefined) this.#someGone = 'no';
    this.#touches = next === undefined ? [] : this.#touches.slice(this.#done);
    this.#done = 0;
  }

  /** Begins a multi, which may have to be undone: pass what it returns to `undoMulti`. */
  beginMulti(): number {
    this.#mode = 'multi';
    return this.#touches.length;
  }

  /** Takes back everything noted since `beginMulti`. */
  undoMulti(start: number): void {
    while (this.#touches.length > start) {
      const touch = this.#touches.pop() as Touch;
      if (touch.replaced !== undefined) this.#keepCreated(touch.znode.key as string, touch.replaced);
      else if (touch.before !== undefined) Object.assign(touch.znode, touch.before);
      else this.#forget(touch.znode);
    }
  }

  endMulti(): void {
    this.#mode = 'single';
  }

  /** Forgets everything: no outstanding transaction will be applied. */
  clear(): void {
    this.#changed.clear();
    this.#created.clear();
    this.#ephemerals.clear();
    this.#touches = [];
    this.#done = 0;
  }

  #unborn(path: string): PendingZnode | undefined {
    const created = this.#created.get(path);
    return created?.presence === 'there' ? created : undefined;
  }

  #forget(znode: PendingZnode): void {
    const { key } = znode;
    if (typeof key !== 'string') this.#changed.delete(key);
    else if (this.#created.get(key) === znode) this.#forgetCreated(key, znode.owner);
  }

  /** Keeps a record under its path, in the place of another, which is returned. */
  #keepCreated(path: string, znode: PendingZnode): PendingZnode | undefined {
    const replaced = this.#someGone === 'no' ? undefined : this.#created.get(path);
    if (replaced !== undefined) this.#disown(path, replaced.owner);
    this.#created.set(path, znode);
    const { owner } = znode;
    if (owner === noSession) return replaced;
    const paths = this.#ephemerals.get(owner);
    if (paths === undefined) this.#ephemerals.set(owner, new Set([path]));
    else paths.add(path);
    return replaced;
  }

  #forgetCreated(path: string, owner: SessionId): void {
    this.#created.delete(path);
    this.#disown(path, owner);
  }

  #disown(path: string, owner: SessionId): void {
    if (owner === noSession) return;
    const paths = this.#ephemerals.get(owner);
    paths?.delete(path);
    if (paths?.size === 0) this.#ephemerals.delete(owner);
  }

  /** A znode that will be changed again is in the tree now. */
  #born(znode: PendingZnode, path: string): void {
    if (this.#created.get(path) === znode) this.#forgetCreated(path, znode.owner);
    const applied = this.#tree.get(path);
    if (applied === undefined) return;
    znode.key = applied.id;
    this.#changed.set(applied.id, znode);
  }
}
