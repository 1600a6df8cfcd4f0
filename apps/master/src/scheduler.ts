import type { Clock, Logger } from '@reeve/base';
import type {
  Board,
  Candidate,
  Decision,
  PlanLimits,
  PrimaryStore,
  QueueLimits,
  Reading,
  TaskReading,
  WorkerRecord,
  WorkerView,
} from '@reeve/tasks';
import { ChoreRunner, type SetAside } from './chore-runner.ts';
import { Janitor } from './janitor.ts';
import type { MasterSettings } from './master-options.ts';

/** Writes of assignments under way: one is read by the workers while the next is written. */
const ASSIGNS_IN_FLIGHT = 4;
const DECISIONS_PER_ASSIGN = 500;
const READS_IN_FLIGHT = 4;
const TASKS_PER_READ = 500;
/** A task whose assignment was refused is not planned again at once: the news of why may still be on its way. */
const REFUSED_PAUSE_MS = 100;
/** How often everything is looked at again, whatever events there were. */
const SWEEP_MS = 1_000;

/** What a term of a primary works with. */
export interface TermParts {
  readonly board: Board;
  readonly store: PrimaryStore;
  readonly settings: Pick<
    MasterSettings,
    'clock' | 'logger' | 'lookahead' | 'prefetchMs' | 'prefetchMax' | 'retainFinishedMs' | 'retainFinishedMax'
  >;
  /** Called once when the term ends by itself, with the failure that ended it. */
  readonly onFailure: (reason: unknown) => void;
}

/**
 * One term of a primary: gives tasks to workers and puts right what has to be, until it is stopped or a write fails.
 * Any failure ends the term: nothing is repaired in flight, a new term begins with what is there.
 */
export class Scheduler {
  readonly #board: Board;
  readonly #store: PrimaryStore;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #lookahead: number;
  readonly #limits: PlanLimits;
  readonly #chores: ChoreRunner;
  readonly #janitor: Janitor;
  readonly #sweeping: NodeJS.Timeout;
  #assigns = 0;
  #reads = 0;
  #turn: NodeJS.Immediate | undefined;
  #alarm: NodeJS.Timeout | undefined;
  #state: 'running' | 'stopped' = 'running';
  readonly #onFailure: (reason: unknown) => void;

