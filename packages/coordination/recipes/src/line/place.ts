import { type Clock, codeOf, invariant } from '@reeve/base';
import { type Coordination, monotonicClock, type SessionChange, type WatchedEvent } from '@reeve/client';
import { disarm, takeBack } from '../recipe/parting.ts';
import { RecipeError, type RecipeFacts, recipeError } from '../recipe/recipe-error.ts';
import { EventHub, type RecipeEvents } from '../recipe/recipe-events.ts';
import { retrying } from '../recipe/retrying.ts';
import { unless, untilUnwanted, type WaitOptions } from '../recipe/waiting.ts';
import { inLine } from './line-order.ts';
import { OwnZnode, type OwnZnodeOptions } from './own-znode.ts';

/**
 * `waiting`: in line behind others; `granted`: it is this one's turn; `lost`: it may no longer claim that, or to be in
 * line, and will not again; `left`: by its owner. The last two are final.
 */
export type PlaceState = 'idle' | 'waiting' | 'granted' | 'lost' | 'left';

/** Why a place in line was lost. */
export type LossReason =
  /** The session is over, and the znode with it. */
  | 'session_over'
  /** No server has answered for so long that the session may soon be over. */
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
  | PlaceLoss;

/** The end of a place that its owner did not want. */
export interface PlaceLoss {
  readonly kind: 'lost';
  readonly reason: LossReason;
  /** What the service has refused with. */
  readonly cause?: unknown;
}

/** When a holder that is out of touch must let go. */
export interface SafetyOptions {
  /**
   * How long before the session may have expired whoever is out of touch stops claiming what it holds, milliseconds; a
   * sixth of the session time-out unless given. With the whole of it, or more, nothing outlasts a lost connection.
   */
  readonly safetyMs?: number | undefined;
  /** The clock of the client; `monotonicClock` unless given. */
  readonly clock?: Clock | undefined;
}

/** What a place in line is about. */
export interface PlaceOptions extends OwnZnodeOptions, SafetyOptions {
  /** What fences the writes of its owner; the zxid of the znode's creation unless given. */
  readonly fence?: number | undefined;
  /** Whose changes bring one that waits closer to its turn: those of one before it, or of any in line. */
  readonly follows?: 'one' | 'line';
  /**
   * Who must go first: the name of one among the line (the first one first), which is watched where one is followed;
   * nobody: it is this one's turn.
   */
  readonly ahead: (line: readonly string[], own: number) => string | undefined;
}

/**
 * One place in a line: an ephemeral sequential znode that watches only one of those before it, so that a change wakes
 * one and not all. Locks and elections are made of it.
 */
export class Place {
  readonly events: RecipeEvents<PlaceEvent>;
  readonly #client: Coordination;
  readonly #options: PlaceOptions;
  readonly #own: OwnZnode;
  readonly #hub: EventHub<PlaceEvent>;
  readonly #ended = new AbortController();
  #state: PlaceState = 'idle';
  #czxid = 0;
  #written: Buffer | undefined;
  /** What is watched beside the own znode: one before it, or the line. */
  #watched: string | undefined;
  #unsubscribe: () => void = () => undefined;
  #safety: NodeJS.Timeout | undefined;
  #looking: 'no' | 'yes' | 'yes, and again' = 'no';
  #withdrawing: Promise<void> | undefined;
  #loss: PlaceLoss | undefined;

  constructor(client: Coordination, options: PlaceOptions) {
    this.#client = client;
    this.#options = options;
    this.#own = new OwnZnode(client, options);
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
    return this.#own.path;
  }

  /** The zxid of the znode's creation: it grows from one in line to the next, so it can fence what an earlier one writes. */
  get czxid(): number {
    return this.#czxid;
  }

  /** That, unless the place is another's as well. */
  get fence(): number {
    return this.#options.fence ?? this.#czxid;
  }

  /** How it was lost, if it was. */
  get loss(): PlaceLoss | undefined {
    return this.#loss;
  }

  /** What somebody has written to the znode, if anybody has. */
  get written(): Buffer | undefined {
    return this.#written;
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
    await this.#unless(wanted, this.#enter(wanted));
  }

  /**
   * Resolves when it is this one's turn. Who gives up waiting must `leave`.
   *
   * @throws as `enter`
   */
  async turn(signal?: AbortSignal): Promise<void> {
    if (this.#state === 'granted') return;
    const wanted = untilUnwanted({ signal }, this.#ended.signal);
    let unsubscribe = (): void => undefined;
    const told = new Promise<void>((resolve) => {
      unsubscribe = this.#hub.subscribe((event) => {
        if (event.kind === 'granted') resolve();
      });
    });
    try {
      await this.#unless(wanted, told);
    } finally {
      unsubscribe();
    }
  }

