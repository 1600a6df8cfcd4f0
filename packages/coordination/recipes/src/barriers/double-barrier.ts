import { randomUUID } from 'node:crypto';
import { codeOf, invariant } from '@reeve/base';
import type { Coordination, ReadResult } from '@reeve/client';
import { createUnder } from '../recipe/ensure-path.ts';
import { inTime } from '../recipe/parting.ts';
import { RecipeError } from '../recipe/recipe-error.ts';
import { retrying } from '../recipe/retrying.ts';
import { unless, untilUnwanted, type WaitOptions } from '../recipe/waiting.ts';
import { deleteIfThere, withdraw } from '../shared/withdraw.ts';
import { untilPresence } from './until-presence.ts';

const READY = 'ready';

/** `outside`; `entering`: waits for enough others; `inside`; `leaving`: waits until all others have left. */
export type DoubleBarrierState = 'outside' | 'entering' | 'inside' | 'leaving';

/** What a double barrier is about. */
export interface DoubleBarrierOptions {
  /** The znode under which members stand; created when it is missing. */
  readonly path: string;
  /** How many must be there before any goes on. More than these may enter then. */
  readonly members: number;
  /** What the member's znode says of its owner. */
  readonly data?: Uint8Array;
}

/**
 * Lets several members begin something together, and end it together: `enter` waits until enough of them are there,
 * `leave` until all of them are done. A member that dies is not waited for any longer than its session lives.
 *
 * The layout is that of Curator's `DistributedDoubleBarrier`: an ephemeral znode a member, and `ready` once there are
 * enough. Both can share a path.
 *
 * @example
 * const race = new DoubleBarrier(client, { path: '/race', members: 3 });
 * await race.enter({ timeoutMs: 60_000 });
 * await run();
 * await race.leave();
 */
export class DoubleBarrier {
  readonly #client: Coordination;
  readonly #options: DoubleBarrierOptions;
  readonly #ready: string;
  #state: DoubleBarrierState = 'outside';
  #own = '';
  /** Which `ready` was entered by: its creation. */
  #round: number | undefined;

  constructor(client: Coordination, options: DoubleBarrierOptions) {
    invariant(Number.isInteger(options.members) && options.members > 0, 'a double barrier has one member or more');
    this.#client = client;
    this.#options = options;
    this.#ready = `${options.path}/${READY}`;
  }

  get state(): DoubleBarrierState {
    return this.#state;
  }

  get path(): string {
    return this.#options.path;
  }

