import { type Layout, type Reading, type TaskId, type TaskStatus, TaskStore } from '@reeve/tasks';
import { onSessionEnd } from './armed-watch.ts';
import { type Call, deferred } from './call.ts';
import type { Link } from './link.ts';
import { StatusFollower } from './status-follower.ts';

/** Up to this many tasks are awaited by a watch each; beyond, they share one recursive watch of all statuses. */
const SINGLE_WATCHES_MAX = 8;

/** Final statuses, as they come. */
export class FinalStatuses {
  readonly #link: Link;
  readonly #layout: Layout;
  readonly #follower: StatusFollower;
  #single = 0;

  constructor(link: Link, layout: Layout) {
    this.#link = link;
    this.#layout = layout;
    this.#follower = new StatusFollower(link, layout);
  }

  /** The final status of a task, once there is one. */
  wait(taskId: TaskId, call: Call): Promise<TaskStatus> {
    const many = this.#single >= SINGLE_WATCHES_MAX || this.#follower.isFollowing;
    return many ? this.#follower.wait(taskId, call) : this.#waitSingle(taskId, call);
  }

  async #waitSingle(taskId: TaskId, call: Call): Promise<TaskStatus> {
    this.#single += 1;
    try {
      for (;;) {
        const changed = deferred();
        const { status, stop } = await this.#look(taskId, { call, onChange: changed.resolve });
        if (status.kind === 'unreadable') throw status.error;
        if (status.kind === 'found') return status.value;
        await Promise.race([changed.promise, call.over]);
        stop();
        call.check();
      }
    } finally {
      this.#single -= 1;
    }
  }

  /** Arms a watch, then looks: a status that comes in between is seen by one of the two. */
  #look(taskId: TaskId, { call, onChange }: { readonly call: Call; readonly onChange: () => void }): Promise<Look> {
    return this.#link.repeat(call, async (session) => {
      const path = this.#layout.status(taskId);
      const stat = await session.exists(path, { ...call.request, watch: onChange });
      const status =
        stat === undefined
          ? missing
          : (await new TaskStore(session, this.#layout).readStatuses([taskId], call.request))[0];
      return { status: status ?? missing, stop: onSessionEnd(session, onChange) };
    });
  }
}

interface Look {
  readonly status: Reading<TaskStatus>;
  readonly stop: () => void;
}

const missing = { kind: 'missing' } as const;
