import type { Coordination, RequestOptions } from '@reeve/client';
import {
  type Layout,
  type TaskDescription,
  type TaskId,
  type TaskSpec,
  type TaskStatus,
  TaskStore,
} from '@reeve/tasks';
import { ReeveError } from './reeve-error.ts';
import { type Bucket, type Running, scanAssignments, scanBuckets } from './task-scan.ts';

/** Where a task stands: it waits, it runs (or is about to), or how it ended. */
export type TaskState = TaskDescription['state'];

/** Which tasks to list. */
export interface ListOptions {
  /** Only those in this state. */
  readonly state?: TaskState | undefined;
  /** Only those of this queue. */
  readonly queue?: string | undefined;
  /** The most tasks of one page; 1 … 1000, 50 unless given. */
  readonly limit?: number | undefined;
  /** Only tasks submitted before this one: `next` of the page before. */
  readonly before?: TaskId | undefined;
}

/** One task of a list. */
export interface TaskSummary {
  readonly taskId: TaskId;
  readonly state: TaskState;
  /** Missing when it cannot be read; `problem` then says why. */
  readonly spec?: TaskSpec;
  /** Present when it is finished. */
  readonly status?: TaskStatus;
  /** Present while it runs. */
  readonly workerId?: string;
  readonly problem?: string;
}

/** A page of tasks, the newest first. */
export interface TaskPage {
  readonly tasks: readonly TaskSummary[];
  /** Where the next page begins (`before`); none when this was the last. */
  readonly next?: TaskId;
}

/** How many tasks one page looks at, at most, to find those that fit; where there are more, the page names a `next`. */
const LOOKED_AT_MAX = 10_000;
const LIMIT_DEFAULT = 50;
const LIMIT_MAX = 1_000;
/** How many tasks are read together. */
const READ_BATCH = 200;

/** Lists tasks, page by page, by walking the buckets: no master is asked. */
export class TaskLister {
  readonly #session: Coordination;
  readonly #layout: Layout;
  readonly #request: RequestOptions;

  constructor(session: Coordination, layout: Layout, request: RequestOptions) {
    this.#session = session;
    this.#layout = layout;
    this.#request = request;
  }

  /** One page of the tasks that fit, the newest first. */
  async page(options: ListOptions): Promise<TaskPage> {
    const limit = checkedLimit(options.limit ?? LIMIT_DEFAULT);
    const running = await scanAssignments(this.#session, { layout: this.#layout, request: this.#request });
    const taskIds = await this.#candidates(options, running);
    const tasks: TaskSummary[] = [];
    for (let start = 0; start < taskIds.length; start += READ_BATCH) {
      for (const task of await this.#read(taskIds.slice(start, start + READ_BATCH), running)) {
        if (!fits(task, options)) continue;
        if (tasks.length === limit) return { tasks, ...nextAfter(tasks.at(-1)?.taskId) };
        tasks.push(task);
      }
    }
    return { tasks, ...(taskIds.length === LOOKED_AT_MAX ? nextAfter(taskIds.at(-1)) : {}) };
  }

  /** The newest ids that may fit, as far as existence tells. */
  async #candidates(options: ListOptions, running: Running): Promise<readonly TaskId[]> {
    const { state, before } = options;
    const newest = new Newest(before);
    if (state === 'running') newest.add(running.keys());
    else {
      const scan = { layout: this.#layout, request: this.#request };
      for await (const bucket of scanBuckets(this.#session, scan)) newest.add(candidatesOf(bucket, running, state));
    }
    return newest.take();
  }

  async #read(taskIds: readonly TaskId[], running: Running): Promise<readonly TaskSummary[]> {
    const store = new TaskStore(this.#session, this.#layout);
    const [specs, statuses] = await Promise.all([
      store.readSpecs(taskIds, this.#request),
      store.readStatuses(taskIds, this.#request),
    ]);
    return taskIds.flatMap((taskId, at): readonly TaskSummary[] => {
      const spec = specs[at];
      const status = statuses[at];
      if (spec === undefined || status === undefined || spec.kind === 'missing') return [];
      const problem = [spec, status].find((read) => read.kind === 'unreadable')?.error.message;
      const workerId = running.get(taskId);
      const unfinished = workerId === undefined ? 'waiting' : 'running';
      return [
        {
          taskId,
          state: status.kind === 'found' ? status.value.outcome : unfinished,
          ...(spec.kind === 'found' ? { spec: spec.value } : {}),
          ...(status.kind === 'found' ? { status: status.value } : {}),
          ...(workerId === undefined || status.kind === 'found' ? {} : { workerId }),
          ...(problem === undefined ? {} : { problem }),
        },
      ];
    });
  }
}

/** Keeps the newest ids of many: ids sort by the time they were made. */
class Newest {
  readonly #before: TaskId | undefined;
  #taskIds: TaskId[] = [];

  constructor(before: TaskId | undefined) {
    this.#before = before;
  }

  add(taskIds: Iterable<TaskId>): void {
    for (const taskId of taskIds) if (this.#before === undefined || taskId < this.#before) this.#taskIds.push(taskId);
    if (this.#taskIds.length > 2 * LOOKED_AT_MAX) this.#taskIds = this.take();
  }

  take(): TaskId[] {
    return this.#taskIds.sort().reverse().slice(0, LOOKED_AT_MAX);
  }
}

function candidatesOf(bucket: Bucket, running: Running, state: TaskState | undefined): Iterable<TaskId> {
  if (state === undefined) return bucket.asked;
  if (state === 'waiting') return bucket.asked.filter((id) => !bucket.finished.has(id) && !running.has(id));
  return bucket.finished;
}

function fits(task: TaskSummary, { state, queue }: ListOptions): boolean {
  if (state !== undefined && task.state !== state) return false;
  return queue === undefined || task.spec?.queue === queue;
}

function nextAfter(taskId: TaskId | undefined): { readonly next?: TaskId } {
  return taskId === undefined ? {} : { next: taskId };
}

function checkedLimit(limit: number): number {
  if (Number.isInteger(limit) && limit >= 1 && limit <= LIMIT_MAX) return limit;
  throw new ReeveError({ code: 'invalid_argument' }, `limit is ${limit}, but must be between 1 and ${LIMIT_MAX}`);
}
