import { type Backoff, backoffMs, codeOf, type Logger, messageOf } from '@reeve/base';
import type { Ending, EndingResult, TaskId, WorkerStore } from '@reeve/tasks';

/** How many writes are under way together; what ends meanwhile goes into the next one. */
const WRITES_IN_FLIGHT_MAX = 3;

/** The most endings of one write. After a failure it is halved: over a poor connection, small requests get through. */
const BATCH_MAX = 500;
const BATCH_MIN = 8;

const retryBackoff: Backoff = { baseMs: 50, factor: 2, ceilingMs: 2_000, jitter: 0.5 };

/** What a writer of endings is made of. */
export interface EndingWriterParts {
  readonly store: WorkerStore;
  readonly logger: Logger;
  /** The assignment is gone: because of this write, or of somebody else's before. */
  readonly onReleased: (taskId: TaskId, result: EndingResult | 'handed_back') => void;
}

/**
 * Writes what has come of attempts, and hands unstarted assignments back: all that comes up in one turn, or while
 * earlier writes are under way, together. It tries until it knows, for as long as the session lives.
 */
export class EndingWriter {
  readonly #parts: EndingWriterParts;
  #endings: Ending[] = [];
  #returns: TaskId[] = [];
  /** Written, perhaps: the connection was lost before the answer. */
  readonly #doubtful = new Set<TaskId>();
  #batchMax = BATCH_MAX;
  #inFlight = 0;
  #failures = 0;
  #scheduled = false;
  #retryTimer: NodeJS.Timeout | undefined;
  #stopped = false;
  #onFlushed: (() => void)[] = [];

  constructor(parts: EndingWriterParts) {
    this.#parts = parts;
  }

  finish(ending: Ending): void {
    this.#endings.push(ending);
    this.#schedule();
  }

  handBack(taskIds: readonly TaskId[]): void {
    if (taskIds.length === 0) return;
    this.#returns.push(...taskIds);
    this.#schedule();
  }

  /** Resolves when all that was given is written, or the writer was stopped. */
  async flushed(): Promise<void> {
    if (this.#isFlushed()) return;
    await new Promise<void>((resolve) => this.#onFlushed.push(resolve));
  }

  /** Gives up: the session is gone, and with it the right to write. */
  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#retryTimer);
    this.#endings = [];
    this.#returns = [];
    this.#announce();
  }

  /** Tries at once what waits for its next try. */
  wake(): void {
    clearTimeout(this.#retryTimer);
    this.#retryTimer = undefined;
    this.#schedule();
  }

  #isFlushed(): boolean {
    return this.#stopped || (this.#inFlight === 0 && this.#endings.length === 0 && this.#returns.length === 0);
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.#writeMore();
    });
  }

  #writeMore(): void {
    while (!this.#stopped && this.#inFlight < WRITES_IN_FLIGHT_MAX && this.#retryTimer === undefined) {
      if (this.#endings.length > 0) void this.#writeEndings(this.#endings.splice(0, this.#batchMax));
      else if (this.#returns.length > 0) void this.#writeReturns(this.#returns.splice(0, this.#batchMax));
      else break;
    }
    if (this.#isFlushed()) this.#announce();
  }

  async #writeEndings(batch: Ending[]): Promise<void> {
    const { store, onReleased } = this.#parts;
    const results = await this.#attempt(batch, () => store.finish(batch));
    if (results === undefined) {
      for (const { taskId } of batch) this.#doubtful.add(taskId);
      this.#endings.unshift(...batch);
    } else if (!this.#stopped) {
      for (const [i, { taskId }] of batch.entries()) {
        const wasDoubtful = this.#doubtful.delete(taskId);
        onReleased(taskId, wasDoubtful ? 'written' : (results[i] ?? 'taken'));
      }
    }
    this.#writeMore();
  }

  async #writeReturns(batch: TaskId[]): Promise<void> {
    const { store, onReleased } = this.#parts;
    const done = await this.#attempt(batch, () => store.handBack(batch).then(() => 'done'));
    if (done === undefined) this.#returns.unshift(...batch);
    else if (!this.#stopped) for (const taskId of batch) onReleased(taskId, 'handed_back');
    this.#writeMore();
  }

  /** What the write answered; undefined when it is to be tried again. */
  async #attempt<T>(batch: readonly unknown[], write: () => Promise<T>): Promise<T | undefined> {
    this.#inFlight += 1;
    try {
      const answer = await write();
      this.#failures = 0;
      this.#batchMax = Math.min(BATCH_MAX, this.#batchMax * 2);
      return answer;
    } catch (error) {
      this.#batchMax = Math.max(BATCH_MIN, Math.ceil(batch.length / 2));
      this.#retryLater(error);
      return undefined;
    } finally {
      this.#inFlight -= 1;
    }
  }

  #retryLater(error: unknown): void {
    if (this.#stopped || this.#retryTimer !== undefined) return;
    this.#failures += 1;
    const waitMs = backoffMs(retryBackoff, this.#failures, Math.random);
    this.#parts.logger.warn({ code: codeOf(error), waitMs }, `cannot write endings yet: ${messageOf(error)}`);
    this.#retryTimer = setTimeout(() => this.wake(), waitMs);
  }

  #announce(): void {
    for (const resolve of this.#onFlushed.splice(0)) resolve();
  }
}
