import { codeOf } from '@reeve/base';
import type { Acl, Coordination, Stat } from '@reeve/client';
import { childPath, noSession } from '@reeve/wire';
import { MigrationError } from './migration-error.ts';
import { Pool } from './pool.ts';
import type { Scope } from './scope.ts';

/** Reads that one walk has under way: with data of a megabyte each, this many megabytes at the most. */
export const readsMax = 256;

/** A znode as it was read. */
export interface ZnodeRecord {
  readonly path: string;
  readonly data: Buffer | null;
  readonly acl: readonly Acl[];
  /** As of the read of the data, the first. */
  readonly stat: Stat;
}

/** Whether to go on with the children of a znode. */
export type Visit = (record: ZnodeRecord) => Promise<'descend' | 'pass_by'>;

/** One side of a migration, to be read. */
export interface Side {
  readonly name: 'source' | 'target';
  readonly tree: Pick<Coordination, 'exists' | 'getData' | 'getAcl' | 'getChildren' | 'multiRead'>;
}

/**
 * Reads znodes with all below them that the scope includes, many at a time. A parent is visited, to the end, before its
 * children. What goes while it is read is passed over.
 *
 * @throws MigrationError `unreadable`, `acl_masked`
 */
export async function walk(side: Side, roots: readonly string[], scope: Scope, visit: Visit): Promise<void> {
  const pool = new Pool<string>(readsMax, async (path) => {
    const record = await readZnode(side, path);
    if (record === undefined || (await visit(record)) === 'pass_by' || record.stat.numChildren === 0) return;
    for (const name of await childrenOf(side, path)) {
      const child = childPath(path, name);
      if (scope.includes(child)) pool.add(child);
    }
  });
  for (const root of roots) pool.add(root);
  await pool.done();
}

/** A znode with its data and access list; `undefined` when it is not there. */
export async function readZnode(side: Side, path: string): Promise<ZnodeRecord | undefined> {
  const [data, acl] = await Promise.all([
    unlessGone(side.tree.getData(path), { side, path }),
    unlessGone(side.tree.getAcl(path), { side, path }),
  ]);
  if (data === undefined || acl === undefined) return undefined;
  if (acl.acl.some(isMasked)) throw new MigrationError({ code: 'acl_masked', side: side.name, path });
  return { path, data: data.data, acl: acl.acl, stat: data.stat };
}

/** The names of the children; none when the znode has gone. */
export async function childrenOf(side: Side, path: string): Promise<readonly string[]> {
  return (await unlessGone(side.tree.getChildren(path), { side, path })) ?? [];
}

/** What a read answers; `undefined` when its znode has gone. @throws MigrationError `unreadable` */
async function unlessGone<T>(
  answer: Promise<T>,
  asked: { readonly side: Side; readonly path: string },
): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (codeOf(error) === 'no_node') return undefined;
    if (codeOf(error) !== 'no_auth') throw error;
    const { side, path } = asked;
    throw new MigrationError({ code: 'unreadable', side: side.name, path }, { cause: error });
  }
}

/** A digest is 28 characters of base64; who may not administer a znode is shown an `x`. */
function isMasked({ id }: Acl): boolean {
  return id.scheme === 'digest' && id.id.endsWith(':x');
}

/** Whether a znode belongs to a session. */
export function isEphemeral(stat: Stat): boolean {
  return stat.ephemeralOwner !== noSession;
}

/** How many children a znode has ever had: the number of the next sequential one. */
export function createsOf(stat: Stat): number {
  return Math.max(0, (stat.cversion + stat.numChildren) / 2);
}
