import { codeOf } from '@reeve/base';
import type { Coordination, RequestOptions, TransactionPart } from '@reeve/client';
import { type Batch, factsOf, type Refusal, writeBatch } from './batch.ts';
import type { TaskReading } from './board.ts';
import type { Candidate } from './candidate.ts';
import {
  decodeAssignment,
  decodeRetry,
  decodeSpec,
  decodeStatus,
  decodeWorker,
  encodeAssignment,
  encodePrimary,
  encodeStatus,
} from './codec.ts';
import { type OwnedEnding, writeEndings } from './ending-store.ts';
import type { Layout } from './layout.ts';
import type { Decision } from './placement.ts';
import { type Reading, readAll, reading } from './reading.ts';
import { ScheduleError } from './schedule-error.ts';
import type { Assignment, PrimaryRecord, TaskId, TaskStatus, WorkerRecord } from './task.ts';
import type { TaskView } from './task-view.ts';

/** What a master needs to take over. */
export interface TakeOver {
  readonly layout: Layout;
  readonly record: PrimaryRecord;
  /** Its own candidate: an ephemeral that must still be there, so that only a living master takes over. */
  readonly candidatePath: string;
}

/** An assignment, by its worker and task. */
export interface AssignmentKey {
  readonly taskId: TaskId;
  readonly workerId: string;
}

/** How a task that waits is to end. */
export interface WaitingEnd {
  readonly taskId: TaskId;
  readonly status: TaskStatus;
  /** Whether somebody wished it cancelled. */
  readonly wish: 'there' | 'none';
}

type Refusals = readonly (Refusal | undefined)[];

/**
 * What a primary reads and writes. Each of its writes is a multi that begins with a check of the version of
 * `/reeve/primary` (invariant I2): once another master has taken over, all of them reject with `deposed`.
 */
export class PrimaryStore {
  readonly #coordination: Coordination;
  readonly #layout: Layout;
  readonly #fence: readonly TransactionPart[];
  /** The version of `/reeve/primary` since this master took over. */
  readonly epoch: number;

  private constructor(coordination: Coordination, layout: Layout, epoch: number) {
    this.#coordination = coordination;
    this.#layout = layout;
    this.epoch = epoch;
    this.#fence = [{ op: 'check', path: layout.primary, version: epoch }];
  }

  /**
   * Begins a term: from now on no write of an earlier term takes effect, not even one of this master that is still under
   * way. When it resolves, all that was written before has been seen by the watches of the same client.
   */
  static async takeOver(
    coordination: Coordination,
    { layout, record, candidatePath }: TakeOver,
  ): Promise<PrimaryStore> {
    const results = await coordination.multi([
      { op: 'check', path: candidatePath },
      { op: 'setData', path: layout.primary, data: encodePrimary(record) },
    ]);
    const epoch = results[1]?.stat?.version;
    if (epoch === undefined) throw new ScheduleError({ code: 'not_initialised', root: layout.root });
    return new PrimaryStore(coordination, layout, epoch);
  }

