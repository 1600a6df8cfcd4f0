import type { Coordination, ReadResult, RequestOptions } from '@reeve/client';
import { buckets, type Layout, type TaskId } from '@reeve/tasks';

/** How many folders are listed by one request: their names must fit into one reply. */
const FOLDERS_PER_READ = 16;

/** The ids of one bucket. */
export interface Bucket {
  readonly asked: readonly TaskId[];
  readonly finished: ReadonlySet<TaskId>;
}

/** Which worker is on which task. */
export type Running = ReadonlyMap<TaskId, string>;

/** Lists the tasks of some buckets, all unless given; a few buckets at a time, so memory stays bounded. */
export async function* scanBuckets(
  session: Coordination,
  { layout, request, names = buckets }: ScanOptions,
): AsyncGenerator<Bucket> {
  const perRead = FOLDERS_PER_READ / 2;
  for (let start = 0; start < names.length; start += perRead) {
    const some = names.slice(start, start + perRead);
    const paths = some.flatMap((name) => [`${layout.tasks}/${name}`, `${layout.statuses}/${name}`]);
    const folders = await listFolders(session, paths, request);
    for (const at of some.keys()) {
      yield { asked: folders[2 * at] ?? [], finished: new Set(folders[2 * at + 1]) };
    }
  }
}

/** What to scan. */
export interface ScanOptions {
  readonly layout: Layout;
  readonly request: RequestOptions;
  readonly names?: readonly string[];
}

/** Everything that is assigned now. */
export async function scanAssignments(
  session: Coordination,
  { layout, request }: Pick<ScanOptions, 'layout' | 'request'>,
): Promise<Running> {
  const running = new Map<TaskId, string>();
  const workerIds = await childrenOf(session, layout.assignments, request);
  for (let start = 0; start < workerIds.length; start += FOLDERS_PER_READ) {
    const some = workerIds.slice(start, start + FOLDERS_PER_READ);
    const paths = some.map((workerId) => layout.assignmentsOf(workerId));
    for (const [at, taskIds] of (await listFolders(session, paths, request)).entries()) {
      for (const taskId of taskIds) running.set(taskId, some[at] as string);
    }
  }
  return running;
}

/** The children of a folder; none where there is no such folder (yet). */
export async function childrenOf(
  session: Coordination,
  path: string,
  request: RequestOptions,
): Promise<readonly string[]> {
  const [children] = await listFolders(session, [path], request);
  return children ?? [];
}

async function listFolders(
  session: Coordination,
  paths: readonly string[],
  request: RequestOptions,
): Promise<readonly (readonly TaskId[])[]> {
  const results = await session.multiRead(
    paths.map((path) => ({ op: 'getChildren', path })),
    request,
  );
  return results.map(children);
}

function children(result: ReadResult): readonly TaskId[] {
  return 'children' in result ? (result.children as readonly TaskId[]) : [];
}
