import type { Coordination, RequestOptions } from '@reeve/client';
import { type Refusal, writeBatch } from './batch.ts';
import { decodeAssignment, decodeRetry, decodeSpec, decodeStatus, encodeSpec, RECORD_BYTES_MAX } from './codec.ts';
import { Layout } from './layout.ts';
import { type Reading, readAll, reading } from './reading.ts';
import { ScheduleError } from './schedule-error.ts';
import type { Assignment, NewTask, RetryRecord, TaskId, TaskSpec, TaskStatus } from './task.ts';
import { isTaskId } from './task-id.ts';

/** All that is known of one task. */
export interface TaskDescription {
  readonly taskId: TaskId;
  readonly state: 'waiting' | 'running' | TaskStatus['outcome'];
  readonly spec: TaskSpec;
  /** Present when it is finished. */
  readonly status?: TaskStatus;
  /** Present while it runs: who is on it since when (the engine's clock), with which fencing token. */
  readonly assignment?: Assignment & { readonly workerId: string; readonly since: number; readonly fence: number };
  /** What earlier attempts left behind. */
  readonly retry?: RetryRecord;
  /** Present when somebody wants it cancelled and it has not ended yet. */
  readonly cancel?: 'requested';
}

/** Tasks as znodes, for whoever asks for them: submit, look, cancel, redrive. Knows no master and no worker. */
export class TaskStore {
  readonly #coordination: Coordination;
  readonly #layout: Layout;

  constructor(coordination: Coordination, layout: Layout = new Layout()) {
    this.#coordination = coordination;
    this.#layout = layout;
  }

