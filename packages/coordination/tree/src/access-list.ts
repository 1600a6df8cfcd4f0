import { type Acl, aclList, type Codec, openAcl, permissions, Writer } from '@reeve/wire';
import { Grants } from './grants.ts';

/** Distinct lists remembered for sharing; beyond it, the table starts anew and later equals are merely not shared. */
const SHARED_LISTS_MAX = 4096;

/** An access control list, shared by all znodes that have an equal one. */
export class AccessList {
  readonly entries: readonly Acl[];
  /** What `world:anyone` may do: answers almost every check at once. */
  readonly worldPerms: number;
  /** The list as jute `vector<ACL>`. */
  readonly encoded: Buffer;
  #grants: Grants | undefined;

  constructor(entries: readonly Acl[], encoded: Buffer) {
    this.entries = entries;
    this.encoded = encoded;
    this.worldPerms = entries.reduce((perms, entry) => (isWorld(entry) ? perms | entry.perms : perms), 0);
  }

  /** What it lets those do who have proved something; most lists are never asked. */
  get grants(): Grants {
    this.#grants ??= new Grants(this.entries);
    return this.#grants;
  }
}

const shared = new Map<string, AccessList>();
const scratch = new Writer();

/** The one shared list of these entries. */
export function sharedList(entries: readonly Acl[]): AccessList {
  return isOpen(entries) ? openList : interned(entries);
}

/** Everybody may do everything. */
export const openList: AccessList = interned(openAcl);
/** Everybody may read (ZooDefs.Ids.READ_ACL_UNSAFE). */
export const readOnlyList: AccessList = interned([{ perms: permissions.read, id: { scheme: 'world', id: 'anyone' } }]);

/** An access list as jute `vector<ACL>`. */
export const accessList: Codec<AccessList> = {
  bytesMin: aclList.bytesMin,
  encode: (writer, value) => writer.raw(value.encoded),
  decode: (reader) => sharedList(aclList.decode(reader)),
};

/** Whether an entry speaks of everybody. */
export function isWorld(entry: Acl): boolean {
  return entry.id.scheme === 'world' && entry.id.id === 'anyone';
}

function interned(entries: readonly Acl[]): AccessList {
  scratch.clear();
  aclList.encode(scratch, entries);
  const bytes = scratch.view();
  const key = bytes.latin1Slice(0, bytes.length);
  const known = shared.get(key);
  if (known !== undefined) return known;
  if (shared.size >= SHARED_LISTS_MAX) shared.clear();
  const fresh = new AccessList(entries, Buffer.from(bytes));
  shared.set(key, fresh);
  return fresh;
}

function isOpen(entries: readonly Acl[]): boolean {
  const only = entries[0];
  return entries.length === 1 && only !== undefined && only.perms === permissions.all && isWorld(only);
}
