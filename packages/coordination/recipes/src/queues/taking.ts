import { hostname } from 'node:os';
import type { Clock } from '@reeve/base';
import type { Coordination } from '@reeve/client';
import { type RecipeError, recipeError } from '../recipe/recipe-error.ts';
import { retrying } from '../recipe/retrying.ts';
import { unless, untilUnwanted, type WaitOptions } from '../recipe/waiting.ts';
import { type SessionEnd, sessionEnd } from '../shared/session-end.ts';
import { Claiming } from './claiming.ts';
import { moveDue } from './delayed-items.ts';
import { Listing, nextSpread } from './listing.ts';
import type { TakenItem } from './queue-item.ts';
import type { QueueLayout } from './queue-layout.ts';
import { Vigil } from './vigil.ts';

/** Items claimed by one write. */
const CLAIM_MAX = 64;
/** Items read ahead for those who take one by one. */
const AHEAD = 15;
/** The longest that a timer can wait, milliseconds. */
const TIMER_MS_MAX = 2_147_483_647;

interface Taker {
  /** Who does not wait is told after one look. */
  readonly mode: 'once' | 'waits';
  take(item: TakenItem): void;
  reject(error: unknown): void;
}

/** What takers work with. */
export interface TakingOptions {
  readonly layout: QueueLayout;
  /** Who takes, for people. */
  readonly consumer: string;
  readonly clock: Clock;
  /** An item that was taken for somebody who does not want it any more. */
  readonly unwanted: (item: TakenItem) => void;
}

/**
 * Takes items for whoever of this client asks, as many at once as ask. When there are none, one place in line is for all
 * of them.
 */
export class Taking {
  readonly #client: Coordination;
  readonly #options: TakingOptions;
  readonly #stopped: AbortSignal;
  readonly #claiming: Claiming;
  readonly #vigil: Vigil;
  readonly #takers: Taker[] = [];
  #listing: Listing | undefined;
  #spread = 1;
  #due: NodeJS.Timeout | undefined;
  #working: Promise<void> | undefined;
  #end: SessionEnd | undefined;
  #poked: 'no' | 'yes' = 'no';
  #wake: () => void = () => undefined;

