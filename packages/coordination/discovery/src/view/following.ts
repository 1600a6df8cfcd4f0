import { codeOf, invariant } from '@reeve/base';
import type { Coordination } from '@reeve/client';
import {
  type ChildrenEvent,
  ChildrenMirror,
  type MirrorState,
  recipeError,
  unless,
  untilUnwanted,
  type WaitOptions,
} from '@reeve/recipes';
import { type ClientSource, visit } from '../session/sessions.ts';

/**
 * `stale`: out of touch, or between two sessions: what is known is what was known last. With one client for a source
 * `lost` comes with the end of its session.
 */
export type ViewState = MirrorState;

/** How it stands with a view. */
export type ViewTurn =
  /** The picture is right, for the first time or again. */
  | { readonly kind: 'ready' }
  /** Out of touch: changes are missed, and told before the next `ready`. */
  | { readonly kind: 'stale' }
  | { readonly kind: 'lost'; readonly cause: unknown };

/** Events of a view that one iteration may have waiting: a first picture is told in one go. */
export const VIEW_EVENTS_WAITING_MAX = 65_536;

/** What is followed, and who hears of it. */
export interface FollowingOptions {
  readonly path: string;
  /** Hears of each child. In another session than before, those already known are told to be added once more. */
  readonly heard: (event: Exclude<ChildrenEvent<'kept'>, ViewTurn>) => void;
  /** Hears how it stands. Before `ready` it has forgotten whoever is not among `names`. */
  readonly turned: (turn: ViewTurn, names: ReadonlySet<string>) => void;
}

const nobody: ReadonlySet<string> = new Set();

/** Follows the children of a znode from one session to the next. */
export class Following {
  readonly #source: ClientSource;
  readonly #options: FollowingOptions;
  #state: ViewState = 'idle';
  #mirror: ChildrenMirror<'kept'> | undefined;
  #leave: () => void = () => undefined;
  #first: { ready: () => void; failed: (cause: unknown) => void } | undefined;

  constructor(source: ClientSource, options: FollowingOptions) {
    this.#source = source;
    this.#options = options;
  }

  get state(): ViewState {
    return this.#state;
  }

  /**
   * Begins to follow; resolves when the children are known. The znode need not be there.
   *
   * @throws RecipeError `session_over`, `stopped`, `aborted` or `deadline_exceeded`; ClientError where the service
   *   refuses
   */
  async start(options: WaitOptions = {}): Promise<void> {
    invariant(this.#state === 'idle', 'a view is started once');
    this.#state = 'listing';
    const { path } = this.#options;
    const ready = new Promise<void>((resolve, reject) => {
      this.#first = { ready: resolve, failed: reject };
    });
    ready.catch(() => undefined);
    const leave = visit(this.#source, {
      path,
      begin: (client) => this.#begin(client),
      over: (cause) => this.#lose(cause),
    });
    this.#leave = leave;
    try {
      await unless(untilUnwanted(options), path, ready);
    } catch (error) {
      await this.stop();
      throw error;
    }
  }

  /** Ends following; nobody is told of it. Takes two seconds at most. Idempotent. */
  async stop(): Promise<void> {
    if (this.#state !== 'lost') this.#state = 'stopped';
    this.#first?.failed(recipeError('stopped', this.#options.path));
    this.#leave();
    const mirror = this.#mirror;
    this.#mirror = undefined;
    await mirror?.stop();
  }

  #begin(client: Coordination): void {
    const mirror = new ChildrenMirror(client, { path: this.#options.path, data: 'kept' });
    this.#mirror = mirror;
    mirror.events.subscribe((event) => {
      if (mirror === this.#mirror) this.#heard(event, mirror);
    });
    // What it fails with, `lost` has told.
    mirror.start().catch(() => undefined);
  }

  #heard(event: ChildrenEvent<'kept'>, mirror: ChildrenMirror<'kept'>): void {
    switch (event.kind) {
      case 'added':
      case 'changed':
      case 'removed':
        return this.#options.heard(event);
      case 'ready':
        this.#state = 'ready';
        this.#options.turned(event, mirror.names);
        return this.#first?.ready();
      case 'stale':
        return this.#goStale();
      case 'lost':
        // That its session is over the source tells as well, and what comes after it.
        return codeOf(event.cause) === 'session_over' ? this.#goStale() : this.#lose(event.cause);
    }
  }

  #goStale(): void {
    if (this.#state !== 'ready') return;
    this.#state = 'stale';
    this.#options.turned({ kind: 'stale' }, nobody);
  }

  #lose(cause: unknown): void {
    if (this.#state === 'lost' || this.#state === 'stopped') return;
    this.#state = 'lost';
    this.#first?.failed(cause);
    this.#leave();
    this.#options.turned({ kind: 'lost', cause }, nobody);
  }
}
