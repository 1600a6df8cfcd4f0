import { type Candidate, goesFirst } from './candidate.ts';
import { Line } from './line.ts';
import type { Seat } from './seats.ts';
import type { TaskSpec, WorkerRecord } from './task.ts';

/** What a worker must offer to be given a task: the queue, and the handler or the right to run commands. */
export interface Need {
  readonly queue: string;
  /** The handler's name; undefined for a command. */
  readonly handler: string | undefined;
  readonly repeat: TaskSpec['repeat'];
}

/** What `spec` needs of a worker. */
export function needOf(spec: TaskSpec): Need {
  const handler = spec.work.kind === 'handler' ? spec.work.handler : undefined;
  return { queue: spec.queue, handler, repeat: spec.repeat };
}

/** Whether a worker that says this of itself may run such a task, as far as it has room. */
export function offers(record: WorkerRecord, need: Need): boolean {
  if (!record.queues.includes(need.queue)) return false;
  if (need.handler === undefined) return record.runs.includes('commands');
  return record.runs.includes('handlers') && record.handlers.includes(need.handler);
}

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
