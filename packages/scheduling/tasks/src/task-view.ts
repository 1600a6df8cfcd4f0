import type { Candidate } from './candidate.ts';
import type { TaskId } from './task.ts';

/** Where a task stands, as far as existence of znodes tells. */
export type Phase =
  /** Nobody has asked for it (any more); a wish or a leftover may still be there. */
  'absent' | 'waiting' | 'assigned' | 'finished';

/** What the tree says of one task. Changed by the picture alone. */
export class TaskView {
  readonly taskId: TaskId;
  asked = false;
  finished = false;
  retried = false;
  cancelWanted = false;
  /** Who has an assignment of it. */
  workerId: string | undefined = undefined;
  /** What the primary has read of it; kept by its board. */
  candidate: Candidate | undefined = undefined;

  constructor(taskId: TaskId) {
    this.taskId = taskId;
  }

  get phase(): Phase {
    if (this.finished) return 'finished';
    if (this.workerId !== undefined) return 'assigned';
    return this.asked ? 'waiting' : 'absent';
  }

  get isEmpty(): boolean {
    return !(this.asked || this.finished || this.retried || this.cancelWanted) && this.workerId === undefined;
  }
}
