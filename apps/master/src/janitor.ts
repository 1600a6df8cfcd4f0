import type { Clock, Logger } from '@reeve/base';
import type { Board, Overdue, PrimaryStore, Retention } from '@reeve/tasks';

const SWEEP_TASKS_MAX = 500;
/** More than this many times the finished tasks that are to be kept are deleted before anything else. */
const SURPLUS_FACTOR = 2;

/** What the janitor works with. */
export interface JanitorParts {
  readonly board: Board;
  readonly store: PrimaryStore;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly retention: Retention;
}

/** Deletes finished tasks whose time is over, and the folders of workers that are gone. */
export class Janitor {
  readonly #parts: JanitorParts;
  #isBusy = false;

  constructor(parts: JanitorParts) {
    this.#parts = parts;
  }

  /** Whether a run is under way; there is one at a time. */
  get isBusy(): boolean {
    return this.#isBusy;
  }

  /** Deletes what is overdue, batch after batch as long as nothing more urgent waits. */
  async run(): Promise<void> {
    this.#isBusy = true;
    const { board, store } = this.#parts;
    const folders = board.emptyFolders();
    if (folders.length > 0) await store.removeFolders(folders);
    do {
      if ((await this.#deleteSome()) === 0) break;
    } while (this.#mayGoOn());
    this.#isBusy = false;
  }

  async #deleteSome(): Promise<number> {
    const { board, clock, retention } = this.#parts;
    const overdue = board.shelf.take(clock.now(), retention, SWEEP_TASKS_MAX);
    await this.#ask(overdue.unsure);
    await this.#delete(overdue.expired);
    return overdue.expired.length + overdue.unsure.length;
  }

  /** Tasks that wait come first, unless far too many finished ones are kept. */
  #mayGoOn(): boolean {
    const { ready, unread, finished } = this.#parts.board.counts;
    return ready + unread === 0 || finished > SURPLUS_FACTOR * this.#parts.retention.retainFinishedMax;
  }

  /** A task that waited long may have finished lately: the engine knows when. */
  async #ask(unsure: Overdue['unsure']): Promise<void> {
    if (unsure.length === 0) return;
    const { board, store } = this.#parts;
    const found = await store.readStatuses(unsure.map((view) => view.taskId));
    for (const [i, view] of unsure.entries()) {
      const status = found[i];
      if (status?.kind === 'found') board.shelf.learn(view, status.ctime);
      // What cannot be read is as old as its task.
      else if (status?.kind === 'unreadable') board.shelf.learn(view, 0);
    }
  }

  async #delete(expired: Overdue['expired']): Promise<void> {
    if (expired.length === 0) return;
    const { store, logger } = this.#parts;
    await store.sweep(expired);
    logger.debug({ count: expired.length, epoch: store.epoch }, 'finished tasks deleted');
  }
}
