import { setTimeout as sleep } from 'node:timers/promises';
import { type Clock, codeOf, invariant } from '@reeve/base';
import { type Coordination, monotonicClock } from '@reeve/client';
import {
  EventHub,
  ensurePath,
  firstOf,
  PersistentEphemeral,
  type PersistentEphemeralEvent,
  type RecipeEvents,
  recipeError,
  retrying,
  unless,
  untilUnwanted,
  type WaitOptions,
} from '@reeve/recipes';
import { invalidInstance } from '../discovery-error.ts';
import { encodeInstance } from '../instance/instance-record.ts';
import { type ChangeableFields, changedInstance, type NewInstance, newInstance } from '../instance/new-instance.ts';
import type { InstanceState, ServiceInstance } from '../instance/service-instance.ts';
import { DEFAULT_SERVICES_ROOT, servicePath } from '../instance/service-paths.ts';
import { Probe, type ProbeEvent, type ProbeOptions } from '../probe/probe.ts';
import { type ClientSource, visit } from '../session/sessions.ts';
import { Pace } from './pace.ts';

/**
 * `registering`: not to be found yet, or not any more, and on its way; `registered`: others see it, as far as this client
 * knows; `lost`: the session is over and there will be no other, or the service refuses. The last two are final.
 */
export type RegistrationState = 'idle' | 'registering' | 'registered' | 'lost' | 'stopped';

/** What happens to a registration. */
export type RegistrationEvent =
  /** Others see the instance: for the first time, or again, in another session perhaps. */
  | { readonly kind: 'registered'; readonly path: string }
  /** Others do not see it any more, and it is on its way back: its session has expired, or somebody has deleted it. */
  | { readonly kind: 'interrupted' }
  /** It is up, down or draining now; `cause` is what its probe found. */
  | { readonly kind: 'state'; readonly state: InstanceState; readonly cause?: unknown }
  | { readonly kind: 'lost'; readonly cause: unknown };

/** What is registered, and how it is kept. */
export interface RegistrationOptions extends NewInstance {
  /** The znode under which the services are; `/reeve/services` unless given. */
  readonly root?: string | undefined;
  /** Looks after the instance: it is `down` until it is found well for the first time, and whenever it is not. */
  readonly probe?: ProbeOptions | undefined;
  /** Loads are written at most so often, milliseconds; 1,000 unless given. */
  readonly loadEveryMs?: number;
  /** Says when the instance is registered; `monotonicClock` unless given. */
  readonly clock?: Clock;
}

/** How an instance leaves. */
export interface DrainOptions {
  /** How long callers have to notice and calls to end, milliseconds; 5,000 unless given. */
  readonly graceMs?: number;
  /** Ends the wait at once. */
  readonly signal?: AbortSignal | undefined;
}

const DRAIN_GRACE_MS = 5_000;
const LOAD_EVERY_MS = 1_000;

/**
 * Registers one instance of a service: an ephemeral znode, so that it is gone when this process is. Somebody deletes it:
 * it is created again. With `Sessions` for a source it is registered again in the next session when one has expired.
 *
 * @example
 * const registration = new Registration(sessions, { service: 'api', address: '10.0.0.7', port: 8080 });
 * await registration.start();
 * process.once('SIGTERM', () => registration.drain());
 */
export class Registration {
  readonly path: string;
  readonly events: RecipeEvents<RegistrationEvent>;
  readonly #source: ClientSource;
  readonly #hub: EventHub<RegistrationEvent>;
  readonly #probe: Probe | undefined;
  readonly #loadPace: Pace;
  readonly #ended = new AbortController();
  #instance: ServiceInstance;
  #state: RegistrationState = 'idle';
  #node: PersistentEphemeral | undefined;
  #leave: () => void = () => undefined;
  #first: { ready: () => void; failed: (cause: unknown) => void } | undefined;
  #unpublished: 'no' | 'yes' = 'no';
  #publishing: Promise<void> | undefined;

  /** @throws DiscoveryError `invalid_instance` */
  constructor(source: ClientSource, options: RegistrationOptions) {
    const { root = DEFAULT_SERVICES_ROOT, probe, loadEveryMs = LOAD_EVERY_MS, clock = monotonicClock } = options;
    const instance = newInstance(options, Math.round(clock.now()));
    this.#source = source;
    this.#instance = probe === undefined ? instance : { ...instance, state: 'down' };
    this.path = `${servicePath(root, instance.service)}/${instance.id}`;
    this.#hub = new EventHub(this.path);
    this.events = this.#hub;
    this.#loadPace = new Pace(loadEveryMs, () => this.#publishSoon());
    this.#probe = probe === undefined ? undefined : new Probe(probe);
    this.#probe?.events.subscribe((event) => this.#probed(event));
  }

  get state(): RegistrationState {
    return this.#state;
  }

  /** What others see of it, or will see as soon as a server is in touch. */
  get instance(): ServiceInstance {
    return this.#instance;
  }

