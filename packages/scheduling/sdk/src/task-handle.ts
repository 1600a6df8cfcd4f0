import {
  explainWaiting,
  type Layout,
  ScheduleError,
  type TaskDescription,
  type TaskId,
  type TaskStatus,
  TaskStore,
  type WaitingReason,
} from '@reeve/tasks';
import type { CallOptions } from './call.ts';
import type { FinalStatuses } from './final-statuses.ts';
import { Fleet } from './fleet.ts';
import type { Link } from './link.ts';
import { busyWorkers, noPrimary } from './overview-reader.ts';
import { readQueueLimits } from './queue-limits.ts';
import { ReeveError, type ReeveErrorCode } from './reeve-error.ts';

/** What a handle works through; shared by all handles of one connection. */
export interface HandleContext {
  readonly link: Link;
  readonly layout: Layout;
  readonly finalStatuses: FinalStatuses;
}

/** All that is known of a task. */
export interface TaskReport extends TaskDescription {
  /** Why it waits, where it does. */
  readonly reason?: { readonly code: string; readonly message: string };
}

/** One task, by its id. Cheap: it holds no state and asks anew each time. */
export class TaskHandle<Result = unknown> {
  readonly taskId: TaskId;
  readonly #context: HandleContext;

  constructor(taskId: TaskId, context: HandleContext) {
    this.taskId = taskId;
    this.#context = context;
  }

  /** All that is known of it: what was asked, where it stands, why it waits. Rejects with `task_unknown`. */
  async describe(options?: CallOptions): Promise<TaskReport> {
    const found = await this.#describe(options);
    return found.state === 'waiting' ? { ...found, reason: await this.#explain(found, options) } : found;
  }

  /**
   * Waits for the final status, whatever it is. Without `timeoutMs` it waits for ever, also over lost sessions.
   * An id that was never submitted is waited for as well: somebody may be about to.
   */
  async finished({ signal, timeoutMs }: CallOptions = {}): Promise<TaskStatus> {
    const call = this.#context.link.call({ signal, timeoutMs });
    try {
      call.check();
      return await this.#context.finalStatuses.wait(this.taskId, call);
    } finally {
      call.dispose();
    }
  }

  /**
   * Waits for the task to succeed and gives what its handler returned (a command: `{ exitCode, stdout, stderr }`).
   * Rejects with `task_failed`, `task_cancelled`, `task_lost` or `task_expired`, the status among the facts.
   */
  async result(options?: CallOptions): Promise<Result> {
    const status = await this.finished(options);
    if (status.outcome === 'succeeded') return status.result as Result;
    const reason = status.error === undefined ? '' : `: ${status.error.message}`;
    const facts = { code: codeOfOutcome[status.outcome], taskId: this.taskId, status };
    throw new ReeveError(facts, `task ${this.taskId} ended ${status.outcome}${reason}`);
  }

  /**
   * Asks that it be cancelled: it ends at once where it waits, or when its handler gives up. Rejects with
   * `task_finished` or `task_unknown`.
   */
  async cancel(options?: CallOptions): Promise<void> {
    const { status } = await this.#describe(options);
    if (status !== undefined) throw finished(this.taskId, status);
    await this.#run((store, request) => store.cancel([this.taskId], request), options);
  }

  /** Runs a finished task again, from the first attempt. Rejects with `task_not_finished` or `task_unknown`. */
  async retry(options?: CallOptions): Promise<void> {
    let tries = 0;
    await this.#run(async (store, request) => {
      tries += 1;
      try {
        await store.redrive(this.taskId, request);
      } catch (error) {
        // The try before had been carried out, and only its answer was lost.
        if (tries === 1 || !isNotFinished(error)) throw error;
      }
    }, options);
  }

  async #describe(options?: CallOptions): Promise<TaskDescription> {
    const found = await this.#run((store, request) => store.describe(this.taskId, request), options);
    if (found === undefined) throw unknown(this.taskId);
    return found;
  }

  #explain(task: TaskDescription, options?: CallOptions): Promise<WaitingReason | typeof noPrimary> {
    const { link, layout } = this.#context;
    return link.run(async (session, request) => {
      const fleet = new Fleet(session, layout, request);
      const limits = readQueueLimits(session, layout, request);
      const [workers, primary] = await Promise.all([fleet.workers(), fleet.primary()]);
      if (primary === undefined) return noPrimary;
      const limit = (await limits).get(task.spec.queue);
      return explainWaiting({ ...task, limit }, busyWorkers(workers), Date.now());
    }, options);
  }

  #run<T>(
    work: (store: TaskStore, request: Parameters<TaskStore['describe']>[1]) => Promise<T>,
    options?: CallOptions,
  ): Promise<T> {
    const { link, layout } = this.#context;
    return link.run((session, request) => work(new TaskStore(session, layout), request), options);
  }
}

const codeOfOutcome = {
  failed: 'task_failed',
  cancelled: 'task_cancelled',
  lost: 'task_lost',
  expired: 'task_expired',
} as const satisfies Record<Exclude<TaskStatus['outcome'], 'succeeded'>, ReeveErrorCode>;

function isNotFinished(error: unknown): boolean {
  return error instanceof ScheduleError && error.code === 'task_not_finished';
}

function unknown(taskId: TaskId): ReeveError {
  const advice =
    'It was never submitted here, or its time of retention is over; "reeve tasks list" shows what there is.';
  return new ReeveError({ code: 'task_unknown', taskId, advice }, `there is no task ${taskId}`);
}

function finished(taskId: TaskId, status: TaskStatus): ReeveError {
  const advice = 'Only a task that waits or runs can be cancelled.';
  return new ReeveError(
    { code: 'task_finished', taskId, status, advice },
    `task ${taskId} is finished already: ${status.outcome}`,
  );
}
