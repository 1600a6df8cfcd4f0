type Delivery = () => void;

/**
 * Lets the owner of a client see replies and events in the order of the server.
 *
 * A reply settles a promise, whose owner runs only when the microtasks do; an event calls its listener at once. Of a
 * chunk that holds a reply and then an event, the listener would see the event before the owner of the promise saw
 * the older reply. So an event behind a reply waits until the microtasks have run, and so does all that follows it.
 */
export class DeliveryOrder {
  readonly #held: { readonly kind: 'reply' | 'event'; readonly deliver: Delivery }[] = [];
  /** Whether a reply was delivered whose owner may not have run yet. */
  #replyUnseen = false;

  /** Call at the start of every chunk: microtasks have run since the last one. */
  beginTurn(): void {
    if (this.#held.length === 0) this.#replyUnseen = false;
  }

  /** Whether a reply may be delivered at once; say so with `replied`. */
  get open(): boolean {
    return this.#held.length === 0;
  }

  replied(): void {
    this.#replyUnseen = true;
  }

  /** Delivers a reply when everything before it has been seen. */
  reply(deliver: Delivery): void {
    this.#held.push({ kind: 'reply', deliver });
  }

  /** Delivers an event when everything before it has been seen: at once, unless a reply came just before it. */
  event(deliver: Delivery): void {
    if (this.open && !this.#replyUnseen) return deliver();
    this.#held.push({ kind: 'event', deliver });
    if (this.#held.length === 1) this.#afterMicrotasks();
  }

  // A tick asked for inside a microtask runs when all microtasks have, and before the next input is read.
  #afterMicrotasks(): void {
    queueMicrotask(() => process.nextTick(() => this.#deliverHeld()));
  }

  #deliverHeld(): void {
    this.#replyUnseen = false;
    let delivered = 0;
    for (const { kind, deliver } of this.#held) {
      if (kind === 'event' && this.#replyUnseen) break;
      if (kind === 'reply') this.#replyUnseen = true;
      delivered += 1;
      deliver();
    }
    this.#held.splice(0, delivered);
    if (this.#held.length > 0) this.#afterMicrotasks();
  }
}
