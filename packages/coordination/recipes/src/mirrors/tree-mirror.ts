import type { Coordination } from '@reeve/client';
import type { RecipeEvents } from '../recipe/recipe-events.ts';
import type { WaitOptions } from '../recipe/waiting.ts';
import type { DataChoice, MirrorEvent, MirrorState, Shown } from './mirror-events.ts';
import { Mirroring } from './mirroring.ts';

/** What a tree mirror follows. */
export interface TreeMirrorOptions<D extends DataChoice = 'ignored'> {
  /** The znode at the top of the tree. It need not be there. */
  readonly root: string;
  /** How many levels below the root are followed; deeper ones are ignored. All unless given. */
  readonly depth?: number | undefined;
  /** `kept`: reads what the znodes hold, and reads it again when it changes. `ignored` unless given: paths alone. */
  readonly data?: D | undefined;
  /**
   * Events that one iteration may have waiting; 65,536 unless given. Who iterates over a larger tree without data needs
   * as many as there are paths: the first picture is told in one go.
   */
  readonly waitingMax?: number | undefined;
}

/**
 * Follows a subtree, by one persistent recursive watch: which paths there are, and what they hold where that is asked
 * for. After a lost connection it reads the tree again, tells what was missed, and is `ready` again.
 *
 * Without data it is light enough for millions of paths. But then it cannot tell, after a lost connection, whose data
 * has changed meanwhile, or what was deleted and created again: read again what you have read before.
 *
 * @example
 * const tree = new TreeMirror(client, { root: '/shop', data: 'kept' });
 * tree.events.subscribe((event) => console.log(event.kind));
 * await tree.start();
 */
export class TreeMirror<D extends DataChoice = 'ignored'> {
  readonly events: RecipeEvents<MirrorEvent<D>>;
  readonly #mirroring: Mirroring;

  constructor(client: Coordination, options: TreeMirrorOptions<D>) {
    const { root, depth = Number.POSITIVE_INFINITY, data = 'ignored', waitingMax } = options;
    this.#mirroring = new Mirroring(client, { root, depth, data, waitingMax });
    this.events = this.#mirroring.hub as RecipeEvents<MirrorEvent<D>>;
  }

  get state(): MirrorState {
    return this.#mirroring.state;
  }

  /** How many paths there are below the root. */
  get size(): number {
    return this.#mirroring.picture.size;
  }

  has(path: string): boolean {
    return this.#mirroring.picture.has(path);
  }

  /** What a znode holds, where data is kept; nothing where there is none. */
  get(path: string): Shown<D> | undefined {
    return this.#mirroring.get(path) as Shown<D> | undefined;
  }

  /** The names of the children of a path, live; empty where it has none, or is not there. */
  children(path: string): ReadonlySet<string> {
    return this.#mirroring.picture.children(path);
  }

  /** All paths, the root among them when it is there, parents before their children. */
  paths(): Iterable<string> {
    return this.#mirroring.picture.all();
  }

  /**
   * Begins to follow; resolves when the first picture is complete.
   *
   * @throws RecipeError `session_over`, `stopped`, `aborted` or `deadline_exceeded`; ClientError where the service
   *   refuses. A mirror whose start has failed follows nothing.
   */
  start(options: WaitOptions = {}): Promise<void> {
    return this.#mirroring.start(options);
  }

  /** Ends following. Takes two seconds at most. Idempotent. */
  stop(): Promise<void> {
    return this.#mirroring.stop();
  }
}