  /**
   * Registers; resolves when others see the instance. When another session holds its id, perhaps that of an earlier life
   * of this process, waits for it to end, twice the session time-out at most.
   *
   * @throws RecipeError `name_taken`, `session_over`, `stopped`, `aborted` or `deadline_exceeded`; ClientError where the
   *   service refuses
   */
  async start(options: WaitOptions = {}): Promise<void> {
    invariant(this.#state === 'idle', 'a registration is started once');
    this.#state = 'registering';
    const registered = new Promise<void>((resolve, reject) => {
      this.#first = { ready: resolve, failed: reject };
    });
    registered.catch(() => undefined);
    this.#probe?.start();
    this.#leave = visit(this.#source, {
      path: this.path,
      begin: (client) => this.#begin(client),
      over: (cause) => this.#lose(cause),
    });
    const wanted = untilUnwanted(options);
    try {
      await unless(wanted, this.path, registered);
    } catch (error) {
      await this.stop();
      throw error;
    }
  }

  /**
   * Changes what is said of the instance; resolves when others can see it, or when it will be said anew anyway.
   *
   * @throws DiscoveryError `invalid_instance`; ClientError where the service refuses
   */
  async update(fields: ChangeableFields): Promise<void> {
    this.#instance = changedInstance(this.#instance, fields);
    await this.#publish();
  }

  /** Says how busy the instance is: requests at work, or what compares with them. Written soon, the latest one. */
  reportLoad(load: number): void {
    if (!(load >= 0 && load < Number.POSITIVE_INFINITY)) throw invalidInstance(`a load is 0 or more, not ${load}`);
    if (load === this.#instance.load) return;
    this.#instance = { ...this.#instance, load };
    this.#loadPace.ask();
  }

  /**
   * Leaves in an orderly way: tells callers to send nothing new, gives them and the calls under way a time of grace, and
   * stops.
   */
  async drain({ graceMs = DRAIN_GRACE_MS, signal }: DrainOptions = {}): Promise<void> {
    if (this.#state === 'registering' || this.#state === 'registered') {
      const ended = signal === undefined ? this.#ended.signal : firstOf(signal, this.#ended.signal);
      this.#is('draining');
      await sleep(graceMs, undefined, { signal: ended }).catch(() => undefined);
    }
    await this.stop();
  }

  /**
   * Leaves at once. Takes two seconds at most; out of touch it returns at once, and the instance is gone when a server is
   * reached again, or with the session. Idempotent.
   */
  async stop(): Promise<void> {
    if (this.#state === 'stopped') return;
    if (this.#state !== 'lost') this.#end('stopped', recipeError('stopped', this.path));
    const node = this.#node;
    await Promise.all([this.#probe?.stop(), node?.stop()]);
  }

  #begin(client: Coordination): void {
    this.#enter(client).catch((error) => this.#failed(error));
  }

  async #enter(client: Coordination): Promise<void> {
    await retrying({ client, path: this.path, stopped: this.#ended.signal }, () => this.#ensureService(client));
    if (this.#ended.signal.aborted) return;
    const node = new PersistentEphemeral(client, { path: this.path, data: encodeInstance(this.#instance) });
    this.#node = node;
    node.events.subscribe((event) => this.#nodeChanged(event));
    await node.start();
  }

  /** The service's znode is a container: it goes some time after its last instance has gone. */
  async #ensureService(client: Coordination): Promise<void> {
    const path = this.path.slice(0, this.path.lastIndexOf('/'));
    const create = () =>
      client.create(path, null, { mode: 'container' }).catch((error) => {
        if (codeOf(error) !== 'node_exists') throw error;
      });
    try {
      await create();
    } catch (error) {
      if (codeOf(error) !== 'no_node') throw error;
      await ensurePath(client, path.slice(0, path.lastIndexOf('/')));
      await create();
    }
  }

  #nodeChanged(event: PersistentEphemeralEvent): void {
    switch (event.kind) {
      case 'created':
        this.#state = 'registered';
        this.#first?.ready();
        return this.#hub.tell({ kind: 'registered', path: this.path });
      case 'removed':
        return this.#interrupted();
      case 'lost':
        return this.#failed(event.cause);
    }
  }

  /** What ends with the session begins again in the next one, if there is one: the source tells. */
  #failed(cause: unknown): void {
    if (codeOf(cause) === 'session_over') this.#interrupted();
    else this.#lose(cause);
  }

  #interrupted(): void {
    if (this.#state !== 'registered') return;
    this.#state = 'registering';
    this.#hub.tell({ kind: 'interrupted' });
  }

  #probed(event: ProbeEvent): void {
    if (this.#instance.state === 'draining') return;
    if (event.kind === 'well') this.#is('up');
    else this.#is('down', event.cause);
  }

  #is(state: InstanceState, cause?: unknown): void {
    const isNew = state !== this.#instance.state;
    this.#instance = { ...this.#instance, state };
    if (isNew) this.#publishSoon();
    // That it is down is told at the first look as well: it was only thought to be.
    this.#hub.tell({ kind: 'state', state, ...(cause !== undefined && { cause }) });
  }

  #publishSoon(): void {
    this.#publish().catch((error) => this.#failed(error));
  }

  /** Has the present record written; one write at a time, so that the latest one stays. */
  #publish(): Promise<void> {
    this.#unpublished = 'yes';
    this.#publishing ??= this.#publishDue().finally(() => {
      this.#publishing = undefined;
    });
    return this.#publishing;
  }

  async #publishDue(): Promise<void> {
    while (this.#unpublished === 'yes') {
      this.#unpublished = 'no';
      try {
        await this.#node?.update(encodeInstance(this.#instance));
      } catch (error) {
        // The next session begins with the present record; after a stop nobody is interested.
        if (codeOf(error) !== 'session_over' && codeOf(error) !== 'stopped') throw error;
      }
    }
  }

  #lose(cause: unknown): void {
    if (this.#state === 'lost' || this.#state === 'stopped') return;
    this.#end('lost', cause);
    this.#hub.tell({ kind: 'lost', cause });
    this.#hub.end();
    void this.#probe?.stop();
    // The session may live on: then the znode must go.
    this.#node?.stop().catch(() => undefined);
  }

  #end(state: 'lost' | 'stopped', cause: unknown): void {
    this.#state = state;
    this.#ended.abort(recipeError(state === 'lost' ? 'session_over' : 'stopped', this.path));
    this.#first?.failed(cause);
    this.#leave();
    this.#loadPace.cancel();
    if (state === 'stopped') this.#hub.end();
  }
}
