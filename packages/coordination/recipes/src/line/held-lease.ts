import { recipeError } from '../recipe/recipe-error.ts';
import { EventHub, type RecipeEvents } from '../recipe/recipe-events.ts';
import type { Lease, LeaseEvent, LeaseState } from './lease.ts';
import type { Place, PlaceEvent, PlaceLoss } from './place.ts';
import { isRevocation } from './revocation.ts';

/** A lease on a place in line whose turn it is. */
export class HeldLease implements Lease {
  readonly path: string;
  readonly fence: number;
  readonly signal: AbortSignal;
  readonly events: RecipeEvents<LeaseEvent>;
  readonly #place: Place;
  readonly #hub: EventHub<LeaseEvent>;
  readonly #lost = new AbortController();
  readonly #giveBack: () => Promise<void>;
  readonly #unsubscribe: () => void;
  #state: LeaseState = 'held';
  #revocation: Lease['revocation'];
  #released: Promise<void> | undefined;

  /** @param giveBack gives it back; leaves the place unless given */
  constructor(place: Place, giveBack: () => Promise<void> = () => place.leave()) {
    this.#place = place;
    this.path = place.path as string;
    this.fence = place.fence;
    this.#giveBack = giveBack;
    this.#hub = new EventHub(this.path);
    this.events = this.#hub;
    this.signal = this.#lost.signal;
    this.#revocation = isRevocation(place.written) ? 'asked' : 'none';
    this.#unsubscribe = place.events.subscribe((event) => this.#changed(event));
    // Lost on the way from its turn to here, it tells nothing any more.
    if (place.loss !== undefined) this.#lose(place.loss);
  }

  get state(): LeaseState {
    // Asked for its state, the place may find out, and tell, that it is lost.
    const { state, loss } = this.#place;
    if (state === 'lost' && loss !== undefined) this.#lose(loss);
    return this.#state;
  }

  get revocation(): Lease['revocation'] {
    return this.#revocation;
  }

  release(): Promise<void> {
    this.#released ??= this.#release();
    return this.#released;
  }

  async #release(): Promise<void> {
    if (this.state === 'held') this.#state = 'released';
    this.#unsubscribe();
    this.#hub.end();
    await this.#giveBack();
  }

  #changed(event: PlaceEvent): void {
    if (this.#state !== 'held') return;
    if (event.kind === 'lost') return this.#lose(event);
    if (event.kind !== 'written' || !isRevocation(event.data)) return;
    this.#revocation = 'asked';
    this.#hub.tell({ kind: 'revocation_asked' });
  }

  #lose(event: PlaceLoss): void {
    if (this.#state !== 'held') return;
    this.#state = 'lost';
    this.#lost.abort(recipeError('lost', this.path));
    this.#hub.tell(event);
    this.#hub.end();
  }
}
