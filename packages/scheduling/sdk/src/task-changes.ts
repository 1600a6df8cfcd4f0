import type { WatchedEvent } from '@reeve/client';
import type { Layout, Place, TaskId, TaskStatus } from '@reeve/tasks';

/** One change of a task's state. `at` is when the SDK learnt of it, milliseconds since the epoch. */
export type TaskChange =
  /** It waits: submitted just now, or again after a failed attempt, the loss of its worker, or a redrive. */
  | { readonly kind: 'waiting'; readonly taskId: TaskId; readonly at: number; readonly reason: ReasonToWait }
  | { readonly kind: 'assigned'; readonly taskId: TaskId; readonly at: number; readonly workerId: string }
  | { readonly kind: 'cancel_requested'; readonly taskId: TaskId; readonly at: number }
  | { readonly kind: 'finished'; readonly taskId: TaskId; readonly at: number; readonly status: TaskStatus }
  /**
   * The watch is armed: from here on no change is missed. Comes first, and again wherever connection or session was
   * lost and is back: changes may be missing before it, so look at what matters.
   */
  | { readonly kind: 'armed'; readonly at: number };

/** Why a task waits: new, taken back from its worker, or to be run again although it was finished. */
export type ReasonToWait = 'submitted' | 'released' | 'redriven';

/** A change as the watch tells it: the outcome of a finished task is still to be read. */
export type RawChange =
  | Exclude<TaskChange, { readonly kind: 'finished' | 'armed' }>
  | { readonly kind: 'finished'; readonly taskId: TaskId; readonly at: number };

/** How many finished tasks are remembered until the end of their assignment is announced, right after. */
const ENDING_MAX = 1_000;

/** Makes changes of tasks from the events of one recursive watch of the root. */
export class ChangeReader {
  readonly #layout: Layout;
  /** Finished while assigned: the end of that assignment is no news. In order of time. */
  readonly #ending = new Set<TaskId>();

  constructor(layout: Layout) {
    this.#layout = layout;
  }

  /** The change that an event means; undefined when it means none. */
  read(event: WatchedEvent, at: number): RawChange | undefined {
    const place = this.#layout.locate(event.path);
    if (place === undefined) return undefined;
    if (event.type === 'created') return this.#created(place, at);
    if (event.type === 'deleted') return this.#deleted(place, at);
    return undefined;
  }

  #created(place: Place, at: number): RawChange | undefined {
    switch (place.kind) {
      case 'task':
        return { kind: 'waiting', taskId: place.taskId, at, reason: 'submitted' };
      case 'assignment':
        return { kind: 'assigned', taskId: place.taskId, at, workerId: place.workerId };
      case 'cancel':
        return { kind: 'cancel_requested', taskId: place.taskId, at };
      case 'status':
        this.#remember(place.taskId);
        return { kind: 'finished', taskId: place.taskId, at };
      default:
        return undefined;
    }
  }

  #deleted(place: Place, at: number): RawChange | undefined {
    if (place.kind === 'status') return { kind: 'waiting', taskId: place.taskId, at, reason: 'redriven' };
    if (place.kind !== 'assignment' || this.#ending.delete(place.taskId)) return undefined;
    return { kind: 'waiting', taskId: place.taskId, at, reason: 'released' };
  }

  #remember(taskId: TaskId): void {
    this.#ending.add(taskId);
    const [oldest] = this.#ending;
    if (this.#ending.size > ENDING_MAX && oldest !== undefined) this.#ending.delete(oldest);
  }
}
