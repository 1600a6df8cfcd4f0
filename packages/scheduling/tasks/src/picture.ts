import { unreachable } from '@reeve/base';
import type { WatchedEvent } from '@reeve/client';
import { BUCKETS, bucketOf, buckets, type Layout, type Place } from './layout.ts';
import type { TaskId } from './task.ts';
import { type Phase, TaskView } from './task-view.ts';
import { WorkerView } from './worker-view.ts';

/** Is told what changed, at once and in order. */
export interface PictureListener {
  taskChanged(view: TaskView, before: Phase): void;
  /** The retry record of a task was written. */
  retryWritten(view: TaskView): void;
  /** A worker came, went, or said something new of itself (`written`). */
  workerChanged(view: WorkerView, what: 'came' | 'written' | 'went' | 'folder'): void;
  /** One task has two assignments: invariant I3 is broken. */
  assignedTwice(view: TaskView, workerId: string): void;
}

/** A folder whose children were listed. */
export type Folder =
  | { readonly kind: 'task' | 'status' | 'retry' | 'cancel'; readonly bucket: number }
  | { readonly kind: 'worker' | 'assignments' }
  | { readonly kind: 'assignment'; readonly workerId: string };

type Flag = 'asked' | 'finished' | 'retried' | 'cancelWanted';
const flagOf = { task: 'asked', status: 'finished', retry: 'retried', cancel: 'cancelWanted' } as const;

const ignoring: PictureListener = { taskChanged() {}, retryWritten() {}, workerChanged() {}, assignedTwice() {} };

/**
 * What a master knows without reading a znode: which tasks wait, are assigned, are finished; which workers live. Fed by
 * the events of a recursive watch, and by lists of children when the watch has begun or may have missed something.
 */
export class Picture {
  readonly #layout: Layout;
  readonly #buckets: readonly Map<TaskId, TaskView>[] = Array.from({ length: BUCKETS }, () => new Map());
  readonly #workers = new Map<string, WorkerView>();
  /** Second assignments of a task, by task: always empty while invariant I3 holds. */
  readonly #doubles = new Map<TaskId, Set<string>>();
  /** At most one listens: the primary's board; a backup has none. */
  listener: PictureListener = ignoring;

  constructor(layout: Layout) {
    this.#layout = layout;
  }

  /** Nobody listens any more. */
  ignore(): void {
    this.listener = ignoring;
  }

  get workers(): ReadonlyMap<string, WorkerView> {
    return this.#workers;
  }

  task(taskId: TaskId): TaskView | undefined {
    return this.#bucket(taskId)?.get(taskId);
  }

  /** Every task that is known, in no particular order. */
  *tasks(): Iterable<TaskView> {
    for (const bucket of this.#buckets) yield* bucket.values();
  }

  /** Takes one event of the watch. */
  apply({ type, path }: Pick<WatchedEvent, 'type' | 'path'>): void {
    const place = this.#layout.locate(path);
    if (place === undefined) return;
    switch (type) {
      case 'created':
        this.#created(place);
        return place.kind === 'retry' ? this.#written(place) : undefined;
      case 'deleted':
        return this.#deleted(place);
      case 'data_changed':
        return this.#written(place);
      default:
        return;
    }
  }

  /**
   * Takes the children of a folder. Call it as soon as the answer comes: the client delivers answers and events in the
   * order of the engine, so what was applied before is older than the list, and what comes later is newer.
   */
  list(folder: Folder, names: readonly string[]): void {
    const present = new Set(names);
    for (const name of this.#known(folder)) {
      if (!present.has(name)) this.#deleted(placeIn(folder, name));
    }
    for (const name of names) {
      if (!isAtHome(folder, name)) continue;
      const place = placeIn(folder, name);
      this.#created(place);
      // It may have been there before, and written since it was last seen.
      this.#written(place);
    }
  }

  #known(folder: Folder): readonly string[] {
    switch (folder.kind) {
      case 'worker':
        return [...this.#workers.values()].filter((worker) => worker.alive).map((worker) => worker.workerId);
      case 'assignments':
        return [...this.#workers.values()].filter((worker) => worker.hasFolder).map((worker) => worker.workerId);
      case 'assignment':
        return [...(this.#workers.get(folder.workerId)?.tasks ?? [])];
      case 'task':
      case 'status':
      case 'retry':
      case 'cancel':
        return this.#flagged(folder.bucket, flagOf[folder.kind]);
      default:
        return unreachable(folder);
    }
  }

  #flagged(bucket: number, flag: Flag): readonly string[] {
    const names: string[] = [];
    for (const view of this.#buckets[bucket]?.values() ?? []) if (view[flag]) names.push(view.taskId);
    return names;
  }

  #created(place: Place): void {
    switch (place.kind) {
      case 'worker':
        return this.#setWorker(place.workerId, 'alive', 'there');
      case 'assignments':
        return this.#setWorker(place.workerId, 'hasFolder', 'there');
      case 'assignment':
        return this.#assigned(place.taskId, place.workerId);
      case 'task':
      case 'status':
      case 'retry':
      case 'cancel':
        return this.#setFlag(place.taskId, flagOf[place.kind], 'there');
      default:
        return unreachable(place);
    }
  }

  #deleted(place: Place): void {
    switch (place.kind) {
      case 'worker':
        return this.#setWorker(place.workerId, 'alive', 'gone');
      case 'assignments':
        return this.#setWorker(place.workerId, 'hasFolder', 'gone');
      case 'assignment':
        return this.#unassigned(place.taskId, place.workerId);
      case 'task':
      case 'status':
      case 'retry':
      case 'cancel':
        return this.#setFlag(place.taskId, flagOf[place.kind], 'gone');
      default:
        return unreachable(place);
    }
  }

  #written(place: Place): void {
    if (place.kind === 'worker') {
      const worker = this.#workers.get(place.workerId);
      if (worker?.alive === true) this.listener.workerChanged(worker, 'written');
    }
    if (place.kind === 'retry') {
      const view = this.task(place.taskId);
      if (view?.retried === true) this.listener.retryWritten(view);
    }
  }

  #setFlag(taskId: TaskId, flag: Flag, now: 'there' | 'gone'): void {
    const view = now === 'there' ? this.#viewOf(taskId) : this.task(taskId);
    if (view === undefined || view[flag] === (now === 'there')) return;
    const before = view.phase;
    view[flag] = now === 'there';
    this.#changed(view, before);
  }

