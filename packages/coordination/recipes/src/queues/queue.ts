import { type Clock, codeOf, invariant } from '@reeve/base';
import { type Coordination, monotonicClock } from '@reeve/client';
import type { SafetyOptions } from '../line/place.ts';
import { ensurePath } from '../recipe/ensure-path.ts';
import { inTime } from '../recipe/parting.ts';
import { recipeError } from '../recipe/recipe-error.ts';
import { retrying } from '../recipe/retrying.ts';
import { unless, untilUnwanted, type WaitOptions } from '../recipe/waiting.ts';
import { EndingItems } from './ending-items.ts';
import { HeldItems } from './held-items.ts';
import { Putting } from './putting.ts';
import { type Ending, type ItemKeeper, QueueItem, type TakenItem } from './queue-item.ts';
import { PRIORITY_DEFAULT, PRIORITY_MAX, type QueueLayout, queueLayout } from './queue-layout.ts';
import { itemsOf, type QueueItemView, type QueueStats, statsOf } from './queue-report.ts';
import { consumerOfProcess, Taking } from './taking.ts';

/** The longest data of one item, bytes: a request may have 1 MiB less a byte, with paths and all. */
export const ITEM_BYTES_MAX = 1_000_000;
const LIST_DEFAULT = 1_000;

/** What a queue is about. */
export interface QueueOptions extends SafetyOptions {
  /** The znode of the queue; created, with what is under it, when it is missing. */
  readonly path: string;
  /**
   * How many items there may be, those taken and those not due yet included; any number unless given. Kept exactly by
   * all who put with a limit; others do not know of it.
   */
  readonly limit?: number | undefined;
  /** What a put does when there is no room: wait for it, which it does unless told otherwise, or fail with `full`. */
  readonly whenFull?: 'refuse' | 'wait';
  /** Who takes and puts, for people who look at the queue; host and process unless given. Without blanks. */
  readonly consumer?: string;
}

/** How an item is put. */
export interface PutOptions extends WaitOptions {
  /** 0 is the most urgent, 999 the least; 100 unless given. Items of one priority are taken in the order they came. */
  readonly priority?: number | undefined;
  /** Cannot be taken before so many milliseconds have passed, by the clocks of those who put and take. */
  readonly delayMs?: number | undefined;
}

/**
 * A queue that many put into and many take from. What is taken must be ended: it comes back when its consumer gives it
 * back, dies, or loses its session; so nothing is lost, and an item may be done more than once only if a consumer dies
 * between doing it and saying so.
 *
 * Of those who wait for an item one is woken by a put, not all. `entries` and `taken` are laid out as kazoo's
 * `LockingQueue` has them: both can put and take in one queue.
 *
 * @example
 * const mails = new Queue(client, { path: '/mails' });
 * await mails.put(Buffer.from('hello'));
 * const item = await mails.take({ timeoutMs: 10_000 });
 * await send(item.data);
 * await item.done();
 * await mails.stop();
 */
export class Queue {
  readonly #client: Coordination;
  readonly #layout: QueueLayout;
  readonly #clock: Clock;
  readonly #stopped = new AbortController();
  readonly #putting: Putting;
  readonly #taking: Taking;
  readonly #ending: EndingItems;
  readonly #held: HeldItems;
  readonly #keeper: ItemKeeper;
  #ready: Promise<void> | undefined;

  constructor(client: Coordination, options: QueueOptions) {
    const { path, limit, whenFull = 'wait', consumer = consumerOfProcess(), clock = monotonicClock } = options;
    invariant(limit === undefined || (Number.isInteger(limit) && limit > 0), 'a queue has room for one item or more');
    invariant(!/\s/.test(consumer), 'the name of a consumer has no blanks');
    const layout = queueLayout(path);
    const stopped = this.#stopped.signal;
    this.#client = client;
    this.#layout = layout;
    this.#clock = clock;
    this.#putting = new Putting(client, { layout, producer: consumer, limit, whenFull, clock }, stopped);
    const unwanted = (item: TakenItem) => this.#giveBack(this.#hold(item));
    this.#taking = new Taking(client, { layout, consumer, clock, unwanted }, stopped);
    this.#ending = new EndingItems(client, path);
    this.#held = new HeldItems(client, { safetyMs: options.safetyMs, clock }, (item) => this.#abandon(item));
    this.#keeper = { check: () => this.#held.check(), end: (item, ending) => this.#end(item, ending) };
  }

  get path(): string {
    return this.#layout.path;
  }