  /**
   * Submits tasks; when it resolves each of them will be done. Idempotent: a task whose id is there already counts as
   * submitted, so after an unknown outcome call again with the same ids. Rejects with a `ScheduleError`, before anything
   * is written where a specification is too large.
   */
  async submit(tasks: readonly NewTask[], options?: RequestOptions): Promise<void> {
    const items = tasks.map(({ taskId, spec }) => ({
      path: this.#layout.task(checkedId(taskId)),
      data: checkedSpec(taskId, spec),
    }));
    const partsOf = (item: { path: string; data: Buffer }) => [{ op: 'create' as const, ...item }];
    const refusals = await writeBatch(this.#coordination, { items, partsOf }, options);
    this.#checkFolders(refusals);
  }

  /** All that is known of a task, undefined when there is none of that id. Reads more than once: while it changes, what is said of it may be of two moments. */
  async describe(taskId: TaskId, options?: RequestOptions): Promise<TaskDescription | undefined> {
    if (!isTaskId(taskId)) return undefined;
    const layout = this.#layout;
    const paths = [layout.task(taskId), layout.status(taskId), layout.retry(taskId), layout.cancel(taskId)];
    const [task, status, retry, cancel] = await readAll(this.#coordination, paths, options);
    const spec = value(reading('spec', task, decodeSpec));
    if (spec === undefined) return undefined;
    const record = value(reading('retry', retry, decodeRetry));
    const known = { taskId, spec, ...(record && { retry: record }) };
    const first = value(reading('status', status, decodeStatus));
    const assignment = first === undefined ? await this.#findAssignment(taskId, options) : undefined;
    // No longer assigned may mean that it has finished since.
    const final = first ?? (assignment === undefined ? await this.#readStatus(taskId, options) : undefined);
    if (final !== undefined) return { ...known, state: final.outcome, status: final };
    return {
      ...known,
      state: assignment === undefined ? 'waiting' : 'running',
      ...(assignment && { assignment }),
      ...(cancel?.ok === true && { cancel: 'requested' as const }),
    };
  }

  /** What was asked, for each of `taskIds`. */
  async readSpecs(taskIds: readonly TaskId[], options?: RequestOptions): Promise<readonly Reading<TaskSpec>[]> {
    const paths = taskIds.map((taskId) => this.#layout.task(taskId));
    return (await readAll(this.#coordination, paths, options)).map((result) => reading('spec', result, decodeSpec));
  }

  /** What has come of each of `taskIds`: missing while it is not finished. */
  async readStatuses(taskIds: readonly TaskId[], options?: RequestOptions): Promise<readonly Reading<TaskStatus>[]> {
    const paths = taskIds.map((taskId) => this.#layout.status(taskId));
    return (await readAll(this.#coordination, paths, options)).map((result) => reading('status', result, decodeStatus));
  }

  /**
   * Asks that tasks be cancelled. A waiting task ends at once, a running one when its handler gives up; one that is
   * finished stays as it is. Idempotent.
   */
  async cancel(taskIds: readonly TaskId[], options?: RequestOptions): Promise<void> {
    const paths = taskIds.map((taskId) => this.#layout.cancel(checkedId(taskId)));
    const partsOf = (path: string) => [{ op: 'create' as const, path, data: null }];
    this.#checkFolders(await writeBatch(this.#coordination, { items: paths, partsOf }, options));
  }

  /** A person's decision to run a finished task again, from the first attempt. */
  async redrive(taskId: TaskId, options?: RequestOptions): Promise<void> {
    if (!isTaskId(taskId)) throw new ScheduleError({ code: 'task_unknown', taskId });
    const layout = this.#layout;
    const retry = layout.retry(taskId);
    const leftover = (await this.#coordination.exists(retry, options)) === undefined ? [] : [retry];
    const item = [layout.task(taskId), ...leftover, layout.status(taskId)];
    const [refusal] = await writeBatch(
      this.#coordination,
      {
        items: [item],
        // The status goes last: as long as it is there, nobody takes the task up again.
        partsOf: ([task, ...rest]) => [
          { op: 'check' as const, path: task as string },
          ...rest.map((path) => ({ op: 'delete' as const, path })),
        ],
      },
      options,
    );
    if (refusal?.part === 0) throw new ScheduleError({ code: 'task_unknown', taskId });
    if (refusal !== undefined) throw new ScheduleError({ code: 'task_not_finished', taskId });
  }

  async #readStatus(taskId: TaskId, options?: RequestOptions): Promise<TaskStatus | undefined> {
    const [found] = await this.readStatuses([taskId], options);
    return found === undefined ? undefined : value(found);
  }

  #checkFolders(refusals: readonly (Refusal | undefined)[]): void {
    if (refusals.every((refusal) => refusal === undefined || refusal.code === 'node_exists')) return;
    throw new ScheduleError({ code: 'not_initialised', root: this.#layout.root });
  }

  async #findAssignment(taskId: TaskId, options?: RequestOptions): Promise<TaskDescription['assignment']> {
    const workerIds = await this.#coordination.getChildren(this.#layout.assignments, options);
    const paths = workerIds.map((workerId) => this.#layout.assignment(workerId, taskId));
    for (const [i, result] of (await readAll(this.#coordination, paths, options)).entries()) {
      const found = reading('assignment', result, decodeAssignment);
      if (found.kind === 'missing') continue;
      if (found.kind === 'unreadable') throw found.error;
      return { ...found.value, workerId: workerIds[i] as string, since: found.ctime, fence: found.czxid };
    }
    return undefined;
  }
}

function checkedId(taskId: TaskId): TaskId {
  if (!isTaskId(taskId)) throw new ScheduleError({ code: 'task_id_invalid', taskId });
  return taskId;
}

function checkedSpec(taskId: TaskId, spec: TaskSpec): Buffer {
  const data = encodeSpec(spec);
  if (data.length <= RECORD_BYTES_MAX) return data;
  throw new ScheduleError({ code: 'spec_too_large', taskId, bytes: data.length, bytesMax: RECORD_BYTES_MAX });
}

function value<T>(found: Reading<T>): T | undefined {
  if (found.kind === 'unreadable') throw found.error;
  return found.kind === 'found' ? found.value : undefined;
}
