import { buffer, type Codec, int, long, record, ustring, vector } from './jute.ts';
import { type SessionId, sessionId } from './session-id.ts';
import { Writer } from './writer.ts';

/** What a znode says of itself beside its data (jute `Stat`). Times are milliseconds since the epoch. */
export interface Stat {
  /** The zxid of the transaction that created the znode. */
  readonly czxid: number;
  /** The zxid of the transaction that last set its data. */
  readonly mzxid: number;
  readonly ctime: number;
  readonly mtime: number;
  /** How often its data was set. */
  readonly version: number;
  /** How often a child was created or deleted. */
  readonly cversion: number;
  /** How often its ACL was set. */
  readonly aversion: number;
  /** The session that owns an ephemeral; none for every other znode, TTL and container included. */
  readonly ephemeralOwner: SessionId;
  readonly dataLength: number;
  readonly numChildren: number;
  /** The zxid of the last create or delete of a child. */
  readonly pzxid: number;
}

/** jute `Stat`. */
export const stat: Codec<Stat> = record({
  czxid: long,
  mzxid: long,
  ctime: long,
  mtime: long,
  version: int,
  cversion: int,
  aversion: int,
  ephemeralOwner: sessionId,
  dataLength: int,
  numChildren: int,
  pzxid: long,
});

/** Who: an authentication scheme and an identity in it. */
export interface Identity {
  readonly scheme: string;
  readonly id: string;
}

/** One entry of an access control list: what (`perms`, a sum of `permissions`) who may do. */
export interface Acl {
  readonly perms: number;
  readonly id: Identity;
}

/** jute `ACL`. */
export const acl: Codec<Acl> = record({ perms: int, id: record({ scheme: ustring, id: ustring }) });

/** The bits of `Acl.perms` (ZooDefs.Perms). */
export const permissions = { read: 1, write: 2, create: 4, delete: 8, admin: 16, all: 31 } as const;

/** Everybody may do everything: `world:anyone`, the usual list of a znode that is not protected. */
export const openAcl: readonly Acl[] = [{ perms: permissions.all, id: { scheme: 'world', id: 'anyone' } }];

const anyAclList = vector(acl);
const openAclBytes = encodedOpenAcl();

/** jute `vector<ACL>`. The usual list is known by its bytes, and reads as `openAcl` itself. */
export const aclList: Codec<readonly Acl[]> = {
  bytesMin: anyAclList.bytesMin,
  encode: anyAclList.encode,
  decode: (reader) => (reader.skip(openAclBytes) ? openAcl : anyAclList.decode(reader)),
};

function encodedOpenAcl(): Buffer {
  const writer = new Writer(64);
  anyAclList.encode(writer, openAcl);
  return writer.take();
}

/** The kinds of znode that a create can ask for. */
export type CreateMode =
  | 'persistent'
  | 'ephemeral'
  | 'persistent_sequential'
  | 'ephemeral_sequential'
  | 'container'
  | 'persistent_with_ttl'
  | 'persistent_sequential_with_ttl';

/** The number of each kind in a create's `flags` (CreateMode). */
export const createFlags: Readonly<Record<CreateMode, number>> = {
  persistent: 0,
  ephemeral: 1,
  persistent_sequential: 2,
  ephemeral_sequential: 3,
  container: 4,
  persistent_with_ttl: 5,
  persistent_sequential_with_ttl: 6,
};

const modes = Object.keys(createFlags) as CreateMode[];

/** The kind of znode that `flags` asks for; `undefined` when there is none of that number. */
export function createMode(flags: number): CreateMode | undefined {
  return modes[flags];
}

/** jute `ClientInfo`: one identity of the asking connection. */
export const clientInfo = record({ authScheme: ustring, user: ustring });

/** Data with the stat of its znode: the answer to getData and to reconfig. */
export const dataAndStat = record({ data: buffer, stat });