  /** Assigns tasks. A refusal means that the worker is gone or the task is assigned already. */
  assign(decisions: readonly Decision[], options?: RequestOptions): Promise<Refusals> {
    const partsOf = ({ taskId, workerId, assignment }: Decision): TransactionPart[] => [
      { op: 'create', path: this.#layout.assignment(workerId, taskId), data: encodeAssignment(assignment) },
    ];
    return this.#write({ items: decisions, partsOf }, options);
  }

  /** Ends attempts on behalf of workers that are gone. `provesGone` says which refusals mean that it comes too late. */
  async end(endings: readonly OwnedEnding[], options?: RequestOptions): Promise<Refusals> {
    const batch = { layout: this.#layout, endings, prefix: this.#fence };
    return this.#fenced(() => writeEndings(this.#coordination, batch, options));
  }

  /** Ends tasks that wait, such as cancelled ones. The wish to cancel goes with it where `wish` says that there is one. */
  endWaiting(tasks: readonly WaitingEnd[], options?: RequestOptions): Promise<Refusals> {
    const layout = this.#layout;
    const partsOf = ({ taskId, status, wish }: WaitingEnd): TransactionPart[] => [
      { op: 'create', path: layout.status(taskId), data: encodeStatus(status) },
      ...(wish === 'there' ? [{ op: 'delete' as const, path: layout.cancel(taskId) }] : []),
    ];
    return this.#write({ items: tasks, partsOf }, options);
  }

  /** Tells workers that their attempts are to end as cancelled: they see a `data_changed`. */
  async relayCancels(keys: readonly AssignmentKey[], options?: RequestOptions): Promise<void> {
    const found = await this.readAssignments(keys, options);
    const open: Relay[] = [];
    for (const [i, key] of keys.entries()) {
      const read = found[i];
      if (read?.kind !== 'found' || read.value.cancel === 'requested') continue;
      const data = encodeAssignment({ ...read.value, cancel: 'requested' });
      open.push({ path: this.#layout.assignment(key.workerId, key.taskId), data, version: read.version });
    }
    await this.#write({ items: open, partsOf: (relay) => [{ op: 'setData' as const, ...relay }] }, options);
  }

  /** Removes what has outlived a task: assignments, retry records and wishes of one that is finished or gone. */
  async tidy(views: readonly TaskView[], options?: RequestOptions): Promise<void> {
    const paths = views.flatMap((view) => leftovers(this.#layout, view));
    await this.#write({ items: paths, partsOf: (path) => [{ op: 'delete' as const, path }] }, options);
  }

  /** Deletes finished tasks with all that belongs to them. One that is no longer finished stays. */
  sweep(views: readonly TaskView[], options?: RequestOptions): Promise<Refusals> {
    const layout = this.#layout;
    const partsOf = (view: TaskView): TransactionPart[] => {
      // The status goes last: without it the task would be taken for one that waits.
      const task = view.asked ? [layout.task(view.taskId)] : [];
      const paths = [...task, ...leftovers(layout, view), layout.status(view.taskId)];
      return paths.map((path) => ({ op: 'delete', path }));
    };
    return this.#write({ items: views, partsOf }, options);
  }

  /** Removes the folders of workers that are gone; one that is not empty stays. */
  async removeFolders(workerIds: readonly string[], options?: RequestOptions): Promise<void> {
    const partsOf = (workerId: string) => [{ op: 'delete' as const, path: this.#layout.assignmentsOf(workerId) }];
    await this.#write({ items: workerIds, partsOf }, options);
  }

  /** Reads what placement needs of waiting tasks, in one go. */
  async readTasks(candidates: readonly Candidate[], options?: RequestOptions): Promise<readonly TaskReading[]> {
    const paths = candidates.flatMap((candidate) => this.#unreadPaths(candidate));
    const results = await readAll(this.#coordination, paths, options);
    let at = 0;
    return candidates.map(({ need, retryUnread }) => {
      const spec = need === undefined ? reading('spec', results[at++], decodeSpec) : undefined;
      const retry = retryUnread ? reading('retry', results[at++], decodeRetry) : undefined;
      return { ...(spec && { spec }), ...(retry && { retry }) };
    });
  }

  async readWorkers(workerIds: readonly string[], options?: RequestOptions): Promise<readonly Reading<WorkerRecord>[]> {
    const results = await readAll(
      this.#coordination,
      workerIds.map((workerId) => this.#layout.worker(workerId)),
      options,
    );
    return results.map((result) => reading('worker', result, decodeWorker));
  }

  async readAssignments(
    keys: readonly AssignmentKey[],
    options?: RequestOptions,
  ): Promise<readonly Reading<Assignment>[]> {
    const paths = keys.map(({ workerId, taskId }) => this.#layout.assignment(workerId, taskId));
    const results = await readAll(this.#coordination, paths, options);
    return results.map((result) => reading('assignment', result, decodeAssignment));
  }

  async readStatuses(taskIds: readonly TaskId[], options?: RequestOptions): Promise<readonly Reading<TaskStatus>[]> {
    const results = await readAll(
      this.#coordination,
      taskIds.map((taskId) => this.#layout.status(taskId)),
      options,
    );
    return results.map((result) => reading('status', result, decodeStatus));
  }

  #unreadPaths({ taskId, need, retryUnread }: Candidate): readonly string[] {
    const spec = need === undefined ? [this.#layout.task(taskId)] : [];
    return retryUnread ? [...spec, this.#layout.retry(taskId)] : spec;
  }

  #write<T>(batch: Omit<Batch<T>, 'prefix'>, options?: RequestOptions): Promise<Refusals> {
    return this.#fenced(() => writeBatch(this.#coordination, { ...batch, prefix: this.#fence }, options));
  }

  async #fenced(write: () => Promise<Refusals>): Promise<Refusals> {
    try {
      return await write();
    } catch (error) {
      const isFence = factsOf(error)?.failedPart === 0 && codeOf(error) === 'bad_version';
      throw isFence ? new ScheduleError({ code: 'deposed', epoch: this.epoch }, { cause: error }) : error;
    }
  }
}

type Relay = { readonly path: string; readonly data: Buffer; readonly version: number };

function leftovers(layout: Layout, { taskId, workerId, retried, cancelWanted }: TaskView): readonly string[] {
  const paths: string[] = [];
  if (workerId !== undefined) paths.push(layout.assignment(workerId, taskId));
  if (retried) paths.push(layout.retry(taskId));
  if (cancelWanted) paths.push(layout.cancel(taskId));
  return paths;
}
