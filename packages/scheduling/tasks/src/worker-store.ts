import type { Coordination, RequestOptions, TransactionPart } from '@reeve/client';
import { type Refusal, writeBatch } from './batch.ts';
import { decodeAssignment, decodeSpec, encodeWorker } from './codec.ts';
import { EndingError, provesGone, writeEndings } from './ending-store.ts';
import { Layout } from './layout.ts';
import { type Reading, readAll, reading } from './reading.ts';
import type { Ending } from './retry.ts';
import type { Assignment, TaskId, TaskSpec, WorkerRecord } from './task.ts';

/** A worker's assignment with all it needs to start; `assignment.czxid` is the fencing token of the attempt. */
export interface AssignedTask {
  readonly taskId: TaskId;
  /** Missing when it was taken away meanwhile. */
  readonly assignment: Reading<Assignment>;
  readonly spec: Reading<TaskSpec>;
}

/** `taken`: the assignment was no longer this worker's; nothing was written (invariant I4). */
export type EndingResult = 'written' | 'taken';

/** One worker's view of its tasks as znodes. A workerId serves one session; a new session takes a new one. */
export class WorkerStore {
  readonly #coordination: Coordination;
  readonly #layout: Layout;
  readonly workerId: string;

  constructor(coordination: Coordination, workerId: string, layout: Layout = new Layout()) {
    this.#coordination = coordination;
    this.#layout = layout;
    this.workerId = workerId;
  }

  /** The folder of this worker's assignments: watch it, recursively, before `register`. */
  get assignmentsPath(): string {
    return this.#layout.assignmentsOf(this.workerId);
  }

  /** Announces the worker; it is given tasks from now on. Rejects with `node_exists` when the id was used before. */
  async register(record: WorkerRecord, options?: RequestOptions): Promise<void> {
    // The ephemeral comes first: a folder without it is taken for what a dead worker left behind, and removed.
    const parts: TransactionPart[] = [
      { op: 'create', path: this.#layout.worker(this.workerId), data: encodeWorker(record), mode: 'ephemeral' },
      { op: 'create', path: this.assignmentsPath, data: null },
    ];
    await this.#coordination.multi(parts, options);
  }

  /** Changes what the worker says of itself, such as `phase: 'draining'`. */
  async update(record: WorkerRecord, options?: RequestOptions): Promise<void> {
    await this.#coordination.setData(this.#layout.worker(this.workerId), encodeWorker(record), options);
  }

  /** The ids under this worker's assignments now. */
  async assigned(options?: RequestOptions): Promise<readonly TaskId[]> {
    return (await this.#coordination.getChildren(this.assignmentsPath, options)) as readonly TaskId[];
  }

  /** Reads assignments and what they ask, in the order of `taskIds`. */
  async read(taskIds: readonly TaskId[], options?: RequestOptions): Promise<readonly AssignedTask[]> {
    const paths = taskIds.flatMap((id) => [this.#layout.assignment(this.workerId, id), this.#layout.task(id)]);
    const results = await readAll(this.#coordination, paths, options);
    return taskIds.map((taskId, i) => ({
      taskId,
      assignment: reading('assignment', results[2 * i], decodeAssignment),
      spec: reading('spec', results[2 * i + 1], decodeSpec),
    }));
  }

  /** Reads assignments alone, for instance to see `cancel` after a `data_changed`. */
  async readAssignments(taskIds: readonly TaskId[], options?: RequestOptions): Promise<readonly Reading<Assignment>[]> {
    const paths = taskIds.map((taskId) => this.#layout.assignment(this.workerId, taskId));
    const results = await readAll(this.#coordination, paths, options);
    return results.map((result) => reading('assignment', result, decodeAssignment));
  }

  /**
   * Ends attempts: a final status or a retry record appears and the assignment goes, in one step for each. When it
   * rejects (connection lost, or an `EndingError`: refused, though nothing proves the assignment gone), call again with
   * the same endings: one that had been written then says `taken`.
   */
  async finish(endings: readonly Ending[], options?: RequestOptions): Promise<readonly EndingResult[]> {
    const refusals = await writeEndings(
      this.#coordination,
      { layout: this.#layout, endings: endings.map((ending) => ({ ending, workerId: this.workerId })) },
      options,
    );
    return endings.map((ending, i) => this.#resultOf(ending, refusals[i]));
  }

  #resultOf(ending: Ending, refusal: Refusal | undefined): EndingResult {
    if (refusal === undefined) return 'written';
    if (provesGone(ending, refusal)) return 'taken';
    throw new EndingError({ code: 'ending_refused', taskId: ending.taskId, reason: refusal.code }, this.#layout);
  }

  /** Gives assignments back that were never started: their tasks wait again. Idempotent. */
  async handBack(taskIds: readonly TaskId[], options?: RequestOptions): Promise<void> {
    await writeBatch(
      this.#coordination,
      { items: taskIds, partsOf: (id) => [{ op: 'delete', path: this.#layout.assignment(this.workerId, id) }] },
      options,
    );
  }

  /** Leaves: no task is given to this worker any more. What is still assigned is moved to others. */
  async unregister(options?: RequestOptions): Promise<void> {
    await writeBatch(
      this.#coordination,
      { items: [this.#layout.worker(this.workerId)], partsOf: (path) => [{ op: 'delete', path }] },
      options,
    );
  }
}
