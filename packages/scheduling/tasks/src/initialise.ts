import type { Coordination, RequestOptions } from '@reeve/client';
import { writeBatch } from './batch.ts';
import { bucketFolders, buckets, type Layout } from './layout.ts';
import { ScheduleError } from './schedule-error.ts';

/** Makes the folders below the root where they are missing. Idempotent; many masters may do it at once. */
export async function initialise(coordination: Coordination, layout: Layout, options?: RequestOptions): Promise<void> {
  // The znode made last: where it is, all others are.
  if ((await coordination.exists(layout.primary, options)) !== undefined) return;
  for (const path of ancestors(layout.root)) await create(coordination, [path], options);
  const folders = [layout.masters, layout.workers, layout.assignments, ...bucketFolders.map((name) => layout[name])];
  await create(coordination, folders, options);
  for (const name of bucketFolders) {
    await create(
      coordination,
      buckets.map((bucket) => `${layout[name]}/${bucket}`),
      options,
    );
  }
  await create(coordination, [layout.primary], options);
}

async function create(coordination: Coordination, paths: readonly string[], options?: RequestOptions): Promise<void> {
  const partsOf = (path: string) => [{ op: 'create' as const, path, data: null }];
  const refusals = await writeBatch(coordination, { items: paths, partsOf }, options);
  for (const [i, refusal] of refusals.entries()) {
    if (refusal === undefined || refusal.code === 'node_exists') continue;
    throw new ScheduleError({ code: 'not_initialisable', path: paths[i] as string, reason: refusal.code });
  }
}

/** `/a/b` gives `/a` and `/a/b`. */
function ancestors(root: string): readonly string[] {
  const names = root.split('/').filter((name) => name !== '');
  return names.map((_, i) => `/${names.slice(0, i + 1).join('/')}`);
}
