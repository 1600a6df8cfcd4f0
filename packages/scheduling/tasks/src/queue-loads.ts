import type { TaskView } from './task-view.ts';

/** The most tasks of a queue that are assigned at the same time, by queue. A queue without an entry has no limit. */
export type QueueLimits = ReadonlyMap<string, number>;

/** A queue that no task is in: of tasks whose specification nobody can read. */
const NO_QUEUE = '';

/**
 * How many tasks of each queue are assigned, or about to be. Counts only while some queue is limited: without limits it
 * costs nothing.
 */
export class QueueLoads {
  #limits: QueueLimits = new Map();
  readonly #queues = new Map<TaskView, string>();
  readonly #loads = new Map<string, number>();
  /** Assigned, in an earlier term perhaps, and of a queue that is not known yet. */
  readonly #unknown = new Set<TaskView>();
  /** Of these, those whose specification is being read. */
  readonly #asked = new Set<TaskView>();

  /** Whether some queue is limited. */
  get isCounting(): boolean {
    return this.#limits.size > 0;
  }

  /** Limits queues; `tasks` are all that there are, which is looked at when there was no limit before. */
  limit(limits: QueueLimits, tasks: Iterable<TaskView>): void {
    const hadNone = this.#limits.size === 0;
    this.#limits = limits;
    if (limits.size === 0) this.#clear();
    else if (hadNone) for (const view of tasks) this.update(view);
  }

  /** A task has changed, or what is planned for it. */
  update(view: TaskView): void {
    if (!this.isCounting) return;
    const isTaken = view.phase === 'assigned' || view.candidate?.stage === 'reserved';
    if (!isTaken) return this.#forget(view);
    const queue = view.candidate?.need?.queue;
    if (this.#queues.has(view)) return;
    if (queue !== undefined) this.#count(view, queue);
    else if (!this.#asked.has(view)) this.#unknown.add(view);
  }

  /**
   * How many more tasks of each limited queue may be assigned. A task of unknown queue counts in all of them: rather too
   * few for a moment than too many.
   */
  rooms(): ReadonlyMap<string, number> {
    if (!this.isCounting) return noRooms;
    const unknown = this.#unknown.size + this.#asked.size;
    const rooms = [...this.#limits].map(([queue, limit]) => {
      return [queue, Math.max(0, limit - (this.#loads.get(queue) ?? 0) - unknown)] as const;
    });
    return new Map(rooms);
  }

  /** Tasks whose queue must be found out, to be told by `learned`. */
  takeUnknown(countMax: number): readonly TaskView[] {
    const taken = [...this.#unknown].slice(0, countMax);
    for (const view of taken) {
      this.#unknown.delete(view);
      this.#asked.add(view);
    }
    return taken;
  }

  /** What was found out; undefined where nobody can know. */
  learned(view: TaskView, queue: string | undefined): void {
    if (!this.#asked.delete(view)) return;
    if (queue === undefined && view.phase === 'assigned') this.#count(view, NO_QUEUE);
    else this.update(view);
  }

  #count(view: TaskView, queue: string): void {
    this.#unknown.delete(view);
    this.#queues.set(view, queue);
    this.#loads.set(queue, (this.#loads.get(queue) ?? 0) + 1);
  }

  #forget(view: TaskView): void {
    this.#unknown.delete(view);
    this.#asked.delete(view);
    const queue = this.#queues.get(view);
    if (queue === undefined) return;
    this.#queues.delete(view);
    const load = (this.#loads.get(queue) ?? 1) - 1;
    if (load === 0) this.#loads.delete(queue);
    else this.#loads.set(queue, load);
  }

  #clear(): void {
    this.#queues.clear();
    this.#loads.clear();
    this.#unknown.clear();
    this.#asked.clear();
  }
}

const noRooms: ReadonlyMap<string, number> = new Map();
