import { unreachable } from '@reeve/base';
import { noSession, parentPath, type SessionId, type WatchEventType } from '@reeve/wire';
import type { AccessList } from './access-list.ts';
import type { Tree } from './tree.ts';
import type { Txn, TxnOrigin, TxnPart } from './txn.ts';

/** The changes that a watch can tell of. */
export type ChangeType = Extract<WatchEventType, 'created' | 'deleted' | 'data_changed' | 'children_changed'>;

/** Is told what a transaction does, while it does it. */
export interface ApplyObserver {
  /** Whether the tree may hold more than what precedes a transaction: a log is replayed over a snapshot. */
  readonly replaying: boolean;
  /** Whether anybody watches: `changed` need not be told otherwise. */
  readonly watching: boolean;
  /**
   * A znode changed; the events of a change come before those of the next. `acl` is the znode's own: who may not read
   * it is not to be told (CVE-2024-23944).
   */
  changed(type: ChangeType, path: string, acl: AccessList): void;
  /** A part of a multi is done, and the next is not begun. */
  partApplied(part: TxnPart, position: number): void;
}

/** Where a transaction stands in the agreed order, and where it came from. */
export interface NumberedOrigin extends TxnOrigin {
  readonly zxid: number;
}

/** For a log that is replayed: nobody watches. */
export const nobody: ApplyObserver = {
  replaying: true,
  watching: false,
  changed: () => undefined,
  partApplied: () => undefined,
};

/**
 * Does what a transaction says. It never refuses, and may be repeated on a tree that has seen it and later ones, if those
 * are repeated too: that is how a log is replayed over a snapshot that was taken while the tree changed.
 */
export function apply(tree: Tree, origin: NumberedOrigin, txn: Txn, observer: ApplyObserver): void {
  switch (txn.kind) {
    case 'multi':
      applyParts(tree, origin, txn.parts, observer);
      break;
    case 'create_session':
      tree.sessions.set(origin.session, txn.timeoutMs);
      break;
    case 'close_session':
      closeSession(tree, origin, txn.ephemerals, observer);
      break;
    case 'refused':
      break;
    default:
      applyPart(tree, origin, txn, observer);
  }
  if (origin.zxid > tree.lastZxid) tree.lastZxid = origin.zxid;
}

function applyParts(tree: Tree, origin: NumberedOrigin, parts: readonly TxnPart[], observer: ApplyObserver): void {
  for (let position = 0; position < parts.length; position += 1) {
    const part = parts[position] as TxnPart;
    applyPart(tree, origin, part, observer);
    observer.partApplied(part, position);
  }
}

function applyPart(tree: Tree, origin: NumberedOrigin, part: TxnPart, observer: ApplyObserver): void {
  switch (part.kind) {
    case 'create':
      return createZnode(tree, origin, part, observer);
    case 'delete':
      return deleteZnode(tree, origin.zxid, part.path, observer);
    case 'set_data':
      return setData(tree, origin, part, observer);
    case 'set_acl':
      return setAcl(tree, part);
    case 'check':
      return;
    default:
      return unreachable(part);
  }
}

type PartOf<K extends TxnPart['kind']> = Extract<TxnPart, { kind: K }>;

function createZnode(tree: Tree, origin: NumberedOrigin, part: PartOf<'create'>, observer: ApplyObserver): void {
  const { path, data, acl, lifetime, ttlMs, parentCreates } = part;
  const parent = tree.parent(path);
  // Replayed: the parent is gone by a later transaction, which is replayed too.
  if (parent === undefined) return;
  parent.creates = parentCreates;
  parent.pzxid = origin.zxid;
  // Replayed: the znode is there already, perhaps with what later transactions made of it.
  if (observer.replaying && tree.child(parent.id, path) !== undefined) return;
  const owner: SessionId = lifetime === 'ephemeral' ? origin.session : noSession;
  tree.create(parent, path, { data, acl, lifetime, owner, ttlMs, czxid: origin.zxid, ctimeMs: origin.timeMs });
  tree.quotas.created(path, data);
  if (!observer.watching) return;
  observer.changed('created', path, acl);
  observer.changed('children_changed', parentPath(path), parent.acl);
}

function deleteZnode(tree: Tree, zxid: number, path: string, observer: ApplyObserver): void {
  const parent = tree.parent(path);
  if (parent === undefined) return;
  parent.pzxid = zxid;
  const znode = tree.child(parent.id, path);
  if (znode === undefined) return;
  const { acl, dataLength } = znode;
  tree.remove(znode, path);
  tree.quotas.deleted(path, dataLength);
  if (!observer.watching) return;
  observer.changed('deleted', path, acl);
  observer.changed('children_changed', parentPath(path), parent.acl);
}

function setData(tree: Tree, origin: NumberedOrigin, part: PartOf<'set_data'>, observer: ApplyObserver): void {
  const znode = tree.get(part.path);
  if (znode === undefined) return;
  const { dataLength } = znode;
  tree.replaceData(znode, part.data);
  tree.quotas.changed(part.path, dataLength, part.data);
  znode.version = part.version;
  znode.mzxid = origin.zxid;
  znode.mtimeMs = origin.timeMs;
  if (observer.watching) observer.changed('data_changed', part.path, znode.acl);
}

function setAcl(tree: Tree, part: PartOf<'set_acl'>): void {
  const znode = tree.get(part.path);
  if (znode === undefined) return;
  znode.acl = part.acl;
  znode.aversion = part.version;
}

function closeSession(tree: Tree, origin: NumberedOrigin, paths: readonly string[], observer: ApplyObserver): void {
  for (const path of paths) deleteZnode(tree, origin.zxid, path, observer);
  tree.sessions.delete(origin.session);
}
