import type { SessionId } from '@reeve/wire';
import type { AccessList } from './access-list.ts';
import type { Lifetime, ZnodeId } from './store/znode-store.ts';
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
  lifetime: Lifetime;
  owner: SessionId;
  version = 0;
  aversion = 0;
  creates = 0;
  childCount = 0;
  /** For `RecordTable`: the hash it is found by, and the next record of its bucket. */
  hash = 0;
  next: PendingZnode | undefined = undefined;

  constructor(key: Key, born: Birth) {
    this.key = key;
    this.acl = born.acl;
    this.lifetime = born.lifetime;
    this.owner = born.owner;
  }

  /** Makes it say what is true of a znode that lives already. */
  lookLike(view: ZnodeView): this {
    this.version = view.version;
    this.aversion = view.aversion;
    this.creates = view.creates;
    this.childCount = view.childCount;
    return this;
  }

  /** Makes it the record of another znode. */
  reuse(key: Key, born: Birth): this {
    this.key = key;
    this.zxid = 0;
    this.presence = 'there';
    this.acl = born.acl;
    this.lifetime = born.lifetime;
    this.owner = born.owner;
    this.version = 0;
    this.aversion = 0;
    this.creates = 0;
    this.childCount = 0;
    return this;
  }

  /** Takes back what was changed since a copy was made of it. */
  restore(before: PendingZnode): this {
    this.zxid = before.zxid;
    this.presence = before.presence;
    this.acl = before.acl;
    return this.lookLike(before);
  }
}

/** What a pending znode is born with. */
export type Birth = Pick<ZnodeView, 'acl' | 'lifetime' | 'owner'>;
