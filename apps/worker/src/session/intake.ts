import { setTimeout as sleep } from 'node:timers/promises';
import { type Backoff, backoffMs, codeOf, type Logger, messageOf } from '@reeve/base';
import type { Coordination, Watch, WatchedEvent } from '@reeve/client';
import type { AssignedTask, Assignment, Reading, TaskId, WorkerStore } from '@reeve/tasks';

/** How many reads are under way together; what comes meanwhile goes into the next one. */
const READS_IN_FLIGHT_MAX = 3;

/** The most ids of one read: over a poor connection, small answers get through. */
const BATCH_MAX = 250;

const retryBackoff: Backoff = { baseMs: 50, factor: 2, ceilingMs: 2_000, jitter: 0.5 };

/** What an intake tells. */
interface IntakeEvents {
  /** An assignment that is there now, perhaps told before. */
  assigned(task: AssignedTask): void;
  /** An assignment whose data has changed. */
  changed(taskId: TaskId, assignment: Reading<Assignment>): void;
  /** An assignment that is not there any more. */
  gone(taskId: TaskId): void;
}

/** What an intake is made of. */
export interface IntakeParts {
  readonly coordination: Coordination;
  readonly store: WorkerStore;
  readonly logger: Logger;
  readonly events: IntakeEvents;
}

/** Sees a worker's assignments come, change and go, and reads them in batches. */
export class Intake {
  readonly #parts: IntakeParts;
  readonly #prefix: string;
  #watch: Watch | undefined;
  #new = new Set<TaskId>();
  #changed = new Set<TaskId>();
  /** An id is never read twice at a time: the older answer could bring back an assignment that has ended meanwhile. */
  readonly #reading = new Set<TaskId>();
  /** Deleted while they were read: the answer may be from before. */
  readonly #overtaken = new Set<TaskId>();
  #listing = false;
  #inFlight = 0;
  #failures = 0;
  #scheduled = false;
  #retryTimer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(parts: IntakeParts) {
    this.#parts = parts;
    this.#prefix = `${parts.store.assignmentsPath}/`;
  }

  /** Watches; to be called before the worker is registered, so that nothing is missed. */
  async open(): Promise<void> {
    const { coordination, store } = this.#parts;
    this.#watch = await coordination.watch(store.assignmentsPath, 'persistent_recursive', (event) => this.#on(event));
  }

  /**
   * Compares what is held with what is there: a watch may have missed something while there was no connection. To be
   * called after each reconnect. A list that is under way will be answered by the new connection: it does for both.
   */
  async reconcile(held: () => Iterable<TaskId>): Promise<void> {
    if (this.#listing) return;
    this.#listing = true;
    for (let failures = 1; !this.#closed; failures += 1) {
      try {
        const there = await this.#parts.store.assigned();
        if (!this.#closed) this.#compare(new Set(there), held());
        break;
      } catch (error) {
        const waitMs = backoffMs(retryBackoff, failures, Math.random);
        this.#parts.logger.warn({ code: codeOf(error), waitMs }, `cannot list assignments yet: ${messageOf(error)}`);
        await sleep(waitMs);
      }
    }
    this.#listing = false;
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#retryTimer);
    this.#watch?.close().catch(() => undefined);
  }

  #compare(there: Set<TaskId>, held: Iterable<TaskId>): void {
    for (const taskId of held) {
      if (!there.delete(taskId)) this.#parts.events.gone(taskId);
      else this.#changed.add(taskId);
    }
    for (const taskId of there) this.#new.add(taskId);
    this.#schedule();
  }

  #on(event: WatchedEvent): void {
    if (this.#closed || !event.path.startsWith(this.#prefix)) return;
    const taskId = event.path.slice(this.#prefix.length) as TaskId;
    if (event.type === 'created') {
      this.#new.add(taskId);
      this.#schedule();
    } else if (event.type === 'deleted') {
      this.#new.delete(taskId);
      this.#changed.delete(taskId);
      if (this.#reading.has(taskId)) this.#overtaken.add(taskId);
      this.#parts.events.gone(taskId);
    } else if (event.type === 'data_changed') {
      this.#changed.add(taskId);
      this.#schedule();
    }
  }

  // All events of one turn of the event loop are read together.
  #schedule(): void {
    if (this.#scheduled || this.#closed) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.#readMore();
    });
  }

  #readMore(): void {
    while (!this.#closed && this.#inFlight < READS_IN_FLIGHT_MAX && this.#retryTimer === undefined) {
      const fresh = this.#take(this.#new);
      if (fresh.length > 0) void this.#read(fresh, this.#new, () => this.#readNew(fresh));
      const changed = this.#take(this.#changed);
      if (changed.length > 0) void this.#read(changed, this.#changed, () => this.#readChanged(changed));
      if (fresh.length + changed.length === 0) break;
    }
  }

  #take(from: Set<TaskId>): readonly TaskId[] {
    const taken: TaskId[] = [];
    for (const taskId of from) {
      if (taken.length === BATCH_MAX) break;
      if (!this.#reading.has(taskId)) taken.push(taskId);
    }
    for (const taskId of taken) {
      from.delete(taskId);
      this.#reading.add(taskId);
    }
    return taken;
  }

  async #read(taskIds: readonly TaskId[], from: Set<TaskId>, read: () => Promise<void>): Promise<void> {
    this.#inFlight += 1;
    try {
      await read();
      this.#failures = 0;
    } catch (error) {
      for (const taskId of taskIds) from.add(taskId);
      this.#retryLater(error);
    }
    for (const taskId of taskIds) {
      this.#reading.delete(taskId);
      this.#overtaken.delete(taskId);
    }
    this.#inFlight -= 1;
    if (this.#new.size > 0 || this.#changed.size > 0) this.#readMore();
  }

  async #readNew(taskIds: readonly TaskId[]): Promise<void> {
    const tasks = await this.#parts.store.read(taskIds);
    if (this.#closed) return;
    for (const task of tasks) {
      if (task.assignment.kind !== 'missing' && !this.#overtaken.has(task.taskId)) this.#parts.events.assigned(task);
    }
  }

  async #readChanged(taskIds: readonly TaskId[]): Promise<void> {
    const assignments = await this.#parts.store.readAssignments(taskIds);
    if (this.#closed) return;
    for (const [i, taskId] of taskIds.entries()) {
      const assignment = assignments[i];
      if (assignment !== undefined) this.#parts.events.changed(taskId, assignment);
    }
  }

  #retryLater(error: unknown): void {
    if (this.#closed || this.#retryTimer !== undefined) return;
    this.#failures += 1;
    const waitMs = backoffMs(retryBackoff, this.#failures, Math.random);
    this.#parts.logger.warn({ code: codeOf(error), waitMs }, `cannot read assignments yet: ${messageOf(error)}`);
    this.#retryTimer = setTimeout(() => {
      this.#retryTimer = undefined;
      this.#readMore();
    }, waitMs);
  }
}
