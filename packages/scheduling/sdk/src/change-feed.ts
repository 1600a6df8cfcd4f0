import { BoundedQueue } from '@reeve/base';
import type { WatchedEvent } from '@reeve/client';
import { type Layout, type TaskId, type TaskStatus, TaskStore } from '@reeve/tasks';
import { type ArmedWatch, armWatch } from './armed-watch.ts';
import { type Call, deferred } from './call.ts';
import type { Link } from './link.ts';
import { ReeveError } from './reeve-error.ts';
import { ChangeReader, type RawChange, type TaskChange } from './task-changes.ts';

/** What to watch, and how long. */
export interface WatchOptions {
  /** Only the changes of these; of all tasks unless given. */
  readonly taskIds?: readonly TaskId[];
  /** Fires to end the watch: the iteration finishes. */
  readonly signal?: AbortSignal;
}

type Armed = Extract<TaskChange, { readonly kind: 'armed' }>;

/** Changes that wait to be read by the caller. */
const UNREAD_MAX = 100_000;
/** Changes that are given out together, after one request for their outcomes. */
const BATCH_MAX = 500;

/** The changes of tasks in the order of the coordinator, from now on, over as many sessions as that takes. */
export class ChangeFeed {
  readonly #link: Link;
  readonly #layout: Layout;
  readonly #options: WatchOptions;
  readonly #taskIds: ReadonlySet<TaskId> | undefined;
  readonly #reader: ChangeReader;
  readonly #unread = new BoundedQueue<RawChange | Armed>(UNREAD_MAX);
  #overflow = false;
  #wake = deferred();

  constructor(link: Link, layout: Layout, options: WatchOptions) {
    this.#link = link;
    this.#layout = layout;
    this.#options = options;
    this.#taskIds = options.taskIds === undefined ? undefined : new Set(options.taskIds);
    this.#reader = new ChangeReader(layout);
  }

  async *read(): AsyncGenerator<TaskChange> {
    const { signal } = this.#options;
    const call = this.#link.call({ signal });
    try {
      for (;;) {
        const armed = await this.#arm(call);
        try {
          yield { kind: 'armed', at: Date.now() };
          yield* this.#changesOf(armed, call);
        } finally {
          await armed.disarm();
        }
      }
    } catch (error) {
      if (signal?.aborted !== true) throw error;
    } finally {
      call.dispose();
    }
  }

  #arm(call: Call): Promise<ArmedWatch> {
    return this.#link.repeat(call, (session) =>
      armWatch(session, {
        path: this.#layout.root,
        request: call.request,
        onEvent: (event) => this.#onEvent(event),
        onGap: () => this.#offer({ kind: 'armed', at: Date.now() }),
        onEnd: () => this.#wake.resolve(),
      }),
    );
  }

  #onEvent(event: WatchedEvent): void {
    const change = this.#reader.read(event, Date.now());
    if (change === undefined || this.#taskIds?.has(change.taskId) === false) return;
    this.#offer(change);
  }

  #offer(change: RawChange | Armed): void {
    if (!this.#unread.offer(change)) this.#overflow = true;
    this.#wake.resolve();
  }

  async *#changesOf(armed: ArmedWatch, call: Call): AsyncGenerator<TaskChange> {
    while (!armed.hasEnded() || this.#unread.length > 0) {
      if (this.#unread.length === 0) await Promise.race([this.#wake.promise, call.over]);
      this.#wake = deferred();
      call.check();
      if (this.#overflow) throw overflow();
      yield* await this.#complete(this.#take(), call);
    }
  }

  #take(): readonly (RawChange | Armed)[] {
    const taken: (RawChange | Armed)[] = [];
    for (let change = this.#unread.take(); change !== undefined; change = this.#unread.take()) {
      taken.push(change);
      if (taken.length === BATCH_MAX) break;
    }
    return taken;
  }

  /** Adds what has come of those that finished. One that was redriven meanwhile has no outcome to tell. */
  async #complete(changes: readonly (RawChange | Armed)[], call: Call): Promise<readonly TaskChange[]> {
    const finished = changes.flatMap((change) => (change.kind === 'finished' ? [change.taskId] : []));
    const statuses = await this.#readStatuses(finished, call);
    return changes.flatMap((change): readonly TaskChange[] => {
      if (change.kind !== 'finished') return [change];
      const status = statuses.get(change.taskId);
      return status === undefined ? [] : [{ ...change, status }];
    });
  }

  async #readStatuses(taskIds: readonly TaskId[], call: Call): Promise<ReadonlyMap<TaskId, TaskStatus>> {
    const found = new Map<TaskId, TaskStatus>();
    if (taskIds.length === 0) return found;
    const readings = await this.#link.repeat(call, (session) =>
      new TaskStore(session, this.#layout).readStatuses(taskIds, call.request),
    );
    for (const [at, reading] of readings.entries()) {
      if (reading.kind === 'found') found.set(taskIds[at] as TaskId, reading.value);
    }
    return found;
  }
}

function overflow(): ReeveError {
  const message = `more than ${UNREAD_MAX} changes came before they were read`;
  return new ReeveError({ code: 'watch_overflow', advice: 'Watch fewer tasks, or read faster.' }, message);
}
