import { Line } from './line.ts';
import { timeOf } from './task-id.ts';
import type { TaskView } from './task-view.ts';

/** How long finished tasks are kept. */
export interface Retention {
  /** At least this long after they finished, unless there are too many. */
  readonly retainFinishedMs: number;
  /** Beyond this number the oldest go at once. */
  readonly retainFinishedMax: number;
}

type Entry = { readonly view: TaskView; readonly at: number; readonly known: 'exactly' | 'at the earliest' };

/** Finished tasks whose time is over, or may be. */
export interface Overdue {
  /** To be deleted now. */
  readonly expired: readonly TaskView[];
  /** Older than the time of retention by their ids: when they finished must be read, and told by `learn`. */
  readonly unsure: readonly TaskView[];
}

/** The finished tasks, oldest first. Those found at take-over are ordered by the time of their ids until it matters. */
export class Shelf {
  readonly #line = new Line<Entry>((a, b) => a.at < b.at);
  #count = 0;

  /** How many finished tasks there are. */
  get count(): number {
    return this.#count;
  }

  /** A task has finished just now. */
  add(view: TaskView, now: number): void {
    this.#count += 1;
    this.#line.push({ view, at: now, known: 'exactly' });
  }

  /** A finished task was found; when it finished is not known, but its id says when it was submitted. */
  find(view: TaskView): void {
    this.#count += 1;
    this.#line.push({ view, at: timeOf(view.taskId), known: 'at the earliest' });
  }

  /** A task is finished no longer: redriven, or deleted. */
  remove(): void {
    this.#count -= 1;
  }

  /** When an unsure task finished, milliseconds since the epoch. */
  learn(view: TaskView, finishedAt: number): void {
    this.#line.push({ view, at: finishedAt, known: 'exactly' });
  }

  /** Takes what is overdue off the shelf, at most `countMax` tasks. */
  take(now: number, retention: Retention, countMax: number): Overdue {
    const expired: TaskView[] = [];
    const unsure: TaskView[] = [];
    let surplus = this.#count - retention.retainFinishedMax;
    while (expired.length + unsure.length < countMax) {
      const first = this.#line.peek();
      const isOld = first !== undefined && first.at + retention.retainFinishedMs <= now;
      if (first === undefined || !(isOld || surplus > 0)) break;
      this.#line.pop();
      if (!first.view.finished) continue;
      if (surplus > 0 || first.known === 'exactly') expired.push(first.view);
      else unsure.push(first.view);
      surplus -= 1;
    }
    return { expired, unsure };
  }
}
