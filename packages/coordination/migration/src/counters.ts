import { parentPath } from '@reeve/wire';
import type { Known, Picture } from './picture.ts';
import { forEach } from './pool.ts';
import type { Scope } from './scope.ts';
import { createsOf, readsMax, type Side } from './side.ts';
import type { Target } from './target.ts';

/** A sequence counter that could not be brought to where the source has it. */
export interface CounterGap {
  readonly path: string;
  /** The number of the next sequential child at the source, and at the target. */
  readonly source: number;
  readonly target: number;
}

/** What sequence counters are brought forward with. */
export interface CounterParts {
  readonly picture: Picture;
  readonly scope: Scope;
  readonly target: Target;
  /** Where the target's own counters are read. */
  readonly side: Side;
  /** Pairs of create and delete for one znode; a counter that lacks more stays behind. */
  readonly pairsMax: number;
}

/**
 * Brings the sequence counters of the target to where the source has them, by creating and deleting children.
 *
 * @returns the counters that stay behind, or are ahead already
 */
export async function advanceCounters(parts: CounterParts): Promise<CounterGap[]> {
  const { picture, target, pairsMax } = parts;
  const toCome = childrenToCome(picture);
  const gaps: CounterGap[] = [];
  const parents = [...picture.entries()].filter(
    // The numbers of quotas mean nothing.
    ([path, known]) => known.kind === 'copied' && known.creates > 0 && !parts.scope.isQuota(path),
  );
  await forEach(parents, readsMax, async ([path, known]: [string, Known]) => {
    const stat = await parts.side.tree.exists(path);
    const reached = stat === undefined ? (toCome.get(path) ?? 0) : createsOf(stat);
    const lacking = known.creates - reached;
    if (lacking < 0 || lacking > pairsMax) gaps.push({ path, source: known.creates, target: reached });
    else if (lacking > 0) await target.advance(path, lacking);
  });
  await target.settled();
  return gaps;
}

/** In a rehearsal nothing is at the target yet: what its counters would be. */
function childrenToCome(picture: Picture): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const [path, { kind }] of picture.entries()) {
    if (kind === 'ephemeral' || path === '/') continue;
    const parent = parentPath(path);
    counts.set(parent, (counts.get(parent) ?? 0) + 1);
  }
  return counts;
}
