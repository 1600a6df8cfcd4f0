import { clientError } from './client-error.ts';
import type { Watch, WatchedEvent, WatchListener } from './coordination.ts';

/** Events kept for one iteration that does not keep up; one more ends it with `watch_overflow`. */
const EVENTS_MAX = 16_384;

/** One local listener of a persistent watch, and whoever iterates over its events. */
export class WatchHandle implements Watch {
  readonly #listener: WatchListener;
  readonly #close: () => Promise<void>;
  readonly #readers = new Set<EventReader>();
  #ended = false;
  #closing: Promise<void> | undefined;

  constructor(listener: WatchListener, close: () => Promise<void>) {
    this.#listener = listener;
    this.#close = close;
  }

  /** Tells the listener and every iteration. */
  readonly tell: WatchListener = (event) => {
    if (this.#ended) return;
    for (const reader of this.#readers) reader.push(event);
    this.#listener(event);
  };

  /** No further event will come: iterations finish with what they have. */
  end(): void {
    this.#ended = true;
    for (const reader of this.#readers) reader.end();
    this.#readers.clear();
  }

  close(): Promise<void> {
    if (this.#ended) return this.#closing ?? Promise.resolve();
    this.end();
    this.#closing = this.#close();
    return this.#closing;
  }

  [Symbol.asyncIterator](): AsyncIterator<WatchedEvent> {
    const reader = new EventReader((done) => this.#readers.delete(done));
    if (this.#ended) reader.end();
    else this.#readers.add(reader);
    return reader;
  }
}

/** One iteration over the events of a watch. */
class EventReader implements AsyncIterator<WatchedEvent> {
  readonly #release: (reader: EventReader) => void;
  #events: WatchedEvent[] = [];
  #state: 'open' | 'ended' | 'overflowed' = 'open';
  #wake: (() => void) | undefined;

  constructor(release: (reader: EventReader) => void) {
    this.#release = release;
  }

  push(event: WatchedEvent): void {
    if (this.#state !== 'open') return;
    if (this.#events.length >= EVENTS_MAX) {
      this.#events = [];
      this.#finish('overflowed');
    } else {
      this.#events.push(event);
      this.#wake?.();
    }
  }

  end(): void {
    if (this.#state === 'open') this.#finish('ended');
  }

  async next(): Promise<IteratorResult<WatchedEvent>> {
    while (this.#events.length === 0 && this.#state === 'open') {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    const event = this.#events.shift();
    if (event !== undefined) return { done: false, value: event };
    if (this.#state === 'overflowed') {
      this.#state = 'ended';
      throw clientError({ code: 'watch_overflow', outcome: 'failed', op: 'watch' });
    }
    return { done: true, value: undefined };
  }

  async return(): Promise<IteratorResult<WatchedEvent>> {
    this.#events = [];
    this.end();
    return { done: true, value: undefined };
  }

  #finish(state: 'ended' | 'overflowed'): void {
    this.#state = state;
    this.#release(this);
    this.#wake?.();
  }
}
