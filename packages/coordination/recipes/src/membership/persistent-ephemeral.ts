import { codeOf, invariant } from '@reeve/base';
import { type Coordination, isFinal, type SessionChange } from '@reeve/client';
import { deferred } from '../recipe/deferred.ts';
import { createUnder } from '../recipe/ensure-path.ts';
import { disarm, takeBack } from '../recipe/parting.ts';
import { recipeError } from '../recipe/recipe-error.ts';
import { EventHub, type RecipeEvents } from '../recipe/recipe-events.ts';
import { retrying } from '../recipe/retrying.ts';
import { firstOf, reasonOf, unless, untilUnwanted, type WaitOptions } from '../recipe/waiting.ts';

/** How many session time-outs a path is waited for that another session holds. */
const PATIENCE_SESSIONS = 2;

/**
 * `creating`: the znode is not there yet, or not any more; `present`: it is there as far as this client knows; `lost`:
 * the session is over, or the service refuses; `stopped`: by its owner. The last two are final.
 */
export type PersistentEphemeralState = 'idle' | 'creating' | 'present' | 'lost' | 'stopped';

/** What happens to a znode that is kept. */
export type PersistentEphemeralEvent =
  /** It is there, for the first time or again. */
  | { readonly kind: 'created'; readonly czxid: number }
  /** Somebody has deleted it: it is on its way back. */
  | { readonly kind: 'removed' }
  | { readonly kind: 'lost'; readonly cause: unknown };

/** Which znode is kept. */
export interface PersistentEphemeralOptions {
  /** The path of the znode; its parents are created when they are missing. */
  readonly path: string;
  readonly data: Uint8Array;
}

/**
 * An ephemeral znode that is kept: created again when somebody deletes it, gone when its owner stops it, or with the
 * session.
 *
 * @example
 * const here = new PersistentEphemeral(client, { path: '/shop/tills/4', data: Buffer.from('open') });
 * await here.start();
 */
export class PersistentEphemeral {
  readonly path: string;
  readonly events: RecipeEvents<PersistentEphemeralEvent>;
  readonly #client: Coordination;
  readonly #hub: EventHub<PersistentEphemeralEvent>;
  readonly #ended = new AbortController();
  #data: Uint8Array;
  #state: PersistentEphemeralState = 'idle';
  #tried: 'no' | 'yes' = 'no';
  /** That of the znode which was found to be there last; unknown while another one may have been created. */
  #czxid: number | undefined;
  #unsubscribe: () => void = () => undefined;
  #creating: Promise<void> = Promise.resolve();

  constructor(client: Coordination, { path, data }: PersistentEphemeralOptions) {
    this.#client = client;
    this.path = path;
    this.#data = data;
    this.#hub = new EventHub(path);
    this.events = this.#hub;
  }

  get state(): PersistentEphemeralState {
    return this.#state;
  }

