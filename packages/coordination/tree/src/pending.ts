import { noSession, parentPath, type SessionId } from '@reeve/wire';
import { openList } from './access-list.ts';
import { type Birth, PendingZnode } from './pending-znode.ts';
import { RecordTable } from './record-table.ts';
import type { ZnodeId } from './store/znode-store.ts';
import type { Tree } from './tree.ts';
import { Unborn } from './unborn.ts';
import type { Znode } from './znode.ts';

/** How a multi, which may fail, undoes a touch that did more than add a record. */
interface Undo {
  /** The place of the touch. */
  readonly touch: number;
  /** Whether the record said something else before, or another had been kept under its path. */
  readonly kind: 'changed' | 'replaced';
  readonly was: PendingZnode;
}

/** Touches done with are cut off when there are this many of them, and they are the most. */
const DONE_MAX = 1024;
/** Records kept for those to come. */
const SPARE_MAX = 32_768;

/**
 * What outstanding transactions will change, laid over what is there. `prepare` must see both: the next sequence number,
 * for one, depends on creates that are not on disk yet.
 */
export class Pending {
  readonly #tree: Tree;
  /** By the numbers of their znodes. */
  readonly #changed = new RecordTable();
  /** What is not in the tree yet, or there again after it will have gone. */
  readonly #created = new Unborn();
  /** Whether some of it may be gone again: only then can another take its path. */
  #someGone: 'no' | 'perhaps' = 'no';
  readonly #ephemerals = new Map<SessionId, Set<string>>();
  /** In the order of transactions, which changed what: when one is applied, what nobody touched after it is forgotten. */
  #touching: number[] = [];
  #touched: PendingZnode[] = [];
  #done = 0;
  /** Records that were forgotten: one that is used again need not be moved about by the garbage collector. */
  readonly #spare: PendingZnode[] = [];
  /** Of the multi that is being prepared. */
  readonly #undos: Undo[] = [];
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
    const record = this.#record(znode);
    return record.presence === 'there' ? record : this.#unborn(path);
  }

  /** The parent of the znode that is, or may be, at a path. */
  parent(path: string): PendingZnode | undefined {
    const znode = this.#tree.parent(path);
    if (znode === undefined) return this.#unborn(parentPath(path));
    const record = this.#record(znode);
    return record.presence === 'there' ? record : this.#unborn(parentPath(path));
  }

  /** The znode at a path whose parent's record is at hand. */
  child(parent: PendingZnode, path: string): PendingZnode | undefined {
    const { key } = parent;
    const znode = typeof key === 'string' ? undefined : this.#tree.child(key, path);
    if (znode === undefined) return this.#unborn(path);
    const record = this.#record(znode);
    return record.presence === 'there' ? record : this.#unborn(path);
  }

  /** Notes that `zxid` will change a znode, whose record is the caller's to change now. */
  change(znode: PendingZnode, zxid: number): PendingZnode {
    if (znode.zxid === zxid) return znode;
    const isKnown = znode.zxid !== 0;
    const before = isKnown && this.#mode === 'multi' ? new PendingZnode(znode.key, znode).restore(znode) : undefined;
    if (!isKnown) this.#changed.add(znode, znode.key as ZnodeId);
    znode.zxid = zxid;
    if (before !== undefined) this.#undos.push({ touch: this.#touched.length, kind: 'changed', was: before });
    this.#touch(znode);
    return znode;
  }

  /** Notes that `zxid` will create a znode. */
  create(path: string, zxid: number, born: Birth): void {
    const znode = this.#fresh(path, born);
    znode.zxid = zxid;
    const replaced = this.#keepCreated(path, znode);
    if (replaced !== undefined && this.#mode === 'multi') {
      this.#undos.push({ touch: this.#touched.length, kind: 'replaced', was: replaced });
    }
    this.#touch(znode);
  }

  /** Notes that `zxid` will delete a znode. */
  delete(znode: PendingZnode, zxid: number): void {
    this.change(znode, zxid).presence = 'gone';
    if (typeof znode.key === 'string') this.#someGone = 'perhaps';
  }

  /** Forgets what nobody touched after `zxid`, now that the tree has everything up to it. */
  applied(zxid: number): void {
    const touches = this.#touching.length;
    while (this.#done < touches && (this.#touching[this.#done] as number) <= zxid) {
      this.#settle(this.#touched[this.#done] as PendingZnode, this.#touching[this.#done] as number);
      this.#done += 1;
    }
    if (this.#done === touches) {
      this.#someGone = 'no';
      this.#dropTouches();
    } else if (this.#done >= DONE_MAX && this.#done * 2 > touches) {
      this.#touching = this.#touching.slice(this.#done);
      this.#touched = this.#touched.slice(this.#done);
      this.#done = 0;
    }
  }

  /** Begins a multi, which may have to be undone: pass what it returns to `undoMulti`. */
  beginMulti(): number {
    this.#mode = 'multi';
    return this.#touched.length;
  }

  /** Takes back everything noted since `beginMulti`. */
  undoMulti(start: number): void {
    while (this.#touched.length > start) {
      const znode = this.#touched.pop() as PendingZnode;
      this.#touching.pop();
      const undo = this.#undos.at(-1)?.touch === this.#touched.length ? this.#undos.pop() : undefined;
      if (undo === undefined) this.#forget(znode);
      else if (undo.kind === 'changed') znode.restore(undo.was);
      else this.#keepCreated(znode.key as string, undo.was);
    }
  }

  endMulti(): void {
    this.#mode = 'single';
    this.#undos.length = 0;
  }

  /** Forgets everything: no outstanding transaction will be applied. */
  clear(): void {
    this.#changed.clear();
    this.#created.clear();
    this.#ephemerals.clear();
    this.#dropTouches();
  }

  /** The record of a znode that is there: the one that is kept, or one to be looked at, and kept when it is changed. */
  #record(znode: Znode): PendingZnode {
    return this.#changed.first(znode.id) ?? this.#fresh(znode.id, znode).lookLike(znode);
  }

  #fresh(key: ZnodeId | string, born: Birth): PendingZnode {
    return this.#spare.pop()?.reuse(key, born) ?? new PendingZnode(key, born);
  }

  #touch(znode: PendingZnode): void {
    this.#touching.push(znode.zxid);
    this.#touched.push(znode);
  }

  #dropTouches(): void {
    this.#touching = [];
    this.#touched = [];
    this.#done = 0;
  }

  /** A transaction that touched a record has been applied. */
  #settle(znode: PendingZnode, zxid: number): void {
    if (znode.zxid === zxid) {
      this.#forget(znode);
      this.#spareOne(znode);
    } else if (typeof znode.key === 'string') this.#born(znode, znode.key);
  }

  #unborn(path: string): PendingZnode | undefined {
    const created = this.#created.get(path);
    return created?.presence === 'there' ? created : undefined;
  }

  #forget(znode: PendingZnode): void {
    const { key } = znode;
    if (typeof key !== 'string') this.#changed.remove(znode);
    else if (this.#created.remove(znode)) this.#disown(key, znode.owner);
  }

  /** Keeps a record for another znode, and nothing that it refers to. */
  #spareOne(znode: PendingZnode): void {
    if (this.#spare.length >= SPARE_MAX) return;
    znode.key = '';
    znode.acl = openList;
    this.#spare.push(znode);
  }

  /** Keeps a record under its path, in the place of another, which is returned. */
  #keepCreated(path: string, znode: PendingZnode): PendingZnode | undefined {
    const replaced = this.#someGone === 'no' ? undefined : this.#created.get(path);
    if (replaced !== undefined && this.#created.remove(replaced)) this.#disown(path, replaced.owner);
    this.#created.add(znode, path);
    const { owner } = znode;
    if (owner === noSession) return replaced;
    const paths = this.#ephemerals.get(owner);
    if (paths === undefined) this.#ephemerals.set(owner, new Set([path]));
    else paths.add(path);
    return replaced;
  }

  #disown(path: string, owner: SessionId): void {
    if (owner === noSession) return;
    const paths = this.#ephemerals.get(owner);
    paths?.delete(path);
    if (paths?.size === 0) this.#ephemerals.delete(owner);
  }

  /** A znode that will be changed again is in the tree now. */
  #born(znode: PendingZnode, path: string): void {
    if (this.#created.remove(znode)) this.#disown(path, znode.owner);
    const applied = this.#tree.get(path);
    if (applied === undefined) return;
    znode.key = applied.id;
    this.#changed.add(znode, applied.id);
  }
}
