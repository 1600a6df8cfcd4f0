import { type Candidate, goesFirst } from './candidate.ts';
import { Line } from './line.ts';
import type { Need } from './need.ts';
import type { Seat } from './seat.ts';

/** All ready tasks with one need, in the order in which they are to start: each of them suits the same workers. */
export class Lane {
  readonly need: Need;
  /** The workers that may take from it, full or not; kept by `Seats`. */
  seats: readonly Seat[] = [];
  /** How many tasks are known to have this need, ready or not. */
  members = 0;
  /** How many of its tasks are ready. */
  ready = 0;
  readonly #line = new Line<Candidate>(goesFirst);

  constructor(need: Need) {
    this.need = need;
  }

  add(candidate: Candidate): void {
    candidate.stage = 'ready';
    this.ready += 1;
    this.#line.push(candidate);
  }

  /** The task that starts next. Those that stopped being ready in the meantime fall out here. */
  peek(): Candidate | undefined {
    for (;;) {
      const first = this.#line.peek();
      if (first === undefined || first.stage === 'ready') return first;
      this.#line.pop();
    }
  }

  /** Takes the task that starts next. */
  take(): Candidate | undefined {
    const first = this.peek();
    if (first === undefined) return undefined;
    this.#line.pop();
    this.ready -= 1;
    return first;
  }

  /** A ready task is no longer to start; its place in the order is given up later. */
  drop(candidate: Candidate): void {
    candidate.stage = 'away';
    this.ready -= 1;
  }
}
