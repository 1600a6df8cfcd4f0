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
  /** Tasks with a watch of their own. It outlives a caller that gives up, and serves the next. */
  readonly #armed = new Map<TaskId, SingleWatch>();

  constructor(link: Link, layout: Layout) {
    this.#link = link;
    this.#layout = layout;
    this.#follower = new StatusFollower(link, layout);
  }

  /** The final status of a task, once there is one. */
  wait(taskId: TaskId, call: Call): Promise<TaskStatus> {
    const hasRoom = this.#armed.has(taskId) || this.#armed.size < SINGLE_WATCHES_MAX;
    return hasRoom && !this.#follower.isFollowing ? this.#waitSingle(taskId, call) : this.#follower.wait(taskId, call);
  }

  async #waitSingle(taskId: TaskId, call: Call): Promise<TaskStatus> {
    for (;;) {
      // Armed first, then read: a status that comes in between is seen by one of the two.
      const watch = this.#armed.get(taskId) ?? (await this.#arm(taskId, call));
      const status = await this.#read(taskId, call);
      if (status?.kind === 'unreadable') throw status.error;
      if (status?.kind === 'found') return status.value;
      await Promise.race([watch.fired, call.over]);
      call.check();
    }
  }

  async #arm(taskId: TaskId, call: Call): Promise<SingleWatch> {
    const { promise: fired, resolve } = deferred();
    const watch = { fired };
    let stop = () => {};
    const fire = () => {
      if (this.#armed.get(taskId) === watch) this.#armed.delete(taskId);
      stop();
      resolve();
    };
    this.#armed.set(taskId, watch);
    try {
      await this.#link.repeat(call, async (session) => {
        const stat = await session.exists(this.#layout.status(taskId), { ...call.request, watch: fire });
        // It is there: whoever shares this watch may have looked before.
        if (stat !== undefined) fire();
        else stop = onSessionEnd(session, fire);
      });
    } catch (error) {
      fire();
      throw error;
    }
    return watch;
  }

  async #read(taskId: TaskId, call: Call): Promise<Reading<TaskStatus> | undefined> {
    const [status] = await this.#link.repeat(call, (session) =>
      new TaskStore(session, this.#layout).readStatuses([taskId], call.request),
    );
    return status;
  }
}

/** Resolves when the status has come, or the watch is gone: then it is time to look. */
interface SingleWatch {
  readonly fired: Promise<void>;
}
