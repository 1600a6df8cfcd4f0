import type { Coordination, Stat } from '@reeve/client';
import { Place } from '../line/place.ts';
import { RecipeError } from '../recipe/recipe-error.ts';
import { retrying } from '../recipe/retrying.ts';

/** How long one who has its turn may write while others wait for theirs, milliseconds. */
const TURN_MS_MAX = 50;
/** A turn that is not used for so long is over, milliseconds. */
const IDLE_MS = 5;
/** So long somebody waits for a turn: one that has it may be asleep. */
const WAIT_MS_MAX = 2_000;
const NAME = 'turn-';

/**
 * Has those who write one znode against each other take turns. Without that, whoever has written last knows best what
 * is there now, and goes on writing while others look again and again.
 *
 * Those who were forestalled stand in line under the znode. Whoever writes without a turn sees by the next stat that the
 * children have changed, looks for such a line, and joins it. Where nobody is forestalled, it costs nothing.
 */
export class Turns {
  readonly #client: Coordination;
  readonly #path: string;
  #wanted: 'no' | 'yes' = 'no';
  #place: Place | undefined;
  #endMs = 0;
  /** Runs as long as there is a turn. */
  #end: NodeJS.Timeout | undefined;
  /** The `cversion` of the znode at which its children were looked at. */
  #seen = -1;

  constructor(client: Coordination, path: string) {
    this.#client = client;
    this.#path = path;
  }

  /** Whether it is our turn, so that only who knows nothing of turns can be faster. */
  get isOurs(): boolean {
    return this.#place?.state === 'granted';
  }

  /** Other writes were faster: from now on a turn is waited for. */
  want(): void {
    this.#wanted = 'yes';
  }

  /**
   * Before a write: waits for a turn where one is wanted. Where none is to be had in time it is tried without: that is
   * no worse than if there were no turns.
   *
   * @throws RecipeError `session_over`, or why `stopped` has fired; ClientError where the service refuses
   */
  async begin(stopped: AbortSignal): Promise<void> {
    if (this.#place !== undefined && (!this.isOurs || performance.now() >= this.#endMs)) await this.#leave();
    if (this.#place === undefined && this.#wanted === 'yes') await this.#take(stopped);
    if (this.#place !== undefined) this.#endIn(this.#endMs - performance.now());
  }

  /** After a write: others have their turn soon. Looks for them, where the children are not those that were seen last. */
  async wrote(stat: Stat | undefined, stopped: AbortSignal): Promise<void> {
    if (this.#place !== undefined) return this.#endIn(Math.min(IDLE_MS, this.#endMs - performance.now()));
    this.#wanted = 'no';
    if (stat === undefined || stat.cversion === this.#seen) return;
    this.#seen = stat.cversion;
    const retry = { client: this.#client, path: this.#path, stopped };
    const children = await retrying(retry, () => this.#client.getChildren(this.#path));
    if (children.some(isTurn)) this.#wanted = 'yes';
  }

  /** Gives up the turn, if there is one. Takes two seconds at most. */
  async stop(): Promise<void> {
    await this.#leave().catch(() => undefined);
  }

  async #take(stopped: AbortSignal): Promise<void> {
    const ahead = (line: readonly string[], own: number) => line.slice(0, own).findLast(isTurn);
    const place = new Place(this.#client, { path: this.#path, name: NAME, data: Buffer.alloc(0), ahead });
    try {
      await place.take({ signal: stopped, timeoutMs: WAIT_MS_MAX });
    } catch (error) {
      if (error instanceof RecipeError && (error.code === 'lost' || error.code === 'deadline_exceeded')) return;
      throw error;
    }
    this.#place = place;
    this.#endMs = performance.now() + TURN_MS_MAX;
    // Stopped in this very moment: who stopped it has found no turn to give up.
    if (stopped.aborted) await this.#leave();
  }

  #endIn(leftMs: number): void {
    clearTimeout(this.#end);
    this.#end = setTimeout(() => void this.stop(), Math.max(0, leftMs));
  }

  async #leave(): Promise<void> {
    clearTimeout(this.#end);
    const place = this.#place;
    this.#place = undefined;
    this.#wanted = 'no';
    await place?.leave();
  }
}

function isTurn(name: string): boolean {
  return name.includes(`-${NAME}`);
}
