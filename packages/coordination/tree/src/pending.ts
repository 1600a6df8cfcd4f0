import { noSession, type SessionId } from '@reeve/wire';
import type { AccessList } from './access-list.ts';
import type { Lifetime, ZnodeView } from './znode.ts';

/** Where `prepare` looks znodes up. */
export interface ZnodeSource {
  get(path: string): ZnodeView | undefined;
}

/** A znode as it will be when every outstanding transaction has been applied. */
export class PendingZnode implements ZnodeView {
  /** The last outstanding transaction that changes it. */
  zxid: number;
  presence: 'there' | 'gone' = 'there';
  acl: AccessList;
  readonly lifetime: Lifetime;
  readonly owner: SessionId;
  version: number;
  aversion: number;
  creates: number;
  childCount: number;

  constructor(zxid: number, like: ZnodeView) {
    this.zxid = zxid;
    this.acl = like.acl;
    this.lifetime = like.lifetime;
    this.owner = like.owner;
    this.version = like.version;
    this.aversion = like.aversion;
    this.creates = like.creates;
    this.childCount = like.childCount;
  }
}

/**
 * What outstanding transactions will change, laid over what is there. `prepare` must see both: the next sequence number,
 * for one, depends on creates that are not on disk yet.
 */
export class Pending implements ZnodeSource {
  readonly #below: ZnodeSource;
  readonly #changed = new Map<string, PendingZnode>();
  readonly #ephemerals = new Set<string>();

  constructor(below: ZnodeSource) {
    this.#below = below;
  }

  /** How many znodes differ from what is there. */
  get size(): number {
    return this.#changed.size;
  }

  get(path: string): ZnodeView | undefined {
    const changed = this.#changed.get(path);
    if (changed === undefined) return this.#below.get(path);
    return changed.presence === 'there' ? changed : undefined;
  }

  /** The record of a znode that `zxid` will change, to be changed by the caller. `view` is what `get` said. */
  change(path: string, view: ZnodeView, zxid: number): PendingZnode {
    const known = this.#changed.get(path);
    if (known !== undefined && known === view) {
      known.zxid = zxid;
      return known;
    }
    const fresh = new PendingZnode(zxid, view);
    this.#changed.set(path, fresh);
    return fresh;
  }

  /** Notes that `zxid` will create a znode. */
  create(path: string, zxid: number, born: Pick<ZnodeView, 'acl' | 'lifetime' | 'owner'>): void {
    const { acl, lifetime, owner } = born;
    const like = { acl, lifetime, owner, version: 0, aversion: 0, creates: 0, childCount: 0 };
    this.#changed.set(path, new PendingZnode(zxid, like));
    if (owner !== noSession) this.#ephemerals.add(path);
  }

  /** Notes that `zxid` will delete a znode. */
  delete(path: string, view: ZnodeView, zxid: number): void {
    this.change(path, view, zxid).presence = 'gone';
  }

  /** Ephemerals that outstanding transactions will create; some may be gone again. */
  get ephemerals(): ReadonlySet<string> {
    return this.#ephemerals;
  }

  /** Forgets what `zxid` changed at a path, now that the tree has it, unless a later transaction changes it again. */
  release(path: string, zxid: number): void {
    if (this.#changed.size === 0 || this.#changed.get(path)?.zxid !== zxid) return;
    this.#changed.delete(path);
    this.#ephemerals.delete(path);
  }

  /** Takes over what a layer above this one gathered. */
  absorb(layer: Pending): void {
    for (const [path, record] of layer.#changed) this.#changed.set(path, record);
    for (const path of layer.#ephemerals) this.#ephemerals.add(path);
  }

  /** Forgets everything: no outstanding transaction will be applied. */
  clear(): void {
    this.#changed.clear();
    this.#ephemerals.clear();
  }
}
