import { randomUUID } from 'node:crypto';
import { type Clock, codeOf, invariant } from '@reeve/base';
import { type Coordination, monotonicClock, type SessionChange, type WatchedEvent } from '@reeve/client';
import { createUnder } from '../recipe/ensure-path.ts';
import { takeBack } from '../recipe/parting.ts';
import { RecipeError, type RecipeFacts, recipeError } from '../recipe/recipe-error.ts';
import { EventHub, type RecipeEvents } from '../recipe/recipe-events.ts';
import { retrying } from '../recipe/retrying.ts';
import { untilUnwanted } from '../recipe/waiting.ts';
import { inLine } from './line-order.ts';

/**
 * `waiting`: in line behind others; `granted`: it is this one's turn; `lost`: it may no longer claim that, or to be in
 * line, and will not again; `left`: by its owner. The last two are final.
 */
export type PlaceState = 'idle' | 'waiting' | 'granted' | 'lost' | 'left';

/** Why a place in line was lost. */
export type LossReason =
  /** The session is over, and the znode with it. */
  | 'session_over'
  /** No server was in touch for so long that the session may soon be over. */
  | 'session_suspended'
  /** Somebody has deleted the znode. */
  | 'removed'
  /** The service refuses what the recipe needs; see `cause`. */
  | 'refused';

/** What happens to a place in line. */
export type PlaceEvent =
  /** It is this one's turn. */
  | { readonly kind: 'granted' }
  /** Somebody has written to the znode. */
  | { readonly kind: 'written'; readonly data: Buffer }
  | { readonly kind: 'lost'; readonly reason: LossReason; readonly cause?: unknown };

/** When a holder that is out of touch must let go. */
export interface SafetyOptions {
  /**
   * How long before the session may have expired whoever is out of touch stops claiming what it holds, milliseconds; a
   * sixth of the session time-out unless given.
   */
  readonly safetyMs?: number | undefined;
  /** The clock of the client; `monotonicClock` unless given. */
  readonly clock?: Clock | undefined;
}

/** What a place in line is about. */
export interface PlaceOptions extends SafetyOptions {
  /** The znode under which the line stands; created when it is missing. */
  readonly path: string;
  /** What the name of the znode holds before its number, such as `lock-`. */
  readonly name: string;
  readonly data: Uint8Array;
  /**
   * Who must go first: the name of one to watch among the line (the first one first); nobody: it is this one's turn.
   */
  readonly ahead: (line: readonly string[], own: number) => string | undefined;
}

/**
 * One place in a line: an ephemeral sequential znode that watches only one of those before it, so that a change wakes
 * one and not all. Locks and elections are made of it.
 *
 * The znode's name holds a number drawn by chance, as Curator's do (`_c_<uuid>-`): so one whose creation was not
 * answered is found again.
 */
export class Place {
  readonly events: RecipeEvents<PlaceEvent>;
  readonly #client: Coordination;
  readonly #options: PlaceOptions;
  readonly #prefix: string;
  readonly #hub: EventHub<PlaceEvent>;
  readonly #ended = new AbortController();
  #state: PlaceState = 'idle';
  /** Whether a creation was sent, so that there may be a znode. */
  #tried: 'no' | 'yes' = 'no';
  #own: string | undefined;
  #czxid = 0;
  /** The one before this, which is watched. */
  #watched: string | undefined;
  #unsubscribe: () => void = () => undefined;
  #safety: NodeJS.Timeout | undefined;
  #looking: 'no' | 'yes' | 'yes, and again' = 'no';

  constructor(client: Coordination, options: PlaceOptions) {
    this.#client = client;
    this.#options = options;
    this.#prefix = `_c_${randomUUID()}-${options.name}`;
    this.#hub = new EventHub(options.path);
    this.events = this.#hub;
  }