  /**
   * Creates the znode. When another session holds the path, perhaps that of an earlier life of this process, waits for
   * it to end, twice the session time-out at most.
   *
   * @throws RecipeError `name_taken`, `session_over`, `stopped`, `aborted` or `deadline_exceeded`; ClientError where
   *   the service refuses
   */
  async start(options: WaitOptions = {}): Promise<void> {
    invariant(this.#state === 'idle', 'what is kept is started once');
    this.#unsubscribe = this.#client.onSession((change) => this.#sessionChanged(change));
    const wanted = untilUnwanted(options);
    try {
      await unless(wanted, this.path, this.#create(wanted));
    } catch (error) {
      if (wanted.aborted) await this.stop();
      throw error;
    }
  }

  /**
   * Changes what the znode says; while it is not there, what it will say.
   *
   * @throws RecipeError `session_over`, `stopped`, `aborted` or `deadline_exceeded`; ClientError where the service
   *   refuses
   */
  async update(data: Uint8Array, options: WaitOptions = {}): Promise<void> {
    this.#data = data;
    if (this.#state === 'idle') return;
    const wanted = untilUnwanted(options, this.#ended.signal);
    try {
      // Until it is there, what is there may be another session's.
      await unless(wanted, this.path, this.#creating);
      // What was said last: another try must not bring back what a later change has replaced.
      await this.#retrying(() => this.#client.setData(this.path, this.#data), wanted);
    } catch (error) {
      // Not there: it is on its way, with the new data.
      if (codeOf(error) !== 'no_node') throw error;
    }
  }

  /**
   * Deletes the znode. Takes two seconds at most; out of touch it returns at once, and the znode goes when a server is
   * reached again, or with the session. Idempotent.
   */
  async stop(): Promise<void> {
    if (this.#state === 'stopped' || this.#state === 'lost') return;
    this.#end('stopped');
    this.#hub.end();
    await this.#retire();
  }

  async #retire(): Promise<void> {
    if (this.#tried === 'no') return;
    await takeBack(this.#client, this.path, () => this.#takeBack()).catch((error) => {
      if (codeOf(error) !== 'session_over') throw error;
    });
  }

  async #takeBack(): Promise<void> {
    await this.#creating.catch(() => undefined);
    await disarm(this.#client, this.path, this.#changed);
    // Without this the server asked may not know yet what another one has created for us.
    await this.#client.sync(this.path);
    try {
      // Somebody else may be there by now, or the next one of this session.
      const stat = await this.#client.exists(this.path);
      const isOwn = stat?.ephemeralOwner === this.#client.sessionId && stat.czxid === (this.#czxid ?? stat.czxid);
      if (isOwn) await this.#client.delete(this.path);
    } catch (error) {
      if (codeOf(error) !== 'no_node') throw error;
    }
  }

  #create(wanted?: AbortSignal): Promise<void> {
    this.#state = 'creating';
    this.#creating = this.#enter(wanted === undefined ? [] : [wanted]);
    return this.#creating;
  }

  async #enter(wanted: readonly AbortSignal[]): Promise<void> {
    const unwanted = firstOf(this.#ended.signal, ...wanted);
    let giveUp: AbortSignal | undefined;
    try {
      while ((await this.#retrying(() => this.#claim(), unwanted)) === 'taken') {
        // From the moment at which somebody else is seen there: how long no server was in touch before says nothing.
        giveUp ??= AbortSignal.timeout(this.#client.sessionTimeoutMs * PATIENCE_SESSIONS);
        if (giveUp.aborted) throw recipeError('name_taken', this.path);
        await this.#untilChanged(firstOf(giveUp, unwanted));
      }
      await this.#stay(unwanted);
    } catch (error) {
      if (!unwanted.aborted) this.#lose(error);
      throw error;
    }
  }

  /** Creates the znode, or finds it: ours, left by a create whose answer was lost, or another session's. */
  async #claim(): Promise<'ours' | 'taken'> {
    const data = this.#data;
    this.#tried = 'yes';
    this.#czxid = undefined;
    try {
      await createUnder(this.#client, this.path, { data, mode: 'ephemeral' });
    } catch (error) {
      if (codeOf(error) !== 'node_exists') throw error;
      const stat = await this.#client.exists(this.path);
      if (stat?.ephemeralOwner !== this.#client.sessionId) return 'taken';
      return this.#adopt(data);
    }
    return 'ours';
  }

  /** It may be one that this session has kept before, and that is being taken back. */
  async #adopt(data: Uint8Array): Promise<'ours' | 'taken'> {
    try {
      await this.#client.setData(this.path, data);
      return 'ours';
    } catch (error) {
      if (codeOf(error) !== 'no_node') throw error;
      return 'taken';
    }
  }

  /** Resolves when the znode has changed or is gone, or when `signal` fires. */
  async #untilChanged(signal: AbortSignal): Promise<void> {
    const changed = deferred();
    const onChange = () => changed.resolve();
    signal.addEventListener('abort', onChange, { once: true });
    try {
      const stat = await this.#retrying(() => this.#client.exists(this.path, { watch: onChange }), signal);
      if (stat !== undefined && !signal.aborted) await changed.promise;
    } catch (error) {
      if (!signal.aborted) throw error;
    } finally {
      signal.removeEventListener('abort', onChange);
      // Not waited for: whoever gives up while the server says nothing must not hang here.
      this.#client.unwatch(this.path, onChange).catch(() => undefined);
    }
  }

  /** Looks after the znode: watches it, and creates it again when it is gone. */
  async #stay(wanted: AbortSignal): Promise<void> {
    const stat = await this.#retrying(() => this.#client.exists(this.path, { watch: this.#changed }), wanted);
    const isOwn = stat?.ephemeralOwner === this.#client.sessionId;
    if (isOwn) this.#czxid = stat.czxid;
    if (this.#ended.signal.aborted) {
      // Ended while the answer was on its way: the watch must not stay behind.
      this.#client.unwatch(this.path, this.#changed).catch(() => undefined);
      throw reasonOf(this.#ended.signal, this.path);
    }
    if (isOwn) return this.#found(stat.czxid);
    if (this.#state === 'present') this.#hub.tell({ kind: 'removed' });
    await this.#create();
  }

  #found(czxid: number): void {
    if (this.#state === 'present') return;
    this.#state = 'present';
    this.#hub.tell({ kind: 'created', czxid });
  }

  readonly #changed = (): void => {
    // What it meets, `lost` has told; while it is being created, that looks again.
    if (this.#state === 'present') this.#lookAgain().catch(() => undefined);
  };

  async #lookAgain(): Promise<void> {
    try {
      await this.#stay(this.#ended.signal);
    } catch (error) {
      if (!this.#ended.signal.aborted) this.#lose(error);
    }
  }

  #sessionChanged({ to }: SessionChange): void {
    if (isFinal(to)) this.#lose(recipeError('session_over', this.path));
  }

  #lose(cause: unknown): void {
    if (this.#state === 'stopped' || this.#state === 'lost') return;
    this.#end('lost');
    this.#hub.tell({ kind: 'lost', cause });
    this.#hub.end();
    // The session may live on: then the znode must go, for nobody looks after it any more.
    this.#retire().catch(() => undefined);
  }

  #end(state: 'lost' | 'stopped'): void {
    this.#state = state;
    this.#ended.abort(recipeError(state === 'lost' ? 'session_over' : 'stopped', this.path));
    this.#unsubscribe();
  }

  #retrying<T>(step: () => Promise<T>, stopped: AbortSignal): Promise<T> {
    return retrying({ client: this.#client, path: this.path, stopped }, step);
  }
}
