import type { Znode } from '@reeve/client';
import { EventHub, type RecipeEvents, type WaitOptions } from '@reeve/recipes';
import { decodeInstance } from '../instance/instance-record.ts';
import type { ServiceInstance } from '../instance/service-instance.ts';
import { DEFAULT_SERVICES_ROOT, servicePath } from '../instance/service-paths.ts';
import type { ClientSource } from '../session/sessions.ts';
import { Following, VIEW_EVENTS_WAITING_MAX, type ViewState, type ViewTurn } from './following.ts';
import { ReturnMemory } from './return-memory.ts';

/** What happens to the instances of a service. */
export type ViewEvent =
  | { readonly kind: 'appeared'; readonly instance: ServiceInstance }
  /** One that was gone is there again: by the same name, or at the same address. */
  | { readonly kind: 'returned'; readonly instance: ServiceInstance }
  /** Its state, its load, its weight or what it says of itself. */
  | { readonly kind: 'changed'; readonly instance: ServiceInstance; readonly before: ServiceInstance }
  /** It has left, or its session has expired. */
  | { readonly kind: 'gone'; readonly instance: ServiceInstance }
  /** A znode among the instances does not say what an instance says. It is passed over. */
  | { readonly kind: 'broken'; readonly id: string; readonly reason: string }
  | ViewTurn;

/** Which service is followed. */
export interface ViewOptions {
  readonly service: string;
  /** The znode under which the services are; `/reeve/services` unless given. */
  readonly root?: string | undefined;
}

interface Known {
  readonly instance: ServiceInstance;
  /** The zxid of the znode's creation: another one is another life. */
  readonly czxid: number;
}

/**
 * The live instances of a service, followed by watch. Out of touch it keeps those it knew; with `Sessions` for a source it
 * follows on in the next session.
 *
 * @example
 * const view = new ServiceView(sessions, { service: 'api' });
 * view.events.subscribe((event) => console.log(event.kind));
 * await view.start();
 */
export class ServiceView {
  readonly path: string;
  readonly events: RecipeEvents<ViewEvent>;
  readonly #service: string;
  readonly #hub: EventHub<ViewEvent>;
  readonly #following: Following;
  readonly #births = new Map<string, number>();
  readonly #instances = new Map<string, ServiceInstance>();
  readonly #broken = new Map<string, string>();
  readonly #memory = new ReturnMemory();

  constructor(source: ClientSource, { service, root = DEFAULT_SERVICES_ROOT }: ViewOptions) {
    this.#service = service;
    this.path = servicePath(root, service);
    this.#hub = new EventHub(this.path, { waitingMax: VIEW_EVENTS_WAITING_MAX });
    this.events = this.#hub;
    this.#following = new Following(source, {
      path: this.path,
      heard: (event) => (event.kind === 'removed' ? this.#forget(event.name) : this.#learn(event.name, event.znode)),
      turned: (turn, names) => this.#turned(turn, names),
    });
  }

  get state(): ViewState {
    return this.#following.state;
  }

  /** Every instance by its id, whatever its state; live. */
  get instances(): ReadonlyMap<string, ServiceInstance> {
    return this.#instances;
  }

  /** Znodes among the instances that are none, each with the reason; live. */
  get broken(): ReadonlyMap<string, string> {
    return this.#broken;
  }

  /**
   * Begins to follow; resolves when the instances are known. That there is no such service is no error.
   *
   * @throws RecipeError `session_over`, `stopped`, `aborted` or `deadline_exceeded`; ClientError where the service
   *   refuses
   */
  start(options: WaitOptions = {}): Promise<void> {
    return this.#following.start(options);
  }

  /** Ends following; nobody is told of it. Takes two seconds at most. Idempotent. */
  async stop(): Promise<void> {
    this.#hub.end();
    await this.#following.stop();
  }

  #learn(id: string, { data, stat }: Znode): void {
    const read = decodeInstance({ service: this.#service, id }, data ?? new Uint8Array());
    if (!read.ok) return this.#learnBroken(id, read.reason);
    this.#broken.delete(id);
    this.#learnInstance({ instance: read.instance, czxid: stat.czxid });
  }

  #learnInstance({ instance, czxid }: Known): void {
    const { id } = instance;
    if (this.#births.get(id) !== czxid) this.#forget(id);
    const before = this.#instances.get(id);
    this.#births.set(id, czxid);
    this.#instances.set(id, instance);
    if (before === undefined) {
      this.#hub.tell({ kind: this.#memory.returned(instance) ? 'returned' : 'appeared', instance });
    } else if (JSON.stringify(before) !== JSON.stringify(instance)) {
      this.#hub.tell({ kind: 'changed', instance, before });
    }
  }

  #learnBroken(id: string, reason: string): void {
    const isKnown = this.#broken.get(id) === reason;
    this.#forget(id);
    this.#broken.set(id, reason);
    if (!isKnown) this.#hub.tell({ kind: 'broken', id, reason });
  }

  #forget(id: string): void {
    this.#broken.delete(id);
    this.#births.delete(id);
    const instance = this.#instances.get(id);
    if (instance === undefined) return;
    this.#instances.delete(id);
    this.#memory.gone(instance);
    this.#hub.tell({ kind: 'gone', instance });
  }

  #turned(turn: ViewTurn, names: ReadonlySet<string>): void {
    if (turn.kind === 'ready') {
      for (const id of [...this.#instances.keys(), ...this.#broken.keys()]) if (!names.has(id)) this.#forget(id);
    }
    this.#hub.tell(turn);
    if (turn.kind === 'lost') this.#hub.end();
  }
}
