import type { Coordination } from '@reeve/client';
import { type Fingerprint, fingerprint } from './fingerprint.ts';
import { Scope, type ScopeOptions } from './scope.ts';
import { createsOf, isEphemeral, type Side, walk } from './side.ts';

/** One way in which the target differs from the source. */
export interface Difference {
  readonly path: string;
  /** The target lacks it, or has it in excess; or its data, access list or sequence counter is another one. */
  readonly kind: 'missing' | 'extra' | 'data' | 'acl' | 'counter';
}

/** What a comparison found. */
export interface Comparison {
  /** How many znodes of the source were compared; ephemerals are not. */
  readonly znodes: number;
  readonly differences: readonly Difference[];
}

/** The sides of a comparison, and what of them is compared. */
export interface CompareOptions extends ScopeOptions {
  readonly source: Coordination;
  readonly target: Coordination;
}

interface Compared extends Fingerprint {
  readonly creates: number;
}

/** Compares the trees of two services, ephemerals left out. @throws MigrationError, ClientError */
export async function compareTrees(options: CompareOptions): Promise<Comparison> {
  const scope = new Scope(options);
  const target = await comparedOf({ name: 'target', tree: options.target }, scope);
  const source = await comparedOf({ name: 'source', tree: options.source }, scope);
  const differences: Difference[] = [];
  for (const [path, compared] of source) {
    for (const kind of kindsOf(compared, target.get(path))) differences.push({ path, kind });
    target.delete(path);
  }
  for (const path of target.keys()) differences.push({ path, kind: 'extra' });
  return { znodes: source.size, differences };
}

async function comparedOf(of: Side, scope: Scope): Promise<Map<string, Compared>> {
  const znodes = new Map<string, Compared>();
  await walk(of, scope.roots, scope, async (record) => {
    const { path, stat } = record;
    if (isEphemeral(stat)) return 'pass_by';
    const print = fingerprint(record);
    // What is used of a quota, the server counts itself.
    const data = scope.isServersOwn(path) ? '' : print.data;
    const creates = scope.isQuota(path) ? 0 : createsOf(stat);
    znodes.set(path, { data, acl: print.acl, creates });
    return 'descend';
  });
  return znodes;
}

function kindsOf(source: Compared, target: Compared | undefined): readonly Difference['kind'][] {
  if (target === undefined) return ['missing'];
  const kinds = ['data', 'acl', 'creates'] as const;
  return kinds.filter((kind) => source[kind] !== target[kind]).map((kind) => (kind === 'creates' ? 'counter' : kind));
}
