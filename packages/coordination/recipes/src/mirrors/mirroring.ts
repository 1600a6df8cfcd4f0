import { invariant, unreachable } from '@reeve/base';
import type { Coordination, Znode } from '@reeve/client';
import { deferred } from '../recipe/deferred.ts';
import { recipeError } from '../recipe/recipe-error.ts';
import { EventHub } from '../recipe/recipe-events.ts';
import { unless, untilUnwanted, type WaitOptions } from '../recipe/waiting.ts';
import { DataFollower } from './data-follower.ts';
import { type DataChoice, MIRROR_EVENTS_WAITING_MAX, type MirrorEvent, type MirrorState } from './mirror-events.ts';
import { type PathEvent, PathFollower, type Reach } from './path-follower.ts';
import type { TreePicture } from './tree-picture.ts';

/** What is mirrored. */
export interface MirroringOptions extends Reach {
  readonly data: DataChoice;
  /** Events that one iteration may have waiting; 65,536 unless given. */
  readonly waitingMax?: number | undefined;
}

/** The course of every mirror: begins, is right, is stale, is right again, ends. */
export class Mirroring {
  readonly hub: EventHub<MirrorEvent>;
  readonly #follower: PathFollower;
  readonly #data: DataFollower | undefined;
  readonly #root: string;
  readonly #firstPicture = deferred();
  #state: MirrorState = 'idle';

  constructor(client: Coordination, { root, depth, data, waitingMax }: MirroringOptions) {
    this.#root = root;
    this.hub = new EventHub(root, { waitingMax: waitingMax ?? MIRROR_EVENTS_WAITING_MAX });
    this.#follower = new PathFollower(client, { root, depth }, (event) => this.#heard(event));
    if (data === 'ignored') return;
    this.#data = new DataFollower({
      client,
      root,
      ended: this.#follower.ended,
      tell: (event) => this.hub.tell(event),
      onListed: (listing) => this.#listed(listing),
      onFailure: (error) => this.#follower.fail(error),
    });
  }

  get state(): MirrorState {
    return this.#state;
  }

  /** The paths that have been told to be there. */
  get picture(): TreePicture {
    return (this.#data ?? this.#follower).picture;
  }

  get(path: string): Znode | undefined {
    return this.#data?.get(path);
  }

  async start(options: WaitOptions): Promise<void> {
    invariant(this.#state === 'idle', 'a mirror is started once');
    const wanted = untilUnwanted(options);
    // What it meets, the follower tells.
    this.#follower.start().catch(() => undefined);
    try {
      await unless(wanted, this.#root, this.#firstPicture.promise);
    } catch (error) {
      if (wanted.aborted) await this.stop();
      throw error;
    }
  }

  async stop(): Promise<void> {
    if (this.#state === 'stopped' || this.#state === 'lost') return;
    this.#state = 'stopped';
    this.hub.end();
    this.#firstPicture.reject(recipeError('stopped', this.#root));
    await this.#follower.stop();
  }

  #heard(event: PathEvent): void {
    switch (event.kind) {
      case 'created':
      case 'changed':
      case 'deleted':
        if (this.#data !== undefined) return this.#data.push(event);
        return this.hub.tell({ ...event, znode: undefined, before: undefined });
      case 'listing':
        this.#state = 'listing';
        return this.#data?.readAgain();
      case 'listed':
        return this.#data === undefined ? this.#listed(event.listing) : this.#data.push(event);
      case 'stale':
        this.#state = 'stale';
        return this.hub.tell(event);
      case 'lost':
        this.#state = 'lost';
        this.#firstPicture.reject(event.cause);
        this.hub.tell(event);
        return this.hub.end();
      default:
        return unreachable(event);
    }
  }

  #listed(listing: number): void {
    if (listing !== this.#follower.listing) return;
    this.#state = 'ready';
    this.#firstPicture.resolve();
    this.hub.tell({ kind: 'ready' });
  }
}