  #assigned(taskId: TaskId, workerId: string): void {
    const view = this.#viewOf(taskId);
    if (view === undefined) return;
    this.#workerOf(workerId).tasks.add(taskId);
    if (view.workerId === workerId) return;
    if (view.workerId !== undefined) return this.#assignedTwice(view, workerId);
    const before = view.phase;
    view.workerId = workerId;
    this.#changed(view, before);
  }

  #assignedTwice(view: TaskView, workerId: string): void {
    const others = this.#doubles.get(view.taskId) ?? new Set();
    this.#doubles.set(view.taskId, others.add(workerId));
    this.listener.assignedTwice(view, workerId);
  }

  #unassigned(taskId: TaskId, workerId: string): void {
    const worker = this.#workers.get(workerId);
    worker?.tasks.delete(taskId);
    if (worker !== undefined) this.#forgetWorker(worker);
    const view = this.task(taskId);
    if (view?.workerId !== workerId) return this.#removeDouble(taskId, workerId);
    const before = view.phase;
    view.workerId = this.#doubles.get(taskId)?.values().next().value;
    if (view.workerId !== undefined) this.#removeDouble(taskId, view.workerId);
    this.#changed(view, before);
  }

  #removeDouble(taskId: TaskId, workerId: string): void {
    const others = this.#doubles.get(taskId);
    others?.delete(workerId);
    if (others?.size === 0) this.#doubles.delete(taskId);
  }

  #changed(view: TaskView, before: Phase): void {
    if (view.isEmpty) this.#bucket(view.taskId)?.delete(view.taskId);
    this.listener.taskChanged(view, before);
  }

  #setWorker(workerId: string, flag: 'alive' | 'hasFolder', now: 'there' | 'gone'): void {
    const worker = now === 'there' ? this.#workerOf(workerId) : this.#workers.get(workerId);
    if (worker === undefined || worker[flag] === (now === 'there')) return;
    worker[flag] = now === 'there';
    this.#forgetWorker(worker);
    if (flag === 'hasFolder') this.listener.workerChanged(worker, 'folder');
    else this.listener.workerChanged(worker, now === 'there' ? 'came' : 'went');
  }

  #forgetWorker(worker: WorkerView): void {
    if (!worker.alive && !worker.hasFolder && worker.tasks.size === 0) this.#workers.delete(worker.workerId);
  }

  #workerOf(workerId: string): WorkerView {
    const known = this.#workers.get(workerId);
    if (known !== undefined) return known;
    const worker = new WorkerView(workerId);
    this.#workers.set(workerId, worker);
    return worker;
  }

  #bucket(taskId: TaskId): Map<TaskId, TaskView> | undefined {
    return this.#buckets[Number.parseInt(bucketOf(taskId), 16)];
  }

  #viewOf(taskId: TaskId): TaskView | undefined {
    const bucket = this.#bucket(taskId);
    const known = bucket?.get(taskId);
    if (known !== undefined) return known;
    const view = new TaskView(taskId);
    bucket?.set(taskId, view);
    return view;
  }
}

/** A task belongs into one bucket; what lies in another is not ours. */
function isAtHome(folder: Folder, name: string): boolean {
  return !('bucket' in folder) || buckets[folder.bucket] === bucketOf(name as TaskId);
}

function placeIn(folder: Folder, name: string): Place {
  switch (folder.kind) {
    case 'worker':
    case 'assignments':
      return { kind: folder.kind, workerId: name };
    case 'assignment':
      return { kind: 'assignment', workerId: folder.workerId, taskId: name as TaskId };
    case 'task':
    case 'status':
    case 'retry':
    case 'cancel':
      return { kind: folder.kind, taskId: name as TaskId };
    default:
      return unreachable(folder);
  }
}
