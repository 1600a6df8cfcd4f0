import { recipeError } from './recipe-error.ts';

/** Events that one iteration may have waiting, unless a recipe says more. */
const WAITING_MAX = 1_024;

/** How patient a hub is with who iterates. */
export interface HubOptions {
  /** Events that one iteration may have waiting; 1,024 unless given. */
  readonly waitingMax?: number;
}

/**
 * What a recipe tells, for who listens and for who iterates. An event is told once, to those who were there already:
 * subscribe, or begin to iterate, before `start`.
 *
 * An iteration ends with the recipe. One that falls too far behind throws `events_overflow`: 1,024 events, unless the
 * recipe allows for more.
 *
 * @example
 * for await (const event of election.events) console.log(event.kind);
 */
export interface RecipeEvents<E> extends AsyncIterable<E> {
  /** Calls `listener` with each event, in the turn in which it is learnt, until the returned function is called. */
  subscribe(listener: (event: E) => void): () => void;
}

/** The events of one recipe: it tells, others listen. */
export class EventHub<E> implements RecipeEvents<E> {
  readonly #path: string;
  readonly #waitingMax: number;
  readonly #listeners = new Set<(event: E) => void>();
  readonly #onEnd = new Set<() => void>();
  #ended: 'no' | 'yes' = 'no';

  /** @param path where the recipe works, for messages */
  constructor(path: string, { waitingMax = WAITING_MAX }: HubOptions = {}) {
    this.#path = path;
    this.#waitingMax = waitingMax;
  }

  subscribe(listener: (event: E) => void): () => void {
    // Another function for each subscription: who subscribes twice is told twice.
    const own = (event: E) => listener(event);
    this.#listeners.add(own);
    return () => this.#listeners.delete(own);
  }

  /** Tells everybody. A listener that throws is a bug of its owner: it surfaces as an uncaught exception, and harms no one else. */
  tell(event: E): void {
    for (const listener of [...this.#listeners]) {
      try {
        listener(event);
      } catch (error) {
        process.nextTick(() => {
          throw error;
        });
      }
    }
  }

  /** Nothing will be told any more: iterations end. Idempotent. */
  end(): void {
    this.#ended = 'yes';
    this.#listeners.clear();
    for (const end of [...this.#onEnd]) end();
  }

  [Symbol.asyncIterator](): AsyncIterator<E, undefined> {
    const waiting = new Waiting<E>();
    let over = this.#ended === 'yes';
    let overflowed = false;
    let wake = () => {};
    const unsubscribe = this.subscribe((event) => {
      if (waiting.count < this.#waitingMax) waiting.add(event);
      else overflowed = true;
      wake();
    });
    const end = () => {
      over = true;
      unsubscribe();
      this.#onEnd.delete(end);
      wake();
    };
    this.#onEnd.add(end);
    const next = async (): Promise<IteratorResult<E, undefined>> => {
      while (waiting.count === 0 && !over && !overflowed) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
      if (waiting.count > 0) return { value: waiting.take(), done: false };
      end();
      if (overflowed) throw recipeError('events_overflow', this.#path);
      return { value: undefined, done: true };
    };
    return {
      next,
      return: async () => {
        waiting.clear();
        end();
        return { value: undefined, done: true };
      },
    };
  }
}

/** Events in the order in which they came. To take one costs the same however many there are, as `shift` does not. */
class Waiting<E> {
  #events: E[] = [];
  #taken = 0;

  get count(): number {
    return this.#events.length - this.#taken;
  }

  add(event: E): void {
    this.#events.push(event);
  }

  take(): E {
    const event = this.#events[this.#taken] as E;
    this.#taken += 1;
    if (this.#taken * 2 >= this.#events.length) {
      this.#events = this.#events.slice(this.#taken);
      this.#taken = 0;
    }
    return event;
  }

  clear(): void {
    this.#events = [];
    this.#taken = 0;
  }
}
