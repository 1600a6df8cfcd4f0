import type { TaskId } from './task.ts';

/** How many buckets tasks, statuses and retries are spread over: no child list nears the 1 MB packet limit. */
export const BUCKETS = 256;

/** The names of all buckets, `00` … `ff`. */
export const buckets: readonly string[] = Array.from({ length: BUCKETS }, (_, i) => i.toString(16).padStart(2, '0'));

/** The bucket of a task: its last byte, the random end of a UUID version 7. */
export function bucketOf(taskId: TaskId): string {
  return taskId.slice(-2);
}

/** Where the platform's records live as znodes, under one root. */
export class Layout {
  readonly root: string;
  readonly masters: string;
  readonly primary: string;
  readonly workers: string;
  readonly tasks: string;
  readonly assignments: string;
  readonly statuses: string;
  readonly retries: string;
  readonly cancels: string;

  constructor(root = '/reeve') {
    this.root = root;
    this.masters = `${root}/masters`;
    this.primary = `${root}/primary`;
    this.workers = `${root}/workers`;
    this.tasks = `${root}/tasks`;
    this.assignments = `${root}/assignments`;
    this.statuses = `${root}/statuses`;
    this.retries = `${root}/retries`;
    this.cancels = `${root}/cancels`;
  }

  task(taskId: TaskId): string {
    return `${this.tasks}/${bucketOf(taskId)}/${taskId}`;
  }

  status(taskId: TaskId): string {
    return `${this.statuses}/${bucketOf(taskId)}/${taskId}`;
  }

  retry(taskId: TaskId): string {
    return `${this.retries}/${bucketOf(taskId)}/${taskId}`;
  }

  /** The wish that a task be cancelled: created by anyone, removed with the final status. */
  cancel(taskId: TaskId): string {
    return `${this.cancels}/${bucketOf(taskId)}/${taskId}`;
  }

  worker(workerId: string): string {
    return `${this.workers}/${workerId}`;
  }

  assignmentsOf(workerId: string): string {
    return `${this.assignments}/${workerId}`;
  }

  assignment(workerId: string, taskId: TaskId): string {
    return `${this.assignments}/${workerId}/${taskId}`;
  }
}
