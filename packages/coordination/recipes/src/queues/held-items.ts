import type { Clock } from '@reeve/base';
import { type Coordination, isFinal, type SessionChange } from '@reeve/client';
import type { LossReason, SafetyOptions } from '../line/place.ts';
import type { QueueItem } from './queue-item.ts';

/** The items that one consumer holds, and whether it may still say so. */
export class HeldItems {
  readonly #client: Coordination;
  readonly #clock: Clock;
  readonly #safetyMs: number | undefined;
  readonly #items = new Set<QueueItem>();
  readonly #abandoned: (item: QueueItem) => void;
  readonly #unsubscribe: () => void;
  #safety: NodeJS.Timeout | undefined;

  /** @param abandoned called with each item that was lost while the session may live on: it must be given back */
  constructor(
    client: Coordination,
    { clock, safetyMs }: SafetyOptions & { readonly clock: Clock },
    abandoned: (item: QueueItem) => void,
  ) {
    this.#client = client;
    this.#clock = clock;
    this.#safetyMs = safetyMs;
    this.#abandoned = abandoned;
    this.#unsubscribe = client.onSession((change) => this.#sessionChanged(change));
  }

  get size(): number {
    return this.#items.size;
  }

  [Symbol.iterator](): Iterator<QueueItem> {
    return this.#items.values();
  }

  add(item: QueueItem): void {
    this.#items.add(item);
    if (this.#client.state !== 'connected') this.#guard();
  }

  delete(item: QueueItem): void {
    this.#items.delete(item);
  }

  /** Lets go of everything when the clock says so: for who slept through the moment. */
  check(): void {
    if (this.#items.size > 0 && this.#leftMs() <= 0) this.#loseAll('session_suspended');
  }

  stop(): void {
    clearTimeout(this.#safety);
    this.#unsubscribe();
  }

  #sessionChanged({ to }: SessionChange): void {
    clearTimeout(this.#safety);
    if (isFinal(to)) this.#loseAll('session_over');
    else if (to !== 'connected' && this.#items.size > 0) this.#guard();
  }

  /** Out of touch: holds on, but only as long as nobody else can have the items. */
  #guard(): void {
    clearTimeout(this.#safety);
    this.#safety = setTimeout(() => this.#loseAll('session_suspended'), Math.max(0, this.#leftMs()));
  }

  #leftMs(): number {
    const leftMs = this.#client.sessionDeadline - this.#clock.now();
    const safetyMs = this.#safetyMs ?? this.#client.sessionTimeoutMs / 6;
    return this.#client.state === 'connected' ? leftMs : leftMs - safetyMs;
  }

  #loseAll(reason: LossReason): void {
    const items = [...this.#items];
    this.#items.clear();
    for (const item of items) {
      item.lose(reason);
      if (reason !== 'session_over') this.#abandoned(item);
    }
  }
}
