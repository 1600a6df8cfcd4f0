import { noSession, type SessionId, sessionId, type Writer } from '@reeve/wire';
import type { AccessList } from './access-list.ts';
import type { Octets } from './octets.ts';

/**
 * What ends a znode beside a delete: nothing, the end of its owner's session, the end of its last child, or a time
 * without change (TTL).
 */
export type Lifetime = 'persistent' | 'ephemeral' | 'container' | 'ttl';

/** What `prepare` must know of a znode, applied or still pending. */
export interface ZnodeView {
  readonly acl: AccessList;
  readonly lifetime: Lifetime;
  /** The owner of an ephemeral; none otherwise. */
  readonly owner: SessionId;
  readonly version: number;
  readonly aversion: number;
  /** How many children were ever created: the next sequence number. */
  readonly creates: number;
  readonly childCount: number;
}

/** What a znode is born with. */
export interface ZnodeBirth {
  readonly data: Octets | null;
  readonly acl: AccessList;
  readonly lifetime: Lifetime;
  readonly owner: SessionId;
  /** Milliseconds without change after which a `ttl` znode goes; 0 for the others. */
  readonly ttlMs: number;
  readonly czxid: number;
  readonly ctimeMs: number;
}

/** One znode. Its path is the key under which the tree holds it. */
export class Znode implements ZnodeView {
  data: Octets | null;
  acl: AccessList;
  readonly lifetime: Lifetime;
  readonly owner: SessionId;
  readonly ttlMs: number;
  readonly czxid: number;
  readonly ctimeMs: number;
  mzxid: number;
  mtimeMs: number;
  pzxid: number;
  version = 0;
  aversion = 0;
  creates = 0;
  /** Names of the children; made with the first. */
  children: Set<string> | undefined = undefined;

  constructor(birth: ZnodeBirth) {
    this.data = birth.data;
    this.acl = birth.acl;
    this.lifetime = birth.lifetime;
    this.owner = birth.owner;
    this.ttlMs = birth.ttlMs;
    this.czxid = birth.czxid;
    this.ctimeMs = birth.ctimeMs;
    this.mzxid = birth.czxid;
    this.mtimeMs = birth.ctimeMs;
    this.pzxid = birth.czxid;
  }

  get childCount(): number {
    return this.children === undefined ? 0 : this.children.size;
  }

  /** Creates and deletes of children together: of every child ever created, all but those that live were deleted. */
  get cversion(): number {
    return (this.creates * 2 - this.childCount) | 0;
  }
}

/** Writes a znode's jute `Stat`, straight from its fields. */
export function writeStat(writer: Writer, znode: Znode): void {
  writer.long(znode.czxid);
  writer.long(znode.mzxid);
  writer.long(znode.ctimeMs);
  writer.long(znode.mtimeMs);
  writer.int(znode.version);
  writer.int(znode.cversion);
  writer.int(znode.aversion);
  if (znode.owner === noSession) writer.long(0);
  else sessionId.encode(writer, znode.owner);
  writer.int(znode.data === null ? 0 : znode.data.length);
  writer.int(znode.childCount);
  writer.long(znode.pzxid);
}