  /** Looks at the clock too: who slept too long holds nothing any more. */
  get state(): PlaceState {
    if (this.#state === 'granted' && this.#safetyLeftMs() <= 0) this.#lose('session_suspended');
    return this.#state;
  }

  /** The path of the znode; none before it is in line. */
  get path(): string | undefined {
    return this.#own === undefined ? undefined : `${this.#options.path}/${this.#own}`;
  }

  /** The zxid of the znode's creation: it grows from one in line to the next, so it can fence what an earlier one writes. */
  get czxid(): number {
    return this.#czxid;
  }

  /**
   * Enters the line; resolves when it is known whether it is this one's turn already. Who gives up waiting must `leave`.
   *
   * @throws RecipeError `session_over`, `stopped` when it was left meanwhile, `aborted` or `deadline_exceeded` by
   *   `signal`, `lost`; ClientError where the service refuses
   */
  async enter(signal?: AbortSignal): Promise<void> {
    invariant(this.#state === 'idle', 'a place in line is entered once');
    this.#state = 'waiting';
    this.#unsubscribe = this.#client.onSession((change) => this.#sessionChanged(change));
    const wanted = untilUnwanted({ signal }, this.#ended.signal);
    try {
      await this.#retrying(() => this.#create(), wanted);
      await this.#retrying(() => this.#watchOwn(), wanted);
      await this.#lookUntilSettled(wanted);
    } catch (error) {
      if (!wanted.aborted) this.#failed(error);
      throw error;
    }
  }

  /**
   * Leaves: deletes the znode, so that it is the next one's turn at once. Takes two seconds at most; out of touch it
   * returns at once, and the znode goes when a server is reached again, or with the session. Idempotent.
   */
  async leave(): Promise<void> {
    if (this.#state === 'left') return;
    const isLost = this.#state === 'lost';
    this.#end('left', 'stopped');
    if (!isLost) await this.#withdraw();
  }

  get #isOver(): boolean {
    return this.#state === 'lost' || this.#state === 'left';
  }

  async #create(): Promise<void> {
    const { path, data } = this.#options;
    if (this.#tried === 'yes') this.#own = await this.#find();
    if (this.#own !== undefined) return;
    this.#tried = 'yes';
    const created = await createUnder(this.#client, `${path}/${this.#prefix}`, { data, mode: 'ephemeral_sequential' });
    this.#own = created.slice(path.length + 1);
  }

  /** The znode that a creation without an answer has left, if it has. */
  async #find(): Promise<string | undefined> {
    const { path } = this.#options;
    try {
      // Without this the server asked may not know yet what another one has done for us.
      await this.#client.sync(path);
      return (await this.#client.getChildren(path)).find((name) => name.startsWith(this.#prefix));
    } catch (error) {
      if (codeOf(error) === 'no_node') return undefined;
      throw error;
    }
  }

  async #watchOwn(): Promise<void> {
    try {
      const { stat, data } = await this.#client.getData(this.path as string, { watch: this.#ownChanged });
      this.#czxid = stat.czxid;
      if (stat.version > 0) this.#hub.tell({ kind: 'written', data: Buffer.from(data ?? '') });
    } catch (error) {
      if (codeOf(error) !== 'no_node') throw error;
      this.#lose('removed');
    }
    // Left while the answer was on its way: the watch must not stay behind.
    if (this.#isOver) await this.#unwatch();
  }

  readonly #ownChanged = ({ type }: WatchedEvent): void => {
    if (this.#isOver) return;
    if (type === 'deleted') return this.#lose('removed');
    this.#retrying(() => this.#watchOwn()).catch((error) => this.#failed(error));
  };

  /** Looks at the line, and again whenever it changed meanwhile; one look at a time. */
  #look(): void {
    if (this.#isOver || this.#czxid === 0) return;
    if (this.#looking === 'no') this.#lookUntilSettled(this.#ended.signal).catch((error) => this.#failed(error));
    else this.#looking = 'yes, and again';
  }

  async #lookUntilSettled(wanted: AbortSignal): Promise<void> {
    try {
      do {
        this.#looking = 'yes';
        await this.#retrying(() => this.#lookOnce(), wanted);
      } while (this.#looking === ('yes, and again' as string));
    } finally {
      this.#looking = 'no';
    }
    if (this.#state === 'lost') throw recipeError('lost', this.#options.path);
  }

  async #lookOnce(): Promise<void> {
    const { path, ahead } = this.#options;
    const line = inLine(await this.#client.getChildren(path));
    const place = line.indexOf(this.#own as string);
    if (place === -1) return this.#lose('removed');
    const first = ahead(line, place);
    if (first === undefined) return this.#grant();
    const watched = `${path}/${first}`;
    if (watched === this.#watched) return;
    try {
      await this.#client.getData(watched, { watch: this.#aheadChanged });
      this.#watched = watched;
    } catch (error) {
      if (codeOf(error) !== 'no_node') throw error;
      // Gone since the list was made: what the line looks like now decides.
      this.#looking = 'yes, and again';
    }
    if (this.#isOver) await this.#unwatch();
  }

  readonly #aheadChanged = (): void => {
    this.#watched = undefined;
    this.#look();
  };

  #grant(): void {
    if (this.#state !== 'waiting' || this.#client.state !== 'connected') return;
    this.#state = 'granted';
    this.#hub.tell({ kind: 'granted' });
  }

  #sessionChanged({ to }: SessionChange): void {
    switch (to) {
      case 'suspended':
        if (this.#state === 'granted') this.#guard();
        return;
      case 'connected':
        clearTimeout(this.#safety);
        this.#look();
        return;
      case 'expired':
      case 'closed':
      case 'auth_failed':
        return this.#lose('session_over');
    }
  }

  /** Out of touch: holds on, but only as long as it can be no one else's turn. */
  #guard(): void {
    clearTimeout(this.#safety);
    this.#safety = setTimeout(() => this.#lose('session_suspended'), Math.max(0, this.#safetyLeftMs()));
  }

  #safetyLeftMs(): number {
    const { clock = monotonicClock, safetyMs = this.#client.sessionTimeoutMs / 6 } = this.#options;
    const leftMs = this.#client.sessionDeadline - clock.now();
    return this.#client.state === 'connected' ? leftMs : leftMs - safetyMs;
  }

  #failed(error: unknown): void {
    if (error instanceof RecipeError) this.#lose('session_over');
    else this.#lose('refused', error);
  }

  #lose(reason: LossReason, cause?: unknown): void {
    if (this.#isOver) return;
    this.#end('lost', reason === 'session_over' ? reason : 'lost');
    this.#hub.tell({ kind: 'lost', reason, ...(cause !== undefined && { cause }) });
    this.#hub.end();
    // The session may live on: then the znode must go, for nobody acts for it any more.
    this.#withdraw().catch(() => undefined);
  }

  #end(state: 'lost' | 'left', why: RecipeFacts['code']): void {
    this.#state = state;
    this.#ended.abort(recipeError(why, this.#options.path));
    clearTimeout(this.#safety);
    this.#unsubscribe();
    if (state === 'left') this.#hub.end();
  }

  async #withdraw(): Promise<void> {
    if (this.#tried === 'no') return;
    try {
      await takeBack(this.#client, this.#options.path, () => this.#delete());
    } catch (error) {
      if (codeOf(error) !== 'session_over') throw error;
    }
  }

  async #delete(): Promise<void> {
    await this.#unwatch();
    this.#own ??= await this.#find();
    if (this.path === undefined) return;
    try {
      await this.#client.delete(this.path);
    } catch (error) {
      if (codeOf(error) !== 'no_node') throw error;
    }
  }

  async #unwatch(): Promise<void> {
    const watched = this.#watched;
    this.#watched = undefined;
    if (watched !== undefined) await this.#client.unwatch(watched, this.#aheadChanged);
    if (this.path !== undefined) await this.#client.unwatch(this.path, this.#ownChanged);
  }

  #retrying<T>(step: () => Promise<T>, stopped: AbortSignal = this.#ended.signal): Promise<T> {
    return retrying({ client: this.#client, path: this.#options.path, stopped }, step);
  }
}
