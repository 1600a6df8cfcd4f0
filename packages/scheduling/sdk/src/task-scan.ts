import type { Coordination, RequestOptions } from '@reeve/client';
import { buckets, type Layout, type TaskId } from '@reeve/tasks';
import { bulkRead, namesOf } from './bulk-read.ts';

/** How many folders of tasks are listed by one request: a folder of a million tasks' bucket is 160 kB. */
const FOLDERS_PER_READ = 16;

/** The ids of one bucket. */
export interface Bucket {
  readonly asked: readonly TaskId[];
  readonly finished: ReadonlySet<TaskId>;
}

/** Which worker is on which task. */
export type Running = ReadonlyMap<TaskId, string>;

/** What to scan. */
export interface ScanOptions {
  readonly layout: Layout;
  readonly request: RequestOptions;
}

/** Lists the tasks of the first `count` buckets; a few buckets at a time, so memory stays bounded. */
export async function* scanBuckets(
  session: Coordination,
  { layout, request }: ScanOptions,
  count = buckets.length,
): AsyncGenerator<Bucket> {
  const perRead = FOLDERS_PER_READ / 2;
  for (let start = 0; start < count; start += perRead) {
    const names = buckets.slice(start, Math.min(start + perRead, count));
    const paths = names.flatMap((name) => [`${layout.tasks}/${name}`, `${layout.statuses}/${name}`]);
    const folders = await listFolders(session, paths, request);
    for (const at of names.keys()) yield { asked: folders[2 * at] ?? [], finished: new Set(folders[2 * at + 1]) };
  }
}

/** Everything that is assigned now. */
export async function scanAssignments(session: Coordination, { layout, request }: ScanOptions): Promise<Running> {
  const running = new Map<TaskId, string>();
  const [workerIds = []] = await listFolders(session, [layout.assignments], request);
  const paths = workerIds.map((workerId) => layout.assignmentsOf(workerId));
  for (const [at, taskIds] of (await listFolders(session, paths, request)).entries()) {
    for (const taskId of taskIds) running.set(taskId, workerIds[at] as string);
  }
  return running;
}

async function listFolders(
  session: Coordination,
  paths: readonly string[],
  request: RequestOptions,
): Promise<readonly (readonly TaskId[])[]> {
  const parts = paths.map((path) => ({ op: 'getChildren', path }) as const);
  const results = await bulkRead(session, { parts, perRequest: FOLDERS_PER_READ, request });
  return results.map((result) => namesOf(result) as readonly TaskId[]);
}
