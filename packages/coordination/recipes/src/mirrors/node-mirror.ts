import type { Coordination, Znode } from '@reeve/client';
import type { RecipeEvents } from '../recipe/recipe-events.ts';
import type { WaitOptions } from '../recipe/waiting.ts';
import type { MirrorEvent, MirrorState } from './mirror-events.ts';
import { Mirroring } from './mirroring.ts';

/** What a node mirror follows. */
export interface NodeMirrorOptions {
  /** The znode; it need not be there. */
  readonly path: string;
}

/**
 * Follows one znode: what it holds, or that it is not there. Several changes that come close together may be told as
 * one; the last is always told.
 *
 * @example
 * const limits = new NodeMirror(client, { path: '/shop/limits' });
 * await limits.start();
 * console.log(String(limits.znode?.data));
 */
export class NodeMirror {
  readonly path: string;
  readonly events: RecipeEvents<MirrorEvent<'kept'>>;
  readonly #mirroring: Mirroring;

  constructor(client: Coordination, { path }: NodeMirrorOptions) {
    this.path = path;
    this.#mirroring = new Mirroring(client, { root: path, depth: 0, data: 'kept' });
    this.events = this.#mirroring.hub as RecipeEvents<MirrorEvent<'kept'>>;
  }

  get state(): MirrorState {
    return this.#mirroring.state;
  }

  /** Data and stat, as they were when the data was set last; undefined where there is no znode. */
  get znode(): Znode | undefined {
    return this.#mirroring.get(this.path);
  }

  /** Begins to follow; resolves when it is known what is there. Throws what `TreeMirror.start` throws. */
  start(options: WaitOptions = {}): Promise<void> {
    return this.#mirroring.start(options);
  }

  /** Ends following. Takes two seconds at most. Idempotent. */
  stop(): Promise<void> {
    return this.#mirroring.stop();
  }
}
