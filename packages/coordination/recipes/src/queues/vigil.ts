import { codeOf } from '@reeve/base';
import type { Coordination } from '@reeve/client';
import { Place, type PlaceEvent } from '../line/place.ts';
import { recipeError } from '../recipe/recipe-error.ts';
import { withdraw } from '../shared/withdraw.ts';
import { childrenIn } from './found-in.ts';

/** What is waited for, and where. */
export interface VigilOptions {
  /** The znode under which those who wait stand in line. */
  readonly line: string;
  /** What the znode in line says of who waits. */
  readonly data: Uint8Array;
  /** The znodes whose children the first in line watches. */
  readonly lists: readonly string[];
  /** Called when it may be worth to look: it is the first in line now, or a list has changed, or the place is lost. */
  readonly poke: () => void;
}

/**
 * Waiting in company for something to be put on a list: all stand in line, and only the first one watches. So a change
 * wakes one of them and not all.
 */
export class Vigil {
  readonly #client: Coordination;
  readonly #options: VigilOptions;
  readonly #watched = new Set<string>();
  #place: Place | undefined;
  #refused: unknown;

  constructor(client: Coordination, options: VigilOptions) {
    this.#client = client;
    this.#options = options;
  }

  /** `away`: not in line; `behind` others; `first`: it is this one's turn to watch and to take. */
  get phase(): 'away' | 'behind' | 'first' {
    if (this.#place === undefined) return 'away';
    return this.#place.state === 'granted' ? 'first' : 'behind';
  }

  /** Enters the line. @throws what `Place.enter` throws */
  async enter(signal: AbortSignal): Promise<void> {
    const { line, data, poke } = this.#options;
    const place = new Place(this.#client, { path: line, name: 'wait-', data, ahead: (names, own) => names[own - 1] });
    this.#place = place;
    place.events.subscribe((event) => {
      if (this.#place === place) this.#happened(event);
      poke();
    });
    try {
      await place.enter(signal);
    } catch (error) {
      if (this.#place === place) await this.leave();
      // Lost for a moment out of touch, perhaps: whoever waits tries again.
      if (codeOf(error) !== 'lost') throw error;
    }
  }

  /**
   * The children of all lists, in their order; watched, when it is this one's turn.
   *
   * @throws what made the service refuse the place in line
   */
  async look(): Promise<readonly (readonly string[])[]> {
    if (this.#refused !== undefined) throw this.#refused;
    const { lists } = this.#options;
    if (this.phase !== 'first') return this.#read(lists);
    const found = await Promise.all(
      lists.map((path) => {
        this.#watched.add(path);
        return this.#client.getChildren(path, { watch: this.#changed });
      }),
    );
    return found;
  }

  /** Leaves the line and watches nothing more. Takes two seconds at most. */
  async leave(): Promise<void> {
    const place = this.#place;
    this.#place = undefined;
    await Promise.all([this.#unwatch(), place?.leave()]);
  }

  async #read(lists: readonly string[]): Promise<readonly (readonly string[])[]> {
    const found = await this.#client.multiRead(lists.map((path) => ({ op: 'getChildren', path }) as const));
    return lists.map((path, at) => childrenIn(found[at], path));
  }

  async #unwatch(): Promise<void> {
    const watched = [...this.#watched];
    this.#watched.clear();
    await Promise.all(
      watched.map((path) => withdraw(this.#client, path, () => this.#client.unwatch(path, this.#changed))),
    );
  }

  readonly #changed = (): void => this.#options.poke();

  #happened(event: PlaceEvent): void {
    if (event.kind !== 'lost') return;
    this.#place = undefined;
    if (event.reason === 'refused') this.#refused = event.cause ?? recipeError('lost', this.#options.line);
  }
}
