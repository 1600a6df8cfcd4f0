import { codeOf, invariant } from '@reeve/base';
import { type Coordination, isFinal, type SessionChange } from '@reeve/client';
import { createUnder } from '../recipe/ensure-path.ts';
import { takeBack } from '../recipe/parting.ts';
import { recipeError } from '../recipe/recipe-error.ts';
import { retrying } from '../recipe/retrying.ts';

/** `joined`: the member's znode is there as far as this client knows; `lost`: the session is over. */
export type MemberState = 'idle' | 'joining' | 'joined' | 'lost' | 'stopped';

/** Who joins which group. */
export interface MemberOptions {
  /** The znode of the group; created when it is missing. */
  readonly group: string;
  /** The name of the member within the group. */
  readonly name: string;
  /** What the member's znode says. */
  readonly data: Uint8Array;
}

/**
 * One member of a group: an ephemeral znode, created again when somebody deletes it, gone with the session.
 *
 * @example
 * const member = new GroupMember(client, { group: '/reeve/workers', name: 'worker-1', data });
 * await member.start();
 */
export class GroupMember {
  readonly path: string;
  readonly #client: Coordination;
  readonly #lost: ((cause: unknown) => void) | undefined;
  readonly #stopped = new AbortController();
  #data: Uint8Array;
  #state: MemberState = 'idle';
  #unsubscribe: () => void = () => undefined;
  #joining: Promise<void> | undefined;

  /** @param lost called once when the membership has ended against its owner's will, with the reason */
  constructor(client: Coordination, { group, name, data }: MemberOptions, lost?: (cause: unknown) => void) {
    this.#client = client;
    this.#lost = lost;
    this.path = `${group}/${name}`;
    this.#data = data;
  }

  get state(): MemberState {
    return this.#state;
  }

  /**
   * Joins. When another session holds the name, perhaps that of an earlier life of this process, waits for it to end,
   * twice the session time-out at most.
   *
   * @throws RecipeError `name_taken`, `session_over` or `stopped`; ClientError where the service refuses
   */
  async start(): Promise<void> {
    invariant(this.#state === 'idle', 'a member is started once');
    this.#unsubscribe = this.#client.onSession((change) => this.#sessionChanged(change));
    await this.#join();
  }

  /** Changes what the member's znode says. */
  async update(data: Uint8Array): Promise<void> {
    this.#data = data;
    await this.#joining;
    await this.#retrying(() => this.#client.setData(this.path, data)).catch((error) => {
      // Deleted by somebody: it is on its way back, with the new data.
      if (codeOf(error) !== 'no_node') throw error;
    });
  }

  /**
   * Leaves: deletes the member's znode. Takes two seconds at most; out of touch it returns at once, and the znode goes
   * when a server is reached again, or with the session. Idempotent.
   */
  async stop(): Promise<void> {
    if (this.#state === 'stopped' || this.#state === 'lost') return;
    this.#end('stopped');
    const leave = async () => {
      await this.#joining?.catch(() => undefined);
      await this.#client.delete(this.path);
    };
    await takeBack(this.#client, this.path, leave).catch((error) => {
      if (codeOf(error) !== 'no_node' && codeOf(error) !== 'session_over') throw error;
    });
  }

  #join(): Promise<void> {
    this.#state = 'joining';
    this.#joining = this.#enter();
    return this.#joining;
  }

  async #enter(): Promise<void> {
    const giveUp = AbortSignal.timeout(this.#client.sessionTimeoutMs * 2);
    try {
      while ((await this.#retrying(() => this.#claim())) === 'taken') {
        if (giveUp.aborted) throw recipeError('name_taken', this.path);
        await this.#changed(AbortSignal.any([giveUp, this.#stopped.signal]));
      }
    } catch (error) {
      if (!this.#stopped.signal.aborted) this.#lose(error);
      throw error;
    }
    if (this.#state !== 'joining') throw recipeError('stopped', this.path);
    this.#state = 'joined';
    this.#stay();
  }

  /** Creates the znode, or finds it: ours, left by a create whose answer was lost, or another session's. */
  async #claim(): Promise<'ours' | 'taken'> {
    const data = this.#data;
    try {
      await createUnder(this.#client, this.path, { data, mode: 'ephemeral' });
      return 'ours';
    } catch (error) {
      if (codeOf(error) !== 'node_exists') throw error;
    }
    const stat = await this.#client.exists(this.path);
    if (stat?.ephemeralOwner !== this.#client.sessionId) return 'taken';
    await this.#client.setData(this.path, data);
    return 'ours';
  }

  /** Resolves when the znode has changed or is gone, or when `signal` fires. */
  async #changed(signal: AbortSignal): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      signal.addEventListener('abort', () => resolve(), { once: true });
      this.#retrying(() => this.#client.exists(this.path, { watch: () => resolve() })).then((stat) => {
        if (stat === undefined) resolve();
      }, reject);
    });
  }

  /** Watches over the znode, and joins again when it is gone. */
  #stay(): void {
    this.#retrying(() => this.#client.exists(this.path, { watch: this.#look })).then(
      (stat) => {
        if (this.#state === 'joined' && stat?.ephemeralOwner !== this.#client.sessionId) this.#rejoin();
      },
      (error) => this.#lose(error),
    );
  }

  readonly #look = (): void => {
    if (this.#state === 'joined') this.#stay();
  };

  #rejoin(): void {
    // What it meets, if it fails, `lost` has told.
    this.#join().catch(() => undefined);
  }

  #sessionChanged({ to }: SessionChange): void {
    if (isFinal(to)) this.#lose(recipeError('session_over', this.path));
  }

  #lose(cause: unknown): void {
    if (this.#state === 'stopped' || this.#state === 'lost') return;
    this.#end('lost');
    this.#lost?.(cause);
  }

  #end(state: 'lost' | 'stopped'): void {
    this.#state = state;
    this.#stopped.abort();
    this.#unsubscribe();
  }

  #retrying<T>(step: () => Promise<T>): Promise<T> {
    return retrying({ client: this.#client, path: this.path, stopped: this.#stopped.signal }, step);
  }
}
