import type { TaskId } from './task.ts';

/** What the tree says of one worker. Changed by the picture alone. */
export class WorkerView {
  readonly workerId: string;
  /** Its ephemeral is there. */
  alive = false;
  /** Its folder of assignments is there. */
  hasFolder = false;
  readonly tasks = new Set<TaskId>();

  constructor(workerId: string) {
    this.workerId = workerId;
  }
}
