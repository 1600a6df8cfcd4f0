import type { Coordination } from '@reeve/client';
import { type Layout, type Reading, type TaskId, type TaskStatus, TaskStore } from '@reeve/tasks';
import { onSessionEnd } from './armed-watch.ts';
import { type Call, deferred } from './call.ts';
import type { Link } from './link.ts';
import { StatusFollower } from './status-follower.ts';

/** Up to this many are awaited by a watch each; beyond, they share one recursive watch of all statuses. */
const SINGLE_WATCHES_MAX = 8;

/** Final statuses, as they come. */
export class FinalStatuses {
  readonly #link: Link;
  readonly #layout: Layout;
  readonly #follower: StatusFollower;
  /** How many callers wait for a task by a watch of its own. */
  readonly #single = new Map<TaskId, number>();

  constructor(link: Link, layout: Layout) {
    this.#link = link;
    this.#layout = layout;
    this.#follower = new StatusFollower(link, layout);
  }

  /** The final status of a task, once there is one. */
  wait(taskId: TaskId, call: Call): Promise<TaskStatus> {
    const isSingle = this.#single.size < SINGLE_WATCHES_MAX && !this.#follower.isFollowing;
    return isSingle ? this.#waitSingle(taskId, call) : this.#follower.wait(taskId, call);
  }

  async #waitSingle(taskId: TaskId, call: Call): Promise<TaskStatus> {
    this.#single.set(taskId, (this.#single.get(taskId) ?? 0) + 1);
    let look: Look | undefined;
    try {
      for (;;) {
        const changed = deferred();
        look = await this.#look(taskId, { call, onChange: changed.resolve });
        if (look.status.kind === 'unreadable') throw look.status.error;
        if (look.status.kind === 'found') return look.status.value;
        await Promise.race([changed.promise, call.over]);
        look.stop();
        call.check();
      }
    } finally {
      this.#leave(taskId, look);
    }
  }

  /** Arms a watch, then looks: a status that comes in between is seen by one of the two. */
  #look(taskId: TaskId, { call, onChange }: { readonly call: Call; readonly onChange: () => void }): Promise<Look> {
    return this.#link.repeat(call, async (session) => {
      const path = this.#layout.status(taskId);
      const stat = await session.exists(path, { ...call.request, watch: onChange });
      if (stat === undefined) return { session, status: missing, stop: onSessionEnd(session, onChange) };
      const [status = missing] = await new TaskStore(session, this.#layout).readStatuses([taskId], call.request);
      return { session, status, stop: onSessionEnd(session, onChange) };
    });
  }

  /** Takes the watch of the last caller away, where it waits in vain. */
  #leave(taskId: TaskId, look: Look | undefined): void {
    look?.stop();
    const callers = (this.#single.get(taskId) ?? 1) - 1;
    if (callers > 0) this.#single.set(taskId, callers);
    else this.#single.delete(taskId);
    if (callers > 0 || look === undefined) return;
    // It may be gone with its session, or have fired in this moment.
    look.session.removeWatches(this.#layout.status(taskId), 'data').catch(() => {});
  }
}

interface Look {
  readonly session: Coordination;
  readonly status: Reading<TaskStatus>;
  readonly stop: () => void;
}

const missing = { kind: 'missing' } as const;