  /**
   * Enters; resolves when as many are there as must be. Who gives up waiting is outside again.
   *
   * @throws RecipeError `session_over`, `aborted`, `deadline_exceeded`; ClientError where the service refuses
   */
  async enter(options: WaitOptions = {}): Promise<void> {
    invariant(this.#state === 'outside', 'a member enters from outside');
    this.#state = 'entering';
    const own = `${this.path}/${randomUUID()}`;
    this.#own = own;
    const wanted = untilUnwanted(options);
    const created = retrying({ client: this.#client, path: this.path, stopped: wanted }, () => this.#create());
    try {
      await unless(wanted, this.path, created);
      await this.#retrying(wanted, () => this.#countMembers());
      const stat = await untilPresence(this.#client, { path: this.#ready, is: 'there' }, wanted);
      this.#round = stat?.czxid;
      this.#state = 'inside';
    } catch (error) {
      // Behind a creation that is still under way: it would outlive a deletion that overtakes it.
      const settled = created.catch(() => undefined);
      await inTime(
        this.#client,
        settled.then(() => this.#goOut(own)),
      );
      this.#state = 'outside';
      throw error;
    }
  }

  /**
   * Leaves; resolves when all who were inside then have left, or are dead. Who gives up waiting has left all the same.
   *
   * @throws RecipeError `session_over`, `aborted`, `deadline_exceeded`; ClientError where the service refuses
   */
  async leave(options: WaitOptions = {}): Promise<void> {
    invariant(this.#state === 'inside', 'a member leaves from inside');
    this.#state = 'leaving';
    const wanted = untilUnwanted(options);
    try {
      const inside = await this.#retrying(wanted, () => this.#members());
      await this.#goOut(this.#own);
      await this.#untilGone(new Set(inside), wanted);
      await this.#retrying(wanted, () => this.#endRound());
    } catch (error) {
      await this.#goOut(this.#own);
      await withdraw(this.#client, this.path, () => this.#endRoundIfLast());
      throw error;
    } finally {
      this.#state = 'outside';
    }
  }

  /** Leaves without waiting for anybody. Takes two seconds at most; the member goes with the session otherwise. */
  async stop(): Promise<void> {
    if (this.#state !== 'inside') return;
    try {
      await this.leave({ timeoutMs: 0 });
    } catch (error) {
      if (!(error instanceof RecipeError)) throw error;
    }
  }

  async #create(): Promise<void> {
    try {
      const { data = Buffer.alloc(0) } = this.#options;
      await createUnder(this.#client, this.#own, { data, mode: 'ephemeral' });
    } catch (error) {
      // The name is nobody else's: an earlier try was not answered.
      if (codeOf(error) !== 'node_exists') throw error;
    }
  }

  /** Whoever comes last sees all the others, and lets everybody in. */
  async #countMembers(): Promise<void> {
    await this.#endDeadRound(await this.#members());
    // Behind the end of the old round: whoever has begun the next one meanwhile, and lost its `ready` by that, is counted.
    const members = await this.#members();
    if (members.length < this.#options.members) return;
    try {
      await this.#client.create(this.#ready, null);
    } catch (error) {
      if (codeOf(error) !== 'node_exists') throw error;
    }
  }

  async #members(): Promise<readonly string[]> {
    return (await this.#client.getChildren(this.path)).filter((name) => name !== READY);
  }

  /** A round whose members have all died leaves `ready` behind: whoever is here now came after it. */
  async #endDeadRound(members: readonly string[]): Promise<void> {
    const ready = await this.#client.exists(this.#ready);
    if (ready === undefined) return;
    const reads = members.map((name) => ({ op: 'getData', path: `${this.path}/${name}` }) as const);
    const found = await this.#client.multiRead(reads);
    const isOlder = (read: ReadResult) => read.ok && 'stat' in read && read.stat.czxid < ready.czxid;
    if (!found.some(isOlder)) await deleteIfThere(this.#client, this.#ready);
  }

  /** May go on out of touch, when this member enters anew by another name already. */
  #goOut(own: string): Promise<void> {
    return withdraw(this.#client, this.path, () => deleteIfThere(this.#client, own));
  }

  /** Watches one of them, the last by name, as Curator does; whoever enters meanwhile is of the next round. */
  async #untilGone(inside: ReadonlySet<string>, wanted: AbortSignal): Promise<void> {
    for (;;) {
      const members = await this.#retrying(wanted, () => this.#members());
      const last = members
        .filter((name) => inside.has(name))
        .sort()
        .at(-1);
      if (last === undefined) return;
      await untilPresence(this.#client, { path: `${this.path}/${last}`, is: 'gone' }, wanted);
    }
  }

  /** Deletes the `ready` of this round: the next one is not to be entered by it. */
  async #endRound(): Promise<void> {
    const stat = await this.#client.exists(this.#ready);
    if (stat !== undefined && stat.czxid === this.#round) await deleteIfThere(this.#client, this.#ready);
  }

  async #endRoundIfLast(): Promise<void> {
    if ((await this.#members()).length === 0) await this.#endRound();
  }

  #retrying<T>(stopped: AbortSignal, step: () => Promise<T>): Promise<T> {
    return unless(stopped, this.path, retrying({ client: this.#client, path: this.path, stopped }, step));
  }
}
