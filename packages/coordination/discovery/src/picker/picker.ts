import { type Clock, invariant, type Random } from '@reeve/base';
import { monotonicClock } from '@reeve/client';
import {
  EventHub,
  type RecipeEvents,
  reasonOf,
  recipeError,
  unless,
  untilUnwanted,
  type WaitOptions,
} from '@reeve/recipes';
import { DiscoveryError } from '../discovery-error.ts';
import type { ServiceInstance } from '../instance/service-instance.ts';
import type { Candidate, Policy, Query } from '../policy/policy.ts';
import { TwoChoices } from '../policy/two-choices.ts';
import type { ClientSource } from '../session/sessions.ts';
import { VIEW_EVENTS_WAITING_MAX, type ViewState } from '../view/following.ts';
import { ServiceView, type ViewEvent, type ViewOptions } from '../view/service-view.ts';
import { CallLedger, type EjectionOptions, type Outcome } from './call-ledger.ts';

/** How a picker chooses. */
export interface PickerOptions extends ViewOptions {
  /** Two choices unless given. */
  readonly policy?: Policy;
  readonly ejection?: EjectionOptions;
  /** `monotonicClock` unless given. */
  readonly clock?: Clock;
  readonly random?: Random;
}

/** Which instance is wanted. */
export interface PickOptions extends Query {
  /** Ids of instances that are not wanted: they have been tried, for example. */
  readonly exclude?: ReadonlySet<string> | undefined;
}

/** How a call is made. */
export interface CallOptions extends PickOptions, WaitOptions {
  /**
   * How many instances are tried at most, each once, until one call succeeds; 1 unless given. More only where a call may
   * be done twice: one that failed may have been done.
   */
  readonly attempts?: number;
  /** Which errors say that the instance has failed; all unless given. One that does not is no reason to try another. */
  readonly isFailure?: (error: unknown) => boolean;
}

/** What a picker tells: what its view tells, and whom it leaves out. */
export type PickerEvent =
  | ViewEvent
  /** An instance has failed, and is not picked for so long unless there is no other. */
  | { readonly kind: 'ejected'; readonly instance: ServiceInstance; readonly forMs: number };

/**
 * Picks an instance for each call. One that fails is left out at once, for a time that grows while it keeps failing; of
 * instances that have all failed one is picked nevertheless. While no server is in touch it works on with the instances
 * it knew.
 *
 * @example
 * const picker = new Picker(sessions, { service: 'api' });
 * await picker.start();
 * const answer = await picker.call((instance, signal) => fetch(uriOf(instance), { signal }), { timeoutMs: 2_000 });
 */
export class Picker {
  readonly events: RecipeEvents<PickerEvent>;
  readonly #hub: EventHub<PickerEvent>;
  readonly #view: ServiceView;
  readonly #service: string;
  readonly #policy: Policy;
  readonly #ledger: CallLedger;
  readonly #clock: Clock;
  readonly #ended = new AbortController();

  constructor(source: ClientSource, options: PickerOptions) {
    const { policy, ejection, clock = monotonicClock, random = Math.random } = options;
    this.#service = options.service;
    this.#view = new ServiceView(source, options);
    this.#policy = policy ?? new TwoChoices(random);
    this.#ledger = new CallLedger(ejection, random);
    this.#clock = clock;
    this.#hub = new EventHub(this.#view.path, { waitingMax: VIEW_EVENTS_WAITING_MAX });
    this.events = this.#hub;
    this.#view.events.subscribe((event) => this.#heard(event));
  }

  /** `stale` while no server is in touch: it picks of the instances known last. */
  get state(): ViewState {
    return this.#view.state;
  }

  /** Every instance by its id, whatever its state. */
  get instances(): ReadonlyMap<string, ServiceInstance> {
    return this.#view.instances;
  }

  /** Begins; resolves when the instances are known. Throws what `ServiceView.start` throws. */
  start(options: WaitOptions = {}): Promise<void> {
    return this.#view.start(options);
  }

  /** Ends; nothing is picked any more. Takes two seconds at most. Idempotent. */
  async stop(): Promise<void> {
    this.#ended.abort(recipeError('stopped', this.#view.path));
    this.#hub.end();
    await this.#view.stop();
  }

