import type { LossReason } from '../line/place.ts';
import { recipeError } from '../recipe/recipe-error.ts';
import { EventHub, type RecipeEvents } from '../recipe/recipe-events.ts';
import { unless, untilUnwanted, type WaitOptions } from '../recipe/waiting.ts';

/** `held`; `lost`: somebody else may have it by now; `done`; `given_back`. All but the first are final. */
export type QueueItemState = 'held' | 'lost' | 'done' | 'given_back';

/** What happens to an item that was taken. */
export type QueueItemEvent =
  /** It may soon be somebody else's: told before the session can have expired at the servers. */
  { readonly kind: 'lost'; readonly reason: LossReason; readonly cause?: unknown };

/** How an item ends, by its owner's wish. */
export type Ending = 'done' | 'given_back';

/** What is known of an item when it is taken. */
export interface TakenItem {
  /** The znode of the item, which is there until it is done. */
  readonly path: string;
  /** The znode that says that it is taken, and by whom. */
  readonly taken: string;
  /** What `taken` holds: nobody else writes the same. */
  readonly mark: Buffer;
  readonly data: Buffer;
  /** 0 is the most urgent, 999 the least. */
  readonly priority: number;
  /** How often it was taken, this time included; by Reeve's clients, for kazoo's do not count. */
  readonly attempts: number;
  /** The version of the item's znode since; nobody else's. */
  readonly version: number;
  /** The zxid at which it was taken: grows from one who takes it to the next. */
  readonly fence: number;
}

/** What an item needs of the queue it was taken from. */
export interface ItemKeeper {
  /** Whether nothing can have been lost meanwhile; looks at the clock. */
  check(): void;
  /** Ends the item at the servers. */
  end(item: QueueItem, ending: Ending): Promise<void>;
}

/**
 * An item of a queue that was taken and must be ended: with `done` when what it asks for has been done, or with
 * `giveBack` for somebody else to take it. It comes back by itself when its consumer dies.
 */
export class QueueItem {
  readonly events: RecipeEvents<QueueItemEvent>;
  readonly #item: TakenItem;
  readonly #keeper: ItemKeeper;
  readonly #hub: EventHub<QueueItemEvent>;
  readonly #lost = new AbortController();
  #state: QueueItemState = 'held';
  #ending: { readonly how: Ending; readonly work: Promise<void> } | undefined;

  /** Items come from `Queue.take`. */
  constructor(item: TakenItem, keeper: ItemKeeper) {
    this.#item = item;
    this.#keeper = keeper;
    this.#hub = new EventHub(item.path);
    this.events = this.#hub;
  }

  /** What was put. */
  get data(): Buffer {
    return this.#item.data;
  }

  /** The znode of the item. */
  get path(): string {
    return this.#item.path;
  }

  /** 0 is the most urgent, 999 the least. */
  get priority(): number {
    return this.#item.priority;
  }

  /**
   * How often it was taken, this time included. An item that comes back again and again has a high number: put it
   * aside. Takes by kazoo's clients are not counted.
   */
  get attempts(): number {
    return this.#item.attempts;
  }

  /**
   * Grows from one who takes the item to the next: pass it on with what is written for it, and let that refuse a lower
   * one than it has seen.
   */
  get fence(): number {
    return this.#item.fence;
  }

  /** Looks at the clock too: who slept too long holds nothing any more. */
  get state(): QueueItemState {
    if (this.#state === 'held') this.#keeper.check();
    return this.#state;
  }

  /** Fires when the item is lost, not when it is ended. */
  get signal(): AbortSignal {
    return this.#lost.signal;
  }

  /**
   * What it asks for has been done: it leaves the queue for good. Tries until it is answered, or the item is lost; who
   * gives up waiting for that does not know which of the two.
   *
   * @throws RecipeError `lost` when it was not held any more: somebody else may do it again; `in_doubt` when the session
   *   ended before the answer came; `aborted`, `deadline_exceeded`; ClientError where the service refuses
   */
  done(options: WaitOptions = {}): Promise<void> {
    const ended = this.#end('done');
    if (options.signal === undefined && options.timeoutMs === undefined) return ended;
    return unless(untilUnwanted(options), this.path, ended);
  }

  /**
   * It was not done: whoever takes next may have it at once. Nothing to do where it is lost.
   *
   * @throws ClientError where the service refuses
   */
  async giveBack(): Promise<void> {
    if (this.state === 'lost') return;
    await this.#end('given_back');
  }

  /** For the queue only: it is not held any more. */
  lose(reason: LossReason, cause?: unknown): void {
    if (this.#state !== 'held') return;
    this.#state = 'lost';
    this.#lost.abort(recipeError('lost', this.path));
    this.#hub.tell({ kind: 'lost', reason, ...(cause !== undefined && { cause }) });
    this.#hub.end();
  }

  /** For the queue only: what identifies the item at the servers. */
  get identity(): TakenItem {
    return this.#item;
  }

  async #end(how: Ending): Promise<void> {
    if (this.#ending !== undefined && this.#state !== 'lost') return this.#endAgain(how, this.#ending);
    if (this.state === 'lost') throw recipeError('lost', this.path);
    const work = this.#endOnce(how);
    this.#ending = { how, work };
    try {
      await work;
    } catch (error) {
      this.#ending = undefined;
      throw error;
    }
  }

  /** The first wish counts; but nobody is told that an item is done which somebody else will do again. */
  async #endAgain(how: Ending, first: { readonly how: Ending; readonly work: Promise<void> }): Promise<void> {
    await first.work;
    if (how === 'done' && first.how === 'given_back') throw recipeError('lost', this.path);
  }

  async #endOnce(how: Ending): Promise<void> {
    await this.#keeper.end(this, how);
    if (this.#state !== 'held') return;
    this.#state = how;
    this.#hub.end();
  }
}
