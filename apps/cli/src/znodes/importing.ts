import { codeOf } from '@reeve/base';
import { type Acl, ClientError, type Coordination, type Znode } from '@reeve/client';
import { retrying } from '@reeve/recipes';
import { openAcl } from '@reeve/wire';
import type { ExportedZnode } from './export-format.ts';
import { inOrder } from './in-order.ts';

/** What to do with a znode that is there already and is not the same. */
export const conflictChoices = ['refuse', 'overwrite', 'skip'] as const;
export type ConflictChoice = (typeof conflictChoices)[number];

/** What an import does with one znode. `conflict`: it is there, differs, and is left alone. */
export type ImportAction = 'create' | 'overwrite' | 'unchanged' | 'conflict';

/** A znode on its way to its place. */
export interface Planned {
  readonly path: string;
  readonly action: ImportAction;
  readonly znode: ExportedZnode;
  /** The version that is overwritten. */
  readonly version?: number;
}

/** What has come of an import. */
export interface ImportReport {
  readonly created: number;
  readonly overwritten: number;
  readonly unchanged: number;
  readonly skipped: number;
  /** What the service has refused, and why. */
  readonly failed: readonly { readonly path: string; readonly code: string }[];
}

/** Where znodes are imported to. */
export interface ImportOptions {
  readonly client: Coordination;
  readonly root: string;
  readonly conflicts: ConflictChoice;
  readonly signal: AbortSignal;
}

/** Compares an export with what is there, and says what would be done with each znode. Writes nothing. */
export async function* planImport(options: ImportOptions, znodes: readonly ExportedZnode[]): AsyncGenerator<Planned> {
  yield* inOrder(znodes, async (znode): Promise<Planned> => {
    const path = placeOf(options.root, znode.path);
    const there = await step(options, path, () => look(options.client, path));
    if (there === undefined) return { path, action: 'create', znode };
    if (isSame(znode, there)) return { path, action: 'unchanged', znode };
    const action = options.conflicts === 'overwrite' ? 'overwrite' : 'conflict';
    return { path, action, znode, version: there.stat.version };
  });
}

/** Carries out a plan, parents first. What is refused is told in the report, and what is below it is not tried. */
export async function carryOut(options: ImportOptions, plan: readonly Planned[]): Promise<ImportReport> {
  const counts = { create: 0, overwrite: 0, unchanged: 0, conflict: 0 };
  const failed = new Map<string, string>();
  const parents = new Set<string>();
  for (const level of levelsOf(plan)) {
    const outcomes = inOrder(level, async (planned) => {
      if (options.signal.aborted) return 'aborted';
      const parent = planned.path.slice(0, planned.path.lastIndexOf('/'));
      if (parents.has(parent)) return 'parent_failed';
      return step(options, planned.path, () => write(options.client, planned));
    });
    let at = 0;
    for await (const outcome of outcomes) {
      const { path, action } = level[at] as Planned;
      at += 1;
      if (outcome === 'done') counts[action] += 1;
      else if (outcome !== 'aborted') {
        failed.set(path, outcome);
        parents.add(path);
      }
    }
  }
  const { create: created, overwrite: overwritten, unchanged, conflict: skipped } = counts;
  const list = [...failed].map(([path, code]) => ({ path, code }));
  return { created, overwritten, unchanged, skipped, failed: list };
}

/** Writes one znode; may be called again when it is not known whether it was. Says why the service refuses it. */
async function write(client: Coordination, { path, action, znode, version }: Planned): Promise<string> {
  if (action === 'unchanged' || action === 'conflict') return 'done';
  const acl = znode.acl ?? openAcl;
  try {
    if (action === 'create') await client.create(path, znode.data, { acl });
    else {
      await client.setData(path, znode.data, { version: version as number });
      await client.setAcl(path, acl);
    }
    return 'done';
  } catch (error) {
    const code = codeOf(error) ?? '';
    if (code === 'node_exists' || code === 'bad_version') return (await isThere(client, path, znode)) ? 'done' : code;
    if (error instanceof ClientError && refusals.has(code)) return code;
    throw error;
  }
}

const refusals: ReadonlySet<string> = new Set([
  'no_auth',
  'no_node',
  'invalid_acl',
  'no_children_for_ephemerals',
  'quota_exceeded',
  'invalid_argument',
]);

/** An earlier try of ours, whose answer was lost, may have done it. */
async function isThere(client: Coordination, path: string, znode: ExportedZnode): Promise<boolean> {
  const there = await look(client, path);
  if (there === undefined || !sameData(znode.data, there.data)) return false;
  if (!isSame(znode, there)) await client.setAcl(path, znode.acl ?? openAcl);
  return true;
}

type There = Znode & { readonly acl: readonly Acl[] };

async function look(client: Coordination, path: string): Promise<There | undefined> {
  try {
    const [{ data, stat }, { acl }] = await Promise.all([client.getData(path), client.getAcl(path)]);
    return { data, stat, acl };
  } catch (error) {
    if (codeOf(error) === 'no_node') return undefined;
    throw error;
  }
}

function isSame(znode: ExportedZnode, there: There): boolean {
  return sameData(znode.data, there.data) && aclKey(znode.acl ?? openAcl) === aclKey(there.acl);
}

function sameData(one: Buffer | null, other: Buffer | null): boolean {
  return one === null || other === null ? one === other : one.equals(other);
}

function aclKey(acl: readonly Acl[]): string {
  return JSON.stringify(acl.map(({ perms, id }) => [id.scheme, id.id, perms]).toSorted());
}

function placeOf(root: string, path: string): string {
  if (path === '') return root;
  return root === '/' ? path : `${root}${path}`;
}

function step<T>({ client, signal }: ImportOptions, path: string, work: () => Promise<T>): Promise<T> {
  return retrying({ client, path, stopped: signal }, work);
}

function levelsOf(plan: readonly Planned[]): readonly (readonly Planned[])[] {
  const levels = new Map<number, Planned[]>();
  for (const planned of plan) {
    const depth = planned.path === '/' ? 0 : planned.path.split('/').length;
    const level = levels.get(depth);
    if (level === undefined) levels.set(depth, [planned]);
    else level.push(planned);
  }
  return [...levels].toSorted(([a], [b]) => a - b).map(([, level]) => level);
}
