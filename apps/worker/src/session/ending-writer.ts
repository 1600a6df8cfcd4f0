import { type Backoff, backoffMs, codeOf, type Logger, messageOf } from '@reeve/base';
import type { Ending, EndingResult, TaskId, WorkerStore } from '@reeve/tasks';

/** How many writes are under way together; what ends meanwhile goes into the next one. */
const WRITES_IN_FLIGHT_MAX = 3;

/** The most endings of one write. */
const BATCH_MAX = 1_000;

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
  #inFlight = 0;
  #scheduled = false;
  #stopped = false;
  #onFlushed: (() => void)[] = [];
  readonly #waits = new Set<() => void>();

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
    this.#endings = [];
    this.#returns = [];
    for (const wake of this.#waits) wake();
    this.#announce();
  }

  /** Tries at once what waits for its next try. */
  wake(): void {
    for (const wake of this.#waits) wake();
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
    const { store, onReleased } = this.#parts;
    while (!this.#stopped && this.#inFlight < WRITES_IN_FLIGHT_MAX) {
      if (this.#endings.length > 0) {
        const batch = this.#endings.splice(0, BATCH_MAX);
        void this.#write(async () => {
          const results = await store.finish(batch);
          for (const [i, { taskId }] of batch.entries()) onReleased(taskId, results[i] ?? 'taken');
        });
      } else if (this.#returns.length > 0) {
        const batch = this.#returns.splice(0, BATCH_MAX);
        void this.#write(async () => {
          await store.handBack(batch);
          for (const taskId of batch) onReleased(taskId, 'handed_back');
        });
      } else break;
    }
    if (this.#isFlushed()) this.#announce();
  }

  async #write(write: () => Promise<void>): Promise<void> {
    this.#inFlight += 1;
    for (let failures = 1; !this.#stopped; failures += 1) {
      try {
        await write();
        break;
      } catch (error) {
        if (this.#stopped) break;
        const waitMs = backoffMs(retryBackoff, failures, Math.random);
        this.#parts.logger.warn(
          { code: codeOf(error), waitMs, failures },
          `cannot write endings yet: ${messageOf(error)}`,
        );
        await this.#pause(waitMs);
      }
    }
    this.#inFlight -= 1;
    this.#writeMore();
  }

  #pause(waitMs: number): Promise<void> {
    return new Promise((resolve) => {
      const wake = () => {
        clearTimeout(timer);
        this.#waits.delete(wake);
        resolve();
      };
      const timer = setTimeout(wake, waitMs);
      this.#waits.add(wake);
    });
  }

  #announce(): void {
    for (const resolve of this.#onFlushed.splice(0)) resolve();
  }
}
