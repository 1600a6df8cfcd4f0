import type { TaskId } from './task.ts';

/** How many buckets tasks, statuses and retries are spread over: no child list nears the 1 MB packet limit. */
export const BUCKETS = 256;

/** The names of all buckets, `00` … `ff`. */
export const buckets: readonly string[] = Array.from({ length: BUCKETS }, (_, i) => i.toString(16).padStart(2, '0'));

/** The bucket of a task: its last byte, the random end of a UUID version 7. */
export function bucketOf(taskId: TaskId): string {
  return taskId.slice(-2);
}

/** What a znode below the root is. */
export type Place =
  | { readonly kind: 'task' | 'status' | 'retry' | 'cancel'; readonly taskId: TaskId }
  | { readonly kind: 'worker' | 'assignments'; readonly workerId: string }
  | { readonly kind: 'assignment'; readonly workerId: string; readonly taskId: TaskId };

/** The folders whose children are tasks, by bucket. */
export const bucketFolders = ['tasks', 'statuses', 'retries', 'cancels'] as const;

const kindOf: Readonly<Record<string, 'task' | 'status' | 'retry' | 'cancel'>> = {
  tasks: 'task',
  statuses: 'status',
  retries: 'retry',
  cancels: 'cancel',
};

/** Where the platform's records live as znodes, under one root. */
export class Layout {
  /** Without a final slash; the empty string is the top of the tree. */
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

  /** What `path` is; undefined for folders and for what is not ours. */
  locate(path: string): Place | undefined {
    const start = this.root.length + 1;
    const afterFolder = path.indexOf('/', start);
    if (afterFolder < 0 || !path.startsWith(this.root) || path.charCodeAt(start - 1) !== 47) return undefined;
    const folder = path.slice(start, afterFolder);
    const afterGroup = path.indexOf('/', afterFolder + 1);
    const group = afterGroup < 0 ? path.slice(afterFolder + 1) : path.slice(afterFolder + 1, afterGroup);
    const leaf = afterGroup < 0 ? undefined : path.slice(afterGroup + 1);
    return leaf === undefined ? ofWorker(folder, group) : ofTask(folder, group, leaf as TaskId);
  }
}

function ofWorker(folder: string, workerId: string): Place | undefined {
  if (folder === 'workers') return { kind: 'worker', workerId };
  return folder === 'assignments' ? { kind: 'assignments', workerId } : undefined;
}

function ofTask(folder: string, group: string, taskId: TaskId): Place | undefined {
  if (folder === 'assignments') return { kind: 'assignment', workerId: group, taskId };
  const kind = kindOf[folder];
  return kind !== undefined && group === bucketOf(taskId) ? { kind, taskId } : undefined;
}
