import type { WatchedEvent } from '@reeve/client';
import { type Layout, type TaskId, type TaskStatus, TaskStore } from '@reeve/tasks';
import { type ArmedWatch, armWatch } from './armed-watch.ts';
import { type Call, deferred } from './call.ts';
import type { Link } from './link.ts';

/** How many statuses are asked for together. */
const READ_BATCH = 1_000;

interface Awaited {
  readonly promise: Promise<TaskStatus>;
  readonly resolve: (status: TaskStatus) => void;
  readonly reject: (error: unknown) => void;
  callers: number;
}

/**
 * Serves any number of callers that wait for final statuses with one recursive watch, and reads what it announces in
 * batches. It follows while somebody waits, over as many sessions as that takes.
 */
export class StatusFollower {
  readonly #link: Link;
  readonly #layout: Layout;
  readonly #awaited = new Map<TaskId, Awaited>();
  /** Those of the awaited whose status may be there: announced, or not looked at since the watch was armed. */
  readonly #unchecked = new Set<TaskId>();
  #wake = deferred();
  #isFollowing = false;

  constructor(link: Link, layout: Layout) {
    this.#link = link;
    this.#layout = layout;
  }

  get isFollowing(): boolean {
    return this.#isFollowing;
  }

  async wait(taskId: TaskId, call: Call): Promise<TaskStatus> {
    const awaited = this.#enter(taskId);
    try {
      const status = await Promise.race([awaited.promise, call.over]);
      if (status !== undefined) return status;
      call.check();
      return await awaited.promise;
    } finally {
      awaited.callers -= 1;
      if (awaited.callers === 0 && this.#awaited.get(taskId) === awaited) this.#forget(taskId);
    }
  }

  #enter(taskId: TaskId): Awaited {
    const awaited = this.#awaited.get(taskId) ?? newAwaited();
    awaited.callers += 1;
    this.#awaited.set(taskId, awaited);
    this.#unchecked.add(taskId);
    this.#wake.resolve();
    if (!this.#isFollowing) void this.#follow();
    return awaited;
  }

  #forget(taskId: TaskId): void {
    this.#awaited.delete(taskId);
    this.#unchecked.delete(taskId);
    this.#wake.resolve();
  }

  /** Never rejects: what stops it is told to everybody who waits. */
  async #follow(): Promise<void> {
    this.#isFollowing = true;
    const call = this.#link.call({});
    try {
      while (this.#awaited.size > 0) await this.#followSession(call);
    } catch (error) {
      for (const awaited of this.#awaited.values()) awaited.reject(error);
      this.#awaited.clear();
      this.#unchecked.clear();
    } finally {
      this.#isFollowing = false;
      call.dispose();
    }
  }

  async #followSession(call: Call): Promise<void> {
    const armed = await this.#arm(call);
    this.#doubtAll();
    try {
      while (!armed.hasEnded() && this.#awaited.size > 0) {
        this.#wake = deferred();
        if (this.#unchecked.size > 0) await this.#check(call);
        else await Promise.race([this.#wake.promise, call.over]);
        call.check();
      }
    } finally {
      await armed.disarm();
    }
  }

  #arm(call: Call): Promise<ArmedWatch> {
    return this.#link.repeat(call, (session) =>
      armWatch(session, {
        path: this.#layout.statuses,
        request: call.request,
        onEvent: (event) => this.#onEvent(event),
        onGap: () => this.#doubtAll(),
        onEnd: () => this.#wake.resolve(),
      }),
    );
  }

  /** Any status may have come while nobody watched. */
  #doubtAll(): void {
    for (const taskId of this.#awaited.keys()) this.#unchecked.add(taskId);
    this.#wake.resolve();
  }

  #onEvent(event: WatchedEvent): void {
    if (event.type !== 'created') return;
    const taskId = event.path.slice(event.path.lastIndexOf('/') + 1) as TaskId;
    if (!this.#awaited.has(taskId)) return;
    this.#unchecked.add(taskId);
    this.#wake.resolve();
  }

  /** Taken out before they are read: what is announced meanwhile must be read again. */
  #takeUnchecked(): readonly TaskId[] {
    const taken: TaskId[] = [];
    for (const taskId of this.#unchecked) {
      if (taken.length === READ_BATCH) break;
      taken.push(taskId);
      this.#unchecked.delete(taskId);
    }
    return taken;
  }

  async #check(call: Call): Promise<void> {
    const taskIds = this.#takeUnchecked();
    const statuses = await this.#link.repeat(call, (session) =>
      new TaskStore(session, this.#layout).readStatuses(taskIds, call.request),
    );
    for (const [at, status] of statuses.entries()) {
      const awaited = this.#awaited.get(taskIds[at] as TaskId);
      if (status.kind === 'found') awaited?.resolve(status.value);
      if (status.kind === 'unreadable') awaited?.reject(status.error);
    }
  }
}

function newAwaited(): Awaited {
  let resolve: Awaited['resolve'] = () => {};
  let reject: Awaited['reject'] = () => {};
  const promise = new Promise<TaskStatus>((fulfil, fail) => {
    resolve = fulfil;
    reject = fail;
  });
  // Everybody may have given up when it fails.
  promise.catch(() => {});
  return { promise, resolve, reject, callers: 0 };
}