  constructor(client: Coordination, options: TakingOptions, stopped: AbortSignal) {
    const { layout, consumer } = options;
    this.#client = client;
    this.#options = options;
    this.#stopped = stopped;
    this.#claiming = new Claiming(client, { layout, consumer }, stopped);
    this.#vigil = new Vigil(client, {
      line: layout.takers,
      data: Buffer.from(consumer),
      lists: [layout.entries, layout.taken, layout.delayed],
      poke: () => this.#poke(),
    });
  }

  /** Waits for an item. */
  take({ signal, timeoutMs }: WaitOptions): Promise<TakenItem> {
    if (this.#stopped.aborted) return Promise.reject(this.#stopped.reason);
    const mode = timeoutMs === 0 ? 'once' : 'waits';
    if (mode === 'once' && this.#client.state !== 'connected') return Promise.reject(this.#notInTime());
    let taker: Taker | undefined;
    const taken = new Promise<TakenItem>((resolve, reject) => {
      taker = { mode, take: resolve, reject };
      this.#takers.push(taker);
    });
    this.#begin();
    if (signal === undefined && (timeoutMs === undefined || mode === 'once')) return taken;
    const unwanted = untilUnwanted({ signal, timeoutMs: mode === 'once' ? undefined : timeoutMs });
    const forget = () => this.#forget(taker as Taker);
    unwanted.addEventListener('abort', forget, { once: true });
    if (unwanted.aborted) forget();
    return unless(unwanted, this.#options.layout.path, taken).finally(() =>
      unwanted.removeEventListener('abort', forget),
    );
  }

  /** Ends all waits; `stopped` has fired. Resolves when nothing of them is left. */
  async stop(): Promise<void> {
    this.#rejectAll(this.#stopped.reason);
    this.#end?.endBy(this.#stopped.reason as RecipeError);
    await this.#working;
  }

  #forget(taker: Taker): void {
    const at = this.#takers.indexOf(taker);
    if (at !== -1) this.#takers.splice(at, 1);
    this.#poke();
  }

  #begin(): void {
    this.#poke();
    this.#working ??= this.#work().finally(() => {
      this.#working = undefined;
      if (this.#takers.length > 0) this.#begin();
    });
  }

  async #work(): Promise<void> {
    const end = sessionEnd(this.#client, this.#options.layout.path);
    const wanted = end.signal;
    this.#end = end;
    if (this.#stopped.aborted) end.endBy(this.#stopped.reason as RecipeError);
    wanted.addEventListener('abort', () => this.#poke(), { once: true });
    const unsubscribe = this.#client.onSession(({ to }) => {
      if (to === 'suspended') this.#rejectImpatient();
    });
    try {
      await Promise.resolve();
      while (this.#takers.length > 0) {
        if (wanted.aborted) throw wanted.reason;
        await this.#turn(wanted);
      }
    } catch (error) {
      this.#rejectAll(error);
    } finally {
      end.forget();
      unsubscribe();
      clearTimeout(this.#due);
      // What cannot be taken back goes with the session; nobody waits for it here.
      await this.#vigil.leave().catch(() => undefined);
    }
  }

  async #turn(wanted: AbortSignal): Promise<void> {
    const isLook = this.#vigil.phase !== 'behind' || this.#takers.some(({ mode }) => mode === 'once');
    if (isLook) {
      this.#poked = 'no';
      if ((await this.#takeSome()) === 'some') return;
    }
    this.#rejectImpatient();
    if (this.#takers.length === 0) return;
    if (this.#vigil.phase === 'away') await this.#vigil.enter(wanted);
    else await this.#untilPoked();
  }

  async #takeSome(): Promise<'some' | 'none'> {
    for (;;) {
      const isFresh = this.#listing?.serves(performance.now()) !== true;
      const listing = isFresh ? await this.#list() : (this.#listing as Listing);
      const wanted = Math.min(CLAIM_MAX, this.#takers.length);
      if (wanted === 0) return 'some';
      const names = listing.next(wanted, { spread: this.#spread, random: Math.random });
      if (names.length === 0) {
        this.#listing = undefined;
        if (!isFresh) continue;
        this.#spread = 1;
        return 'none';
      }
      const gone = await this.#claiming.read({ wanted: names, ahead: listing.ahead(AHEAD), trust: this.#trust });
      listing.drop(gone);
      const left = names.filter((name) => !gone.includes(name));
      if (left.length > 0 && (await this.#claim(listing, left)) === 'taken') return 'some';
    }
  }

  /** Who was forestalled looks further down the list next time, and more closely. */
  async #claim(listing: Listing, names: readonly string[]): Promise<'taken' | 'forestalled'> {
    const claimed = await this.#claiming.claim(names);
    this.#spread = nextSpread(this.#spread, claimed.kind);
    if (claimed.kind === 'forestalled') {
      listing.drop(claimed.gone);
      return claimed.kind;
    }
    listing.drop(claimed.items.map(({ path }) => path.slice(path.lastIndexOf('/') + 1)));
    for (const item of claimed.items) this.#hand(item);
    return claimed.kind;
  }

  get #trust(): 'much' | 'little' {
    return this.#spread > 1 ? 'little' : 'much';
  }

  #hand(item: TakenItem): void {
    const taker = this.#takers.shift();
    if (taker === undefined) this.#options.unwanted(item);
    else taker.take(item);
  }

  /** Lists what there is; what is due by now is moved first. */
  async #list(): Promise<Listing> {
    const { layout, clock } = this.#options;
    const retry = { client: this.#client, path: layout.path, stopped: this.#stopped };
    return retrying(retry, async () => {
      for (;;) {
        // Both on their way at once. What is listed is at least as old as the life that is seen behind it.
        const [lists, queue] = await Promise.all([this.#vigil.look(), this.#client.exists(layout.entries)]);
        this.#claiming.begin(queue?.czxid);
        const [entries = [], taken = [], delayed = []] = lists;
        const moved = await moveDue(this.#client, layout, { names: delayed, now: clock.now() });
        if (moved === 'some') continue;
        this.#wakeAt(moved.nextDueMs);
        this.#listing = new Listing(entries, taken, performance.now());
        return this.#listing;
      }
    });
  }

  #wakeAt(dueMs: number | undefined): void {
    clearTimeout(this.#due);
    if (dueMs === undefined) return;
    const leftMs = Math.min(TIMER_MS_MAX, Math.max(1, dueMs - this.#options.clock.now()));
    this.#due = setTimeout(() => this.#poke(), leftMs);
  }

  #poke(): void {
    this.#poked = 'yes';
    this.#wake();
  }

  async #untilPoked(): Promise<void> {
    while (this.#poked === 'no') {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    this.#poked = 'no';
  }

  /** Who does not wait has looked by now; or there is nothing to look at. */
  #rejectImpatient(): void {
    for (const taker of this.#takers.filter(({ mode }) => mode === 'once')) {
      this.#takers.splice(this.#takers.indexOf(taker), 1);
      taker.reject(this.#notInTime());
    }
  }

  #notInTime(): RecipeError {
    return recipeError('deadline_exceeded', this.#options.layout.path);
  }

  #rejectAll(error: unknown): void {
    for (const taker of this.#takers.splice(0)) taker.reject(error);
  }
}

/** Who takes, unless it is said: this process. */
export function consumerOfProcess(): string {
  return `${hostname()}:${process.pid}`;
}
