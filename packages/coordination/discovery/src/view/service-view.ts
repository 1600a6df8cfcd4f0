import { codeOf, invariant } from '@reeve/base';
import type { Coordination, Znode } from '@reeve/client';
import {
  type ChildrenEvent,
  ChildrenMirror,
  EventHub,
  type MirrorState,
  type RecipeEvents,
  recipeError,
  unless,
  untilUnwanted,
  type WaitOptions,
} from '@reeve/recipes';
import { decodeInstance } from '../instance/instance-record.ts';
import type { ServiceInstance } from '../instance/service-instance.ts';
import { DEFAULT_SERVICES_ROOT, servicePath } from '../instance/service-paths.ts';
import { type ClientSource, visit } from '../session/sessions.ts';
import { ReturnMemory } from './return-memory.ts';

/**
 * `stale`: out of touch, or between two sessions: the instances are those known last. With one client for a source
 * `lost` comes with the end of its session.
 */
export type ViewState = MirrorState;

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
  /** The instances are known, for the first time or again. */
  | { readonly kind: 'ready' }
  /** Out of touch: changes are missed, and told before the next `ready`. */
  | { readonly kind: 'stale' }
  | { readonly kind: 'lost'; readonly cause: unknown };

/** Which service is followed. */
export interface ViewOptions {
  readonly service: string;
  /** The znode under which the services are; `/reeve/services` unless given. */
  readonly root?: string | undefined;
}

type InstancesMirror = ChildrenMirror<'kept'>;

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
  readonly #source: ClientSource;
  readonly #service: string;
  readonly #hub: EventHub<ViewEvent>;
  readonly #known = new Map<string, Known>();
  readonly #instances = new Map<string, ServiceInstance>();
  readonly #broken = new Map<string, string>();
  readonly #memory = new ReturnMemory();
  #state: ViewState = 'idle';
  #mirror: InstancesMirror | undefined;
  #leave: () => void = () => undefined;
  #settle: { ready: () => void; failed: (cause: unknown) => void } | undefined;

  constructor(source: ClientSource, { service, root = DEFAULT_SERVICES_ROOT }: ViewOptions) {
    this.#source = source;
    this.#service = service;
    this.path = servicePath(root, service);
    this.#hub = new EventHub(this.path);
    this.events = this.#hub;
  }

  get state(): ViewState {
    return this.#state;
  }

  /** Every instance by its id, whatever its state. */
  get instances(): ReadonlyMap<string, ServiceInstance> {
    return this.#instances;
  }

  /** Znodes among the instances that are none, each with the reason. */
  get broken(): ReadonlyMap<string, string> {
    return this.#broken;
  }

  /**
   * Begins to follow; resolves when the instances are known. That there is no such service is no error.
   *
   * @throws RecipeError `session_over`, `stopped`, `aborted` or `deadline_exceeded`; ClientError where the service
   *   refuses
   */
  async start(options: WaitOptions = {}): Promise<void> {
    invariant(this.#state === 'idle', 'a view is started once');
    this.#state = 'listing';
    const ready = new Promise<void>((resolve, reject) => {
      this.#settle = { ready: resolve, failed: reject };
    });
    ready.catch(() => undefined);
    this.#leave = visit(this.#source, {
      path: this.path,
      begin: (client) => this.#begin(client),
      over: (cause) => this.#lose(cause),
    });
    const wanted = untilUnwanted(options);
    try {
      await unless(wanted, this.path, ready);
    } catch (error) {
      await this.stop();
      throw error;
    }
  }

  /** Ends following; nobody is told of it. Takes two seconds at most. Idempotent. */
  async stop(): Promise<void> {
    if (this.#state !== 'lost') this.#state = 'stopped';
    this.#settle?.failed(recipeError('stopped', this.path));
    this.#leave();
    this.#hub.end();
    const mirror = this.#mirror;
    this.#mirror = undefined;
    await mirror?.stop();
  }

  #begin(client: Coordination): void {
    const mirror = new ChildrenMirror(client, { path: this.path, data: 'kept' });
    this.#mirror = mirror;
    mirror.events.subscribe((event) => {
      if (mirror === this.#mirror) this.#heard(event, mirror);
    });
    // What it fails with, `lost` has told.
    mirror.start().catch(() => undefined);
  }

  #heard(event: ChildrenEvent<'kept'>, mirror: InstancesMirror): void {
    switch (event.kind) {
      case 'added':
      case 'changed':
        return this.#learn(event.name, event.znode);
      case 'removed':
        return this.#forget(event.name);
      case 'ready':
        return this.#ready(mirror);
      case 'stale':
        return this.#goStale();
      case 'lost':
        return this.#mirrorLost(event.cause);
    }
  }

  #learn(id: string, { data, stat }: Znode): void {
    const read = decodeInstance({ service: this.#service, id }, data ?? new Uint8Array());
    if (!read.ok) return this.#learnBroken(id, read.reason);
    this.#broken.delete(id);
    const { instance } = read;
    const before = this.#known.get(id);
    if (before !== undefined && before.czxid !== stat.czxid) this.#forget(id);
    this.#known.set(id, { instance, czxid: stat.czxid });
    this.#instances.set(id, instance);
    if (before === undefined || before.czxid !== stat.czxid) {
      this.#hub.tell({ kind: this.#memory.returned(instance) ? 'returned' : 'appeared', instance });
    } else if (JSON.stringify(before.instance) !== JSON.stringify(instance)) {
      this.#hub.tell({ kind: 'changed', instance, before: before.instance });
    }
  }

  #learnBroken(id: string, reason: string): void {
    this.#forget(id);
    this.#broken.set(id, reason);
    this.#hub.tell({ kind: 'broken', id, reason });
  }

  #forget(id: string): void {
    this.#broken.delete(id);
    const known = this.#known.get(id);
    if (known === undefined) return;
    this.#known.delete(id);
    this.#instances.delete(id);
    this.#memory.gone(known.instance);
    this.#hub.tell({ kind: 'gone', instance: known.instance });
  }

  #ready(mirror: InstancesMirror): void {
    // In another session than before: who left in between was not told to this mirror.
    for (const id of [...this.#known.keys(), ...this.#broken.keys()]) if (!mirror.names.has(id)) this.#forget(id);
    this.#state = 'ready';
    this.#settle?.ready();
    this.#hub.tell({ kind: 'ready' });
  }

  #goStale(): void {
    if (this.#state !== 'ready') return;
    this.#state = 'stale';
    this.#hub.tell({ kind: 'stale' });
  }

  /** Its session is over, of which the source tells as well; or the service refuses. */
  #mirrorLost(cause: unknown): void {
    if (isSessionOver(cause)) this.#goStale();
    else this.#lose(cause);
  }

  #lose(cause: unknown): void {
    if (this.#state === 'lost' || this.#state === 'stopped') return;
    this.#state = 'lost';
    this.#settle?.failed(cause);
    this.#leave();
    this.#hub.tell({ kind: 'lost', cause });
    this.#hub.end();
  }
}

function isSessionOver(cause: unknown): boolean {
  return codeOf(cause) === 'session_over';
}
