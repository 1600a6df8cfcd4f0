import type { Coordination, RequestOptions, TransactionPart } from '@reeve/client';
import { type Refusal, writeBatch } from './batch.ts';
import { decodeAssignment, decodeSpec, encodeRetry, encodeStatus, encodeWorker } from './codec.ts';
import { Layout } from './layout.ts';
import { BulkReader, type Reading, reading } from './reading.ts';
import type { Assignment, RetryRecord, TaskId, TaskSpec, TaskStatus, WorkerRecord } from './task.ts';

/** A worker's assignment with all it needs to start; `assignment.czxid` is the fencing token of the attempt. */
export interface AssignedTask {
  readonly taskId: TaskId;
  /** Missing when it was taken away meanwhile. */
  readonly assignment: Reading<Assignment>;
  readonly spec: Reading<TaskSpec>;
}

/** How an attempt ended; made by `endingOf` and its like in `retry.ts`. */
export type Ending =
  | { readonly kind: 'final'; readonly taskId: TaskId; readonly status: TaskStatus }
  | { readonly kind: 'retry'; readonly taskId: TaskId; readonly record: RetryRecord };

/** `taken`: the assignment was no longer this worker's; nothing was written (invariant I4). */
export type EndingResult = 'written' | 'taken';

/** One worker's view of its tasks as znodes. A workerId serves one session; a new session takes a new one. */
export class WorkerStore {
  readonly #coordination: Coordination;
  readonly #layout: Layout;
  readonly #reader: BulkReader;
  readonly workerId: string;

  constructor(coordination: Coordination, workerId: string, layout: Layout = new Layout()) {
    this.#coordination = coordination;
    this.#layout = layout;
    this.#reader = new BulkReader(coordination);
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
    const results = await this.#reader.read(paths, options);
    return taskIds.map((taskId, i) => ({
      taskId,
      assignment: reading('assignment', results[2 * i], decodeAssignment),
      spec: reading('spec', results[2 * i + 1], decodeSpec),
    }));
  }

  /** Reads assignments alone, for instance to see `cancel` after a `data_changed`. */
  async readAssignments(taskIds: readonly TaskId[], options?: RequestOptions): Promise<readonly Reading<Assignment>[]> {
    const paths = taskIds.map((taskId) => this.#layout.assignment(this.workerId, taskId));
    const results = await this.#reader.read(paths, options);
    return results.map((result) => reading('assignment', result, decodeAssignment));
  }

  /**
   * Ends attempts: a final status or a retry record appears and the assignment goes, in one step for each. When it
   * rejects (connection lost), call again with the same endings: one that had been written then says `taken`.
   */
  async finish(endings: readonly Ending[], options?: RequestOptions): Promise<readonly EndingResult[]> {
    const items = endings.map((ending) => this.#endingParts(ending));
    const refusals = await this.#write(items, options);
    await this.#removeLeftovers(endings, refusals, options);
    return refusals.map((refusal) => (refusal === undefined ? 'written' : 'taken'));
  }

  /** Gives assignments back that were never started: their tasks wait again. Idempotent. */
  async handBack(taskIds: readonly TaskId[], options?: RequestOptions): Promise<void> {
    const items = taskIds.map((taskId) => [this.#deleteAssignment(taskId)]);
    await this.#write(items, options);
  }

  /** Leaves: no task is given to this worker any more. What is still assigned is moved to others. */
  async unregister(options?: RequestOptions): Promise<void> {
    await writeBatch(
      this.#coordination,
      { items: [this.#layout.worker(this.workerId)], partsOf: (path) => [{ op: 'delete', path }] },
      options,
    );
  }

  // What has come of it goes before the assignment, so that whoever watches never sees a finished task as waiting.
  #endingParts(ending: Ending): readonly TransactionPart[] {
    const gone = this.#deleteAssignment(ending.taskId);
    if (ending.kind === 'final') {
      const data = encodeStatus(ending.status);
      return [{ op: 'create', path: this.#layout.status(ending.taskId), data }, gone];
    }
    const path = this.#layout.retry(ending.taskId);
    const data = encodeRetry(ending.record);
    const first = ending.record.attempts === 1;
    return [first ? { op: 'create', path, data } : { op: 'setData', path, data }, gone];
  }

  #deleteAssignment(taskId: TaskId): TransactionPart {
    return { op: 'delete', path: this.#layout.assignment(this.workerId, taskId) };
  }

  #write(
    items: readonly (readonly TransactionPart[])[],
    options?: RequestOptions,
  ): Promise<readonly (Refusal | undefined)[]> {
    return writeBatch(this.#coordination, { items, partsOf: (parts) => parts }, options);
  }

  /** A task that has a status already leaves an assignment behind only if somebody broke the rules: mend it. */
  async #removeLeftovers(
    endings: readonly Ending[],
    refusals: readonly (Refusal | undefined)[],
    options?: RequestOptions,
  ): Promise<void> {
    const left = endings.filter((_, i) => refusals[i]?.part === 0).map(({ taskId }) => taskId);
    if (left.length > 0) await this.handBack(left, options);
  }
}
