import { isDeepStrictEqual } from 'node:util';
import { type Layout, type NewTask, type TaskId, type TaskSpec, TaskStore } from '@reeve/tasks';
import type { CallOptions } from './call.ts';
import type { Link } from './link.ts';
import { ReeveError } from './reeve-error.ts';
import { newTaskId } from './task-id.ts';
import { specOf, type TaskRequest, taskIdOf } from './task-request.ts';

/** How a stream of tasks is submitted. */
export interface SubmitManyOptions {
  /** Fires to stop: what was acknowledged stays submitted. */
  readonly signal?: AbortSignal | undefined;
  /** The deadline of one batch, milliseconds; the SDK's `timeoutMs` unless given. */
  readonly timeoutMs?: number | undefined;
  /** How many tasks are sent together; 1 … 10000, 500 unless given. */
  readonly batchMax?: number | undefined;
}

/** How many batches of one stream are under way together. */
const BATCHES_IN_FLIGHT = 4;
const BATCH_DEFAULT = 500;
const BATCH_MAX = 10_000;

/** Makes tasks of requests and hands them in. The ids are made here, so whatever was not acknowledged is sent again. */
export class Submitter {
  readonly #link: Link;
  readonly #layout: Layout;

  constructor(link: Link, layout: Layout) {
    this.#link = link;
    this.#layout = layout;
  }

  async submit(request: TaskRequest, options: CallOptions): Promise<TaskId> {
    const task = newTask(request);
    await this.#send([task], options);
    return task.taskId;
  }

  /**
   * Submits a stream in batches; yields the ids of each in order, once it is acknowledged. Where the stream fails, all
   * that it gave before is submitted and yielded first.
   */
  async *submitMany(
    requests: Iterable<TaskRequest> | AsyncIterable<TaskRequest>,
    options: SubmitManyOptions,
  ): AsyncGenerator<readonly TaskId[]> {
    const { signal, timeoutMs } = options;
    const underWay: Promise<readonly TaskId[]>[] = [];
    for await (const batch of batchesOf(requests, checkedBatch(options.batchMax ?? BATCH_DEFAULT))) {
      if ('failure' in batch) {
        for (const sent of underWay) yield await sent;
        throw batch.failure;
      }
      const sent = this.#send(batch, { signal, timeoutMs }).then(() => batch.map((task) => task.taskId));
      // Its failure is met below, in order; until then it is nobody's.
      sent.catch(() => {});
      underWay.push(sent);
      if (underWay.length >= BATCHES_IN_FLIGHT) yield await (underWay.shift() as Promise<readonly TaskId[]>);
    }
    for (const sent of underWay) yield await sent;
  }

  async #send(tasks: readonly OwnTask[], options: CallOptions): Promise<void> {
    await this.#link.run((session, request) => new TaskStore(session, this.#layout).submit(tasks, request), options);
    const named = tasks.filter((task) => task.id === 'given');
    if (named.length > 0) await this.#checkSame(named, options);
  }

  /** Submitting is silent about an id that is taken: right after a lost reply, wrong when it is another task's. */
  async #checkSame(tasks: readonly NewTask[], options: CallOptions): Promise<void> {
    const taskIds = tasks.map((task) => task.taskId);
    const found = await this.#link.run(
      (session, request) => new TaskStore(session, this.#layout).readSpecs(taskIds, request),
      options,
    );
    for (const [at, { taskId, spec }] of tasks.entries()) {
      const there = found[at];
      if (there?.kind === 'found' && !isSame(there.value, spec)) throw taken(taskId);
    }
  }
}

/** A task to submit, and whether its id was made here. */
interface OwnTask extends NewTask {
  readonly id: 'given' | 'made';
}

function newTask(request: TaskRequest): OwnTask {
  const spec = specOf(request, Date.now());
  if (request.id === undefined) return { taskId: newTaskId(), spec, id: 'made' };
  return { taskId: taskIdOf(request.id), spec, id: 'given' };
}

function taken(taskId: TaskId): ReeveError {
  const advice = 'Leave the id out to submit another task, or use "reeve tasks retry" to run that one again.';
  return new ReeveError({ code: 'task_exists', taskId, advice }, `task ${taskId} exists, and asks for something else`);
}

/** The stream cut into batches; what it fails with comes last. */
async function* batchesOf(
  requests: Iterable<TaskRequest> | AsyncIterable<TaskRequest>,
  batchMax: number,
): AsyncGenerator<readonly OwnTask[] | { readonly failure: unknown }> {
  let batch: OwnTask[] = [];
  let failed: { readonly failure: unknown } | undefined;
  try {
    for await (const request of requests) {
      batch.push(newTask(request));
      if (batch.length < batchMax) continue;
      yield batch;
      batch = [];
    }
  } catch (failure) {
    failed = { failure };
  }
  if (batch.length > 0) yield batch;
  if (failed !== undefined) yield failed;
}

function checkedBatch(batchMax: number): number {
  if (Number.isInteger(batchMax) && batchMax >= 1 && batchMax <= BATCH_MAX) return batchMax;
  const message = `batchMax is ${batchMax}, but must be between 1 and ${BATCH_MAX}`;
  throw new ReeveError({ code: 'invalid_argument' }, message);
}

/** Whether two specifications ask for the same, whenever each was submitted. */
function isSame(a: TaskSpec, b: TaskSpec): boolean {
  const timeless = (spec: TaskSpec) => JSON.parse(JSON.stringify({ ...spec, submittedAt: 0, notBefore: 0 })) as unknown;
  return isDeepStrictEqual(timeless(a), timeless(b));
}