  /**
   * One instance that is up, or nobody. It counts as called until `report` says what came of it: report every pick, or
   * use `call`, which does.
   */
  pick({ exclude, ...query }: PickOptions = {}): ServiceInstance | undefined {
    if (this.state === 'stopped' || this.state === 'lost') return undefined;
    const wanted = this.#candidates().filter(({ instance }) => exclude?.has(instance.id) !== true);
    const now = this.#clock.now();
    const healthy = wanted.filter(({ instance }) => !this.#ledger.isEjected(instance.id, now));
    // All have failed: calling one of them is better than calling nobody.
    const chosen = this.#policy.choose(healthy.length > 0 ? healthy : wanted, query);
    if (chosen !== undefined) this.#ledger.called(chosen.instance.id);
    return chosen?.instance;
  }

  /**
   * As `pick`, but waits until there is somebody.
   *
   * @throws RecipeError `aborted`, `deadline_exceeded`, `stopped` or `session_over`
   */
  async next({ signal, timeoutMs, ...wanted }: PickOptions & WaitOptions = {}): Promise<ServiceInstance> {
    const given = untilUnwanted({ signal, timeoutMs }, this.#ended.signal);
    for (;;) {
      // Subscribed before it is looked, and in one turn with that: no change is missed.
      const changed = this.#nextEvent();
      const instance = given.aborted ? undefined : this.pick(wanted);
      if (instance !== undefined) {
        changed.forget();
        return instance;
      }
      await unless(given, this.#view.path, changed.happened).finally(changed.forget);
    }
  }

  /** Says what came of a call to a picked instance. One that failed is left out from now on. */
  report(instance: ServiceInstance, outcome: Outcome): void {
    // One that has come in its place under the same name has not been called.
    if (this.instances.get(instance.id)?.registeredAt !== instance.registeredAt) return;
    const forMs = this.#ledger.answered(instance.id, outcome, this.#clock.now());
    if (forMs !== undefined) this.#hub.tell({ kind: 'ejected', instance, forMs });
  }

  /** Ids of the instances that are left out now. */
  get ejected(): ReadonlySet<string> {
    const now = this.#clock.now();
    return new Set([...this.instances.keys()].filter((id) => this.#ledger.isEjected(id, now)));
  }

  /**
   * Picks, calls and reports: what `work` throws is a failure of the instance, unless `isFailure` says otherwise or the
   * caller has given up. Tries others where `attempts` says so, and rejects with what the last one threw.
   *
   * @throws DiscoveryError `no_instance`; RecipeError `aborted`, `deadline_exceeded`, `stopped` or `session_over`; what
   *   `work` throws
   */
  async call<T>(
    work: (instance: ServiceInstance, signal: AbortSignal) => Promise<T>,
    options: CallOptions = {},
  ): Promise<T> {
    const { attempts = 1, isFailure = () => true, key } = options;
    invariant(attempts >= 1, 'a call is tried at least once');
    const wanted = untilUnwanted(options);
    const tried = new Set(options.exclude);
    for (let attempt = 1; ; attempt += 1) {
      for (const end of [wanted, this.#ended.signal]) if (end.aborted) throw reasonOf(end, this.#view.path);
      const instance = this.pick({ key, exclude: tried });
      if (instance === undefined) throw this.nobody();
      try {
        const answer = await unless(wanted, this.#view.path, work(instance, wanted));
        this.report(instance, 'ok');
        return answer;
      } catch (error) {
        const outcome = outcomeOf(error, wanted, isFailure);
        this.report(instance, outcome);
        tried.add(instance.id);
        if (outcome !== 'failed' || wanted.aborted || attempt >= attempts || !this.#hasOther(tried)) throw error;
      }
    }
  }

  /** Why nobody is picked. */
  nobody(): DiscoveryError {
    const { size } = this.instances;
    const states = [...this.instances.values()].map(({ state }) => state);
    const why = size === 0 ? 'it has no instance' : `of its instances (${states.join(', ')}) none is to be called`;
    return new DiscoveryError({ code: 'no_instance', service: this.#service }, `${this.#service}: ${why}`);
  }

  #candidates(): readonly Candidate[] {
    const candidates: Candidate[] = [];
    for (const instance of this.instances.values()) {
      if (instance.state === 'up') candidates.push({ instance, inFlight: this.#ledger.inFlight(instance.id) });
    }
    return candidates;
  }

  #nextEvent(): { readonly happened: Promise<void>; readonly forget: () => void } {
    let forget: () => void = () => undefined;
    const happened = new Promise<void>((resolve) => {
      forget = this.#hub.subscribe(() => resolve());
    });
    return { happened, forget };
  }

  #hasOther(tried: ReadonlySet<string>): boolean {
    return this.#candidates().some(({ instance }) => !tried.has(instance.id));
  }

  #heard(event: ViewEvent): void {
    // Another life under the same name has not failed yet.
    if (event.kind === 'gone') this.#ledger.forget(event.instance.id);
    this.#hub.tell(event);
    if (event.kind !== 'lost') return;
    this.#ended.abort(recipeError('session_over', this.#view.path));
    this.#hub.end();
  }
}

/** A caller that changed its mind says nothing of the instance; one that has waited for too long does. */
function outcomeOf(error: unknown, wanted: AbortSignal, isFailure: (error: unknown) => boolean): Outcome {
  if (wanted.aborted) return reasonOf(wanted, '/').code === 'deadline_exceeded' ? 'failed' : 'unknown';
  return isFailure(error) ? 'failed' : 'ok';
}