  /**
   * Puts an item, exactly once, also when an answer is lost.
   *
   * @throws RecipeError `too_large` above 1,000,000 bytes, `full`, `in_doubt` when the session ended before the answer
   *   came, `session_over`, `stopped`, `aborted`, `deadline_exceeded`; ClientError where the service refuses
   */
  async put(data: Uint8Array, options: PutOptions = {}): Promise<void> {
    const { priority = PRIORITY_DEFAULT, delayMs, ...wait } = options;
    const isPriority = Number.isInteger(priority) && priority >= 0 && priority <= PRIORITY_MAX;
    invariant(isPriority, `a priority is a whole number from 0 to ${PRIORITY_MAX}`);
    invariant(delayMs === undefined || delayMs >= 0, 'a delay is not below zero');
    if (data.length > ITEM_BYTES_MAX) throw recipeError('too_large', this.path);
    const dueMs = delayMs === undefined ? undefined : this.#clock.now() + delayMs;
    await this.#inQueue(wait, () => this.#putting.put({ data, priority, dueMs }, wait));
  }

  /**
   * Puts many items, in their order, with few writes. Not all or nothing: when it fails, some may be in the queue.
   *
   * @throws as `put`
   */
  async putMany(items: readonly Uint8Array[], options: PutOptions = {}): Promise<void> {
    const put = await Promise.allSettled(items.map((data) => this.put(data, options)));
    const failed = put.find((result) => result.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
  }

  /**
   * Takes the next item, and waits for one where there is none: the most urgent one, and of these the one that came
   * first. Nobody else has it until it is ended or lost. With `timeoutMs: 0` it only looks.
   *
   * @throws RecipeError `session_over`, `stopped`, `aborted`, `deadline_exceeded`; ClientError where the service refuses
   */
  async take(options: WaitOptions = {}): Promise<QueueItem> {
    return this.#hold(await this.#inQueue(options, () => this.#taking.take(options)));
  }

  /** Counts what there is. Fails as `take` does. */
  stats(options: WaitOptions = {}): Promise<QueueStats> {
    return this.#reading(options, () => statsOf(this.#client, this.#layout));
  }

  /** Describes the first items, 1,000 unless told otherwise, without taking them. Fails as `take` does. */
  list({ count = LIST_DEFAULT, ...options }: WaitOptions & { readonly count?: number } = {}) {
    return this.#reading<readonly QueueItemView[]>(options, () => itemsOf(this.#client, this.#layout, count));
  }

  /**
   * Ends what waits, and gives back what is held: nothing stays behind but items. Takes two seconds at most; what could
   * not be taken back goes when a server is reached again, or with the session. Idempotent.
   */
  async stop(): Promise<void> {
    if (this.#stopped.signal.aborted) return;
    this.#stopped.abort(recipeError('stopped', this.path));
    const given = [...this.#held].map((item) => this.#giveBack(item));
    await Promise.all([this.#putting.stop(), this.#taking.stop(), inTime(this.#client, settled(given))]);
    this.#held.stop();
  }

  #hold(taken: TakenItem): QueueItem {
    const item = new QueueItem(taken, this.#keeper);
    this.#held.add(item);
    return item;
  }

  async #end(item: QueueItem, ending: Ending): Promise<void> {
    const ended = await this.#ending.end(item, ending);
    this.#held.delete(item);
    if (ended === 'ended') return;
    item.lose('removed');
    if (ending === 'done') throw recipeError('lost', item.path);
  }

  /** Lost, but the session may live on: somebody else must have it. */
  #abandon(item: QueueItem): void {
    this.#ending.end(item, 'given_back').catch(() => undefined);
  }

  async #giveBack(item: QueueItem): Promise<void> {
    await item.giveBack().catch(() => undefined);
  }

  /** Does something in the queue; again, when somebody has deleted the queue since it was made. */
  async #inQueue<T>(options: WaitOptions, work: () => Promise<T>): Promise<T> {
    await this.#prepared(options);
    try {
      return await work();
    } catch (error) {
      if (codeOf(error) !== 'no_node') throw error;
    }
    this.#ready = undefined;
    await this.#prepared(options);
    return work();
  }

  /** Everything a queue consists of is there, once it was looked for. */
  #prepared(options: WaitOptions): Promise<void> {
    const { path, entries, taken, delayed } = this.#layout;
    const stopped = this.#stopped.signal;
    this.#ready ??= retrying({ client: this.#client, path, stopped }, async () => {
      await ensurePath(this.#client, path);
      await Promise.all([entries, taken, delayed].map((each) => ensurePath(this.#client, each)));
    }).catch((error) => {
      this.#ready = undefined;
      throw error;
    });
    // Who does not wait for an item waits for this all the same.
    const wait = { signal: options.signal, timeoutMs: options.timeoutMs === 0 ? undefined : options.timeoutMs };
    if (wait.signal === undefined && wait.timeoutMs === undefined) return this.#ready;
    return unless(untilUnwanted(wait), path, this.#ready);
  }

  #reading<T>(options: WaitOptions, step: () => Promise<T>): Promise<T> {
    const stopped = untilUnwanted(options, this.#stopped.signal);
    return unless(stopped, this.path, retrying({ client: this.#client, path: this.path, stopped }, step));
  }
}

async function settled(work: readonly Promise<void>[]): Promise<void> {
  await Promise.allSettled(work);
}