  /**
   * Stands in line until it is this one's turn; leaves when that fails, which takes two seconds at most. With
   * `timeoutMs: 0` it is tried once: in line, a look, and out again when it is not this one's turn. For that the servers
   * have as long as a session lives without them.
   *
   * @throws as `enter`
   */
  async take({ signal, timeoutMs }: WaitOptions): Promise<void> {
    const patienceMs = timeoutMs === 0 ? this.#client.sessionTimeoutMs : timeoutMs;
    const wanted = untilUnwanted({ signal, timeoutMs: patienceMs });
    try {
      await this.enter(wanted);
      if (timeoutMs === 0 && this.state === 'waiting') throw recipeError('deadline_exceeded', this.#options.path);
      await this.turn(wanted);
    } catch (error) {
      // Why it was not our turn says more than why that could not be taken back.
      await this.leave().catch(() => undefined);
      throw error;
    }
  }

  /** Looks at the line again: something has changed that decides about whose turn it is. */
  look(): void {
    if (this.#isOver || this.#czxid === 0) return;
    if (this.#looking === 'no') this.#lookUntilSettled(this.#ended.signal).catch((error) => this.#failed(error));
    else this.#looking = 'yes, and again';
  }

  /**
   * Leaves: deletes the znode, so that it is the next one's turn at once. Takes two seconds at most; out of touch it
   * returns at once, and the znode goes when a server is reached again, or with the session. Idempotent.
   */
  async leave(): Promise<void> {
    if (!this.#isOver) this.#end('left', 'stopped');
    await this.#withdraw();
  }

  get #isOver(): boolean {
    return this.#state === 'lost' || this.#state === 'left';
  }

  async #unless(wanted: AbortSignal, work: Promise<void>): Promise<void> {
    try {
      await unless(wanted, this.#options.path, work);
    } catch (error) {
      // Why the service refuses says more than that the place is lost.
      throw this.#loss?.cause ?? error;
    }
  }

  async #enter(wanted: AbortSignal): Promise<void> {
    try {
      await this.#retrying(() => this.#own.create(wanted), wanted);
      await this.#lookUntilSettled(wanted);
    } catch (error) {
      if (!wanted.aborted) this.#failed(error);
      throw error;
    }
  }

  async #lookUntilSettled(wanted: AbortSignal): Promise<void> {
    try {
      do {
        this.#looking = 'yes';
        await this.#retrying(() => this.#lookOnce(), wanted);
      } while (this.#looking === ('yes, and again' as string) && !this.#isOver);
    } finally {
      this.#looking = 'no';
    }
  }

  async #lookOnce(): Promise<void> {
    // Both on their way at once: the first look is the one that a free lock waits for.
    const isFirst = this.#czxid === 0;
    const [line] = await Promise.all([this.#line(), isFirst ? this.#watchOwn() : undefined]);
    if (this.#isOver) return;
    const own = line.indexOf(this.#own.name as string);
    if (own === -1) return this.#lose('removed');
    if (this.#state === 'granted') return;
    const first = this.#options.ahead(line, own);
    if (first === undefined) return this.#grant();
    if (this.#options.follows === 'line') await this.#followLine();
    else await this.#followOne(`${this.#options.path}/${first}`);
    if (this.#isOver) await this.#unwatch();
  }

  async #line(watch?: () => void): Promise<readonly string[]> {
    try {
      return inLine(await this.#client.getChildren(this.#options.path, { ...(watch !== undefined && { watch }) }));
    } catch (error) {
      if (codeOf(error) !== 'no_node') throw error;
      // Somebody has deleted the line, and with it whoever stood there.
      return [];
    }
  }

  async #watchOwn(): Promise<void> {
    try {
      const { stat, data } = await this.#client.getData(this.path as string, { watch: this.#ownChanged });
      this.#czxid = stat.czxid;
      if (stat.version > 0) this.#tellWritten(Buffer.from(data ?? ''));
    } catch (error) {
      if (codeOf(error) !== 'no_node') throw error;
      this.#lose('removed');
    }
  }

  #tellWritten(data: Buffer): void {
    this.#written = data;
    if (!this.#isOver) this.#hub.tell({ kind: 'written', data });
  }

  async #followOne(watched: string): Promise<void> {
    if (watched === this.#watched) return;
    await this.#unwatch();
    try {
      await this.#client.getData(watched, { watch: this.#changed });
      this.#watched = watched;
    } catch (error) {
      if (codeOf(error) !== 'no_node') throw error;
      // Gone since the list was made: what the line looks like now decides.
      this.#looking = 'yes, and again';
    }
  }

  async #followLine(): Promise<void> {
    const { path, ahead } = this.#options;
    if (this.#watched === path) return;
    const line = await this.#line(this.#changed);
    this.#watched = path;
    // It may have changed since it was read without being watched.
    if (ahead(line, line.indexOf(this.#own.name as string)) === undefined) this.#looking = 'yes, and again';
  }

  readonly #ownChanged = ({ type }: WatchedEvent): void => {
    if (this.#isOver) return;
    if (type === 'deleted') return this.#removed();
    this.#retrying(() => this.#watchOwn()).catch((error) => this.#failed(error));
  };

  /** The end of a session deletes its znodes, and says so before it says that it ends. */
  #removed(): void {
    // Whoever holds nothing has time to ask.
    if (this.#state === 'waiting') return this.look();
    this.#lose(this.#safetyLeftMs() <= 0 ? 'session_suspended' : 'removed');
  }

  readonly #changed = (): void => {
    this.#watched = undefined;
    this.look();
  };

  #grant(): void {
    if (this.#client.state !== 'connected') return;
    // Asleep since the question was sent: the session may be over, and only a fresh answer can tell.
    if (this.#safetyLeftMs() <= 0) {
      this.#looking = 'yes, and again';
      return;
    }
    this.#state = 'granted';
    this.#guard();
    this.#hub.tell({ kind: 'granted' });
    // Nobody before it matters any more. What cannot be disarmed now is told once more, in vain.
    this.#unwatch().catch(() => undefined);
  }

  #sessionChanged({ to }: SessionChange): void {
    switch (to) {
      case 'suspended':
        return this.#guard();
      case 'connected':
        return this.look();
      case 'expired':
      case 'closed':
      case 'auth_failed':
        return this.#lose('session_over');
    }
  }

  /** Holds on only as long as it can be no one else's turn, and looks again when that moment has come or moved. */
  #guard(): void {
    clearTimeout(this.#safety);
    if (this.#state !== 'granted') return;
    const leftMs = this.#safetyLeftMs();
    // Answers that came while this process was held up are there, but not read: look after reading.
    if (leftMs > 0) this.#safety = setTimeout(() => setImmediate(() => this.#guard()), leftMs);
    else this.#lose('session_suspended');
  }

  #safetyLeftMs(): number {
    const sixthMs = this.#client.sessionTimeoutMs / 6;
    const { clock = monotonicClock, safetyMs = sixthMs } = this.#options;
    const marginMs = this.#client.state === 'connected' ? Math.min(safetyMs, sixthMs) : safetyMs;
    return this.#client.sessionDeadline - marginMs - clock.now();
  }

  #failed(error: unknown): void {
    if (error instanceof RecipeError) this.#lose('session_over');
    else this.#lose('refused', error);
  }

  #lose(reason: LossReason, cause?: unknown): void {
    if (this.#isOver) return;
    this.#state = 'lost';
    this.#loss = { kind: 'lost', reason, ...(cause !== undefined && { cause }) };
    this.#hub.tell(this.#loss);
    this.#end('lost', reason === 'session_over' ? reason : 'lost');
    // The session may live on: then the znode must go, for nobody acts for it any more.
    this.#withdraw().catch(() => undefined);
  }

  #end(state: 'lost' | 'left', why: RecipeFacts['code']): void {
    this.#state = state;
    this.#ended.abort(recipeError(why, this.#options.path));
    clearTimeout(this.#safety);
    this.#unsubscribe();
    this.#hub.end();
  }

  #withdraw(): Promise<void> {
    this.#withdrawing ??= this.#takeBack();
    return this.#withdrawing;
  }

  async #takeBack(): Promise<void> {
    if (!this.#own.wasTried) return;
    try {
      // The own watch goes with the own znode.
      const step = async () => void (await Promise.all([this.#own.delete(), this.#unwatch()]));
      await takeBack(this.#client, this.#options.path, step);
    } catch (error) {
      if (codeOf(error) !== 'session_over') throw error;
    }
  }

  async #unwatch(): Promise<void> {
    const watched = this.#watched;
    this.#watched = undefined;
    if (watched !== undefined) await disarm(this.#client, watched, this.#changed);
  }

  #retrying<T>(step: () => Promise<T>, stopped: AbortSignal = this.#ended.signal): Promise<T> {
    return retrying({ client: this.#client, path: this.#options.path, stopped }, step);
  }
}