  constructor({ board, store, settings, onFailure }: TermParts) {
    const { clock, logger, lookahead, prefetchMs, prefetchMax, retainFinishedMs, retainFinishedMax } = settings;
    this.#board = board;
    this.#store = store;
    this.#clock = clock;
    this.#logger = logger;
    this.#lookahead = lookahead;
    this.#limits = {
      decisionsMax: DECISIONS_PER_ASSIGN,
      prefetch: { horizonMs: prefetchMs, tasksMax: prefetchMax },
    };
    this.#onFailure = onFailure;
    this.#chores = new ChoreRunner({ board, store, clock, logger });
    const retention = { retainFinishedMs, retainFinishedMax };
    this.#janitor = new Janitor({ board, store, clock, logger, retention });
    this.#sweeping = setInterval(() => this.#sweep(), SWEEP_MS);
    this.wake();
  }

  /** The fence of this term. */
  get epoch(): number {
    return this.#store.epoch;
  }

  /** Something has changed: there will be a turn, one for all that changes until then. */
  wake(): void {
    if (this.#state === 'stopped' || this.#turn !== undefined) return;
    this.#turn = setImmediate(() => {
      this.#turn = undefined;
      this.#takeTurn();
    });
  }

  /** Limits how many tasks of a queue are assigned at the same time, from the next turn on. */
  limitQueues(limits: QueueLimits): void {
    this.#board.limitQueues(limits);
    this.wake();
  }

  /** Begins nothing any more. What is under way may still take effect, unless another term begins first. */
  stop(): void {
    if (this.#state === 'stopped') return;
    this.#state = 'stopped';
    clearInterval(this.#sweeping);
    clearTimeout(this.#alarm);
    clearImmediate(this.#turn);
  }

  #takeTurn(): void {
    this.#count();
    this.#assign();
    this.#read();
    this.#meet();
    this.#doChores();
    this.#setAlarm();
  }

  /** Finds out the queues of tasks that an earlier term has assigned, where some queue is limited. */
  #count(): void {
    const candidates = this.#board.takeUncounted(TASKS_PER_READ);
    if (candidates.length === 0) return;
    this.#run(async () => {
      const found = await this.#store.readTasks(candidates);
      for (const [i, candidate] of candidates.entries()) this.#board.learnQueue(candidate, found[i] as TaskReading);
    });
  }

  #assign(): void {
    while (this.#assigns < ASSIGNS_IN_FLIGHT) {
      const { decisions } = this.#board.plan(this.#limits, this.#clock.now());
      if (decisions.length === 0) return;
      this.#assigns += 1;
      this.#run(async () => {
        await this.#write(decisions);
        this.#assigns -= 1;
      });
    }
  }

  async #write(decisions: readonly Decision[]): Promise<void> {
    const refusals = await this.#store.assign(decisions);
    for (const [i, refusal] of refusals.entries()) {
      const decision = decisions[i] as Decision;
      if (refusal === undefined) continue;
      this.#logger.debug({ ...decision, code: refusal.code, epoch: this.#store.epoch }, 'assignment refused');
      this.#board.release(decision.taskId, this.#clock.now() + REFUSED_PAUSE_MS);
    }
  }

  #read(): void {
    while (this.#reads < READS_IN_FLIGHT) {
      const candidates = this.#board.takeUnread(TASKS_PER_READ, this.#lookahead);
      if (candidates.length === 0) return;
      this.#reads += 1;
      this.#run(async () => {
        await this.#readTasks(candidates);
        this.#reads -= 1;
      });
    }
  }

  async #readTasks(candidates: readonly Candidate[]): Promise<void> {
    const found = await this.#store.readTasks(candidates);
    const setAside: SetAside[] = [];
    for (const [i, candidate] of candidates.entries()) {
      const reading = found[i] as TaskReading;
      if (this.#board.learnTask(candidate, reading) === 'set aside') {
        setAside.push({ taskId: candidate.taskId, reading });
      }
    }
    await this.#chores.reject(setAside);
  }

  /** Reads the records of workers that came or changed. */
  #meet(): void {
    const newcomers = this.#board.takeNewcomers();
    if (newcomers.length === 0) return;
    this.#run(async () => {
      const found = await this.#store.readWorkers(newcomers.map((worker) => worker.workerId));
      for (const [i, worker] of newcomers.entries()) this.#learnWorker(worker, found[i]);
    });
  }

  #learnWorker(worker: WorkerView, found: Reading<WorkerRecord> | undefined): void {
    const { workerId } = worker;
    if (found?.kind === 'unreadable') this.#logger.warn({ workerId, ...found.error.facts }, 'worker unreadable');
    if (found?.kind !== 'found' || this.#board.learnWorker(worker, found.value) === 'known') return;
    const { slots, queues, handlers } = found.value;
    this.#logger.info({ workerId, slots, queues, handlers: handlers.length, epoch: this.#store.epoch }, 'worker came');
  }

  #doChores(): void {
    const chores = this.#chores.take();
    if (chores.length > 0) this.#run(() => this.#chores.run(chores));
  }

  /** Wakes when the next delayed task becomes due. */
  #setAlarm(): void {
    clearTimeout(this.#alarm);
    const { dueAt } = this.#board;
    if (dueAt === undefined) return;
    this.#alarm = setTimeout(() => this.wake(), Math.min(SWEEP_MS, Math.max(1, dueAt - this.#clock.now())));
  }

  #sweep(): void {
    this.#board.sweep();
    for (const taskId of this.#board.takeAssignedTwice()) {
      this.#logger.error({ taskId, epoch: this.#store.epoch }, 'a task has two assignments');
    }
    this.wake();
    if (!this.#janitor.isBusy) this.#run(() => this.#janitor.run());
  }

  /** Does something that waits for the engine. Whatever fails ends the term. */
  #run(work: () => Promise<void>): void {
    if (this.#state === 'stopped') return;
    work().then(
      () => this.wake(),
      (error: unknown) => this.#fail(error),
    );
  }

  #fail(reason: unknown): void {
    if (this.#state === 'stopped') return;
    this.stop();
    this.#onFailure(reason);
  }
}
