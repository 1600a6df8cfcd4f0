import {
  Board,
  type Candidate,
  Layout,
  newTaskId,
  Picture,
  type PlanLimits,
  type RetryRecord,
  specDefaults,
  type TaskId,
  type TaskSpec,
  type WorkerRecord,
} from '@reeve/tasks';

/** A specification of handler `echo`, with whatever a test wants different. */
export function specOf(different: Partial<TaskSpec>): TaskSpec {
  return {
    work: { kind: 'handler', handler: 'echo', payload: null },
    ...specDefaults,
    submittedAt: 1_000,
    ...different,
  };
}

/** A worker of queue `default` with handler `echo`. */
export function workerOf(different: Partial<WorkerRecord>): WorkerRecord {
  return {
    host: 'h',
    pid: 1,
    slots: 2,
    queues: ['default'],
    handlers: ['echo'],
    runs: ['handlers'],
    phase: 'accepting',
    labels: {},
    fleet: 'local',
    startedAt: 0,
    ...different,
  };
}

/** The task id number `n`, made at that millisecond. */
export function idOf(n: number): TaskId {
  return newTaskId(n, new Uint8Array(10).fill(n % 256));
}

export const limits: PlanLimits = { decisionsMax: 1_000, prefetch: { horizonMs: 100, tasksMax: 1_000 } };

/** A tree as a primary sees it, driven by events as the watch tells them; what would be read is given by the test. */
export class Table {
  readonly layout = new Layout();
  readonly picture = new Picture(this.layout);
  readonly specs = new Map<TaskId, TaskSpec>();
  readonly retries = new Map<TaskId, RetryRecord>();
  #board: Board | undefined;

  /** The board of a primary that takes over now, or took over. */
  get board(): Board {
    this.#board ??= new Board(this.picture, 0);
    return this.#board;
  }

  /** Another primary takes over. */
  takeOver(now = 0): Board {
    this.#board = new Board(this.picture, now);
    return this.#board;
  }

  created(path: string): void {
    this.picture.apply({ type: 'created', path });
  }

  deleted(path: string): void {
    this.picture.apply({ type: 'deleted', path });
  }

  worker(workerId: string, different: Partial<WorkerRecord> = {}): void {
    this.created(this.layout.worker(workerId));
    this.created(this.layout.assignmentsOf(workerId));
    const view = this.picture.workers.get(workerId);
    if (view !== undefined) this.board.learnWorker(view, workerOf(different));
  }

  submit(taskId: TaskId, different: Partial<TaskSpec> = {}): void {
    this.specs.set(taskId, specOf(different));
    this.created(this.layout.task(taskId));
  }

  assign(taskId: TaskId, workerId: string): void {
    this.created(this.layout.assignment(workerId, taskId));
  }

  finish(taskId: TaskId, workerId: string): void {
    this.created(this.layout.status(taskId));
    this.deleted(this.layout.assignment(workerId, taskId));
  }

  retry(taskId: TaskId, workerId: string, record: RetryRecord): void {
    this.retries.set(taskId, record);
    this.created(this.layout.retry(taskId));
    this.deleted(this.layout.assignment(workerId, taskId));
  }

  /** Reads all that waits to be read. */
  read(): void {
    const { board } = this;
    for (const candidate of board.takeUnread(10_000, 100_000)) board.learnTask(candidate, this.#readingOf(candidate));
  }

  /** Reads, plans, and says who was given what. */
  plan(now: number, different: Partial<PlanLimits> = {}): Record<string, readonly TaskId[]> {
    this.read();
    const given: Record<string, TaskId[]> = {};
    for (const { taskId, workerId } of this.board.plan({ ...limits, ...different }, now).decisions) {
      given[workerId] = [...(given[workerId] ?? []), taskId];
    }
    return given;
  }

  #readingOf({ taskId, need, retryUnread }: Candidate) {
    const spec = this.specs.get(taskId);
    const retry = this.retries.get(taskId);
    return {
      ...(need === undefined && spec && { spec: found(spec) }),
      ...(retryUnread && retry && { retry: found(retry) }),
    };
  }
}

function found<T>(value: T) {
  return { kind: 'found' as const, value, czxid: 1, ctime: 1, version: 0 };
}
