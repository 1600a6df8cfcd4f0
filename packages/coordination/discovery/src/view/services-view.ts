import { EventHub, type RecipeEvents, type WaitOptions } from '@reeve/recipes';
import { DEFAULT_SERVICES_ROOT } from '../instance/service-paths.ts';
import type { ClientSource } from '../session/sessions.ts';
import { Following, VIEW_EVENTS_WAITING_MAX, type ViewState, type ViewTurn } from './following.ts';

/** What happens to services as such. */
export type ServicesEvent =
  | { readonly kind: 'appeared'; readonly service: string }
  /** Some time after its last instance has left. */
  | { readonly kind: 'gone'; readonly service: string }
  | ViewTurn;

/**
 * The names of all services, followed by watch.
 *
 * @example
 * const services = new ServicesView(sessions);
 * await services.start();
 * console.log([...services.names]);
 */
export class ServicesView {
  readonly events: RecipeEvents<ServicesEvent>;
  readonly #hub: EventHub<ServicesEvent>;
  readonly #following: Following;
  readonly #names = new Set<string>();

  /** @param root the znode under which the services are; `/reeve/services` unless given */
  constructor(source: ClientSource, { root = DEFAULT_SERVICES_ROOT }: { readonly root?: string | undefined } = {}) {
    this.#hub = new EventHub(root, { waitingMax: VIEW_EVENTS_WAITING_MAX });
    this.events = this.#hub;
    this.#following = new Following(source, {
      path: root,
      heard: ({ kind, name }) => (kind === 'removed' ? this.#forget(name) : this.#learn(name)),
      turned: (turn, names) => this.#turned(turn, names),
    });
  }

  get state(): ViewState {
    return this.#following.state;
  }

  /** Every service, also one without an instance now; live. */
  get names(): ReadonlySet<string> {
    return this.#names;
  }

  /** Begins to follow; resolves when the names are known. Throws what `ServiceView.start` throws. */
  start(options: WaitOptions = {}): Promise<void> {
    return this.#following.start(options);
  }

  /** Ends following; nobody is told of it. Takes two seconds at most. Idempotent. */
  async stop(): Promise<void> {
    this.#hub.end();
    await this.#following.stop();
  }

  #learn(service: string): void {
    if (this.#names.has(service)) return;
    this.#names.add(service);
    this.#hub.tell({ kind: 'appeared', service });
  }

  #forget(service: string): void {
    if (this.#names.delete(service)) this.#hub.tell({ kind: 'gone', service });
  }

  #turned(turn: ViewTurn, names: ReadonlySet<string>): void {
    if (turn.kind === 'ready') for (const name of [...this.#names]) if (!names.has(name)) this.#forget(name);
    this.#hub.tell(turn);
    if (turn.kind === 'lost') this.#hub.end();
  }
}
