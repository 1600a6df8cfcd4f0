import { unreachable } from '@reeve/base';
import type { Coordination } from '@reeve/client';
import { EventHub, type RecipeEvents } from '../recipe/recipe-events.ts';
import type { WaitOptions } from '../recipe/waiting.ts';
import {
  type DataChoice,
  MIRROR_EVENTS_WAITING_MAX,
  type MirrorEvent,
  type MirrorState,
  type MirrorTurn,
  type Shown,
} from './mirror-events.ts';
import { Mirroring } from './mirroring.ts';
import { join } from './tree-picture.ts';

/** What a mirror of children follows. */
export interface ChildrenMirrorOptions<D extends DataChoice = 'ignored'> {
  /** The parent. It need not be there: then it has no children. */
  readonly path: string;
  /** `kept`: reads what the children hold, and reads it again when it changes. `ignored` unless given: names alone. */
  readonly data?: D | undefined;
}

/** What a mirror of children tells, in the order of the service. */
export type ChildrenEvent<D extends DataChoice = DataChoice> =
  | { readonly kind: 'added'; readonly name: string; readonly znode: Shown<D> }
  /** The data of a child was set. */
  | { readonly kind: 'changed'; readonly name: string; readonly znode: Shown<D>; readonly before: Shown<D> }
  | { readonly kind: 'removed'; readonly name: string; readonly before: Shown<D> }
  | MirrorTurn;

/**
 * Follows the children of one znode: their names, and what they hold where that is asked for.
 *
 * It is told of everything below its parent, and ignores what is deeper: where much happens there, that is work.
 *
 * @example
 * const shelves = new ChildrenMirror(client, { path: '/shop/shelves' });
 * await shelves.start();
 * console.log([...shelves.names]);
 */
export class ChildrenMirror<D extends DataChoice = 'ignored'> {
  readonly path: string;
  readonly events: RecipeEvents<ChildrenEvent<D>>;
  readonly #hub: EventHub<ChildrenEvent>;
  readonly #mirroring: Mirroring;

  constructor(client: Coordination, { path, data }: ChildrenMirrorOptions<D>) {
    this.path = path;
    this.#hub = new EventHub(path, { waitingMax: MIRROR_EVENTS_WAITING_MAX });
    this.events = this.#hub as RecipeEvents<ChildrenEvent<D>>;
    this.#mirroring = new Mirroring(client, { root: path, depth: 1, data: data ?? 'ignored' });
    this.#mirroring.hub.subscribe((event) => this.#heard(event));
  }

  get state(): MirrorState {
    return this.#mirroring.state;
  }

  /** The names of the children, live. */
  get names(): ReadonlySet<string> {
    return this.#mirroring.picture.children(this.path);
  }

  /** What a child holds, where data is kept; nothing where there is no such child. */
  get(name: string): Shown<D> | undefined {
    return this.#mirroring.get(join(this.path, name)) as Shown<D> | undefined;
  }

  /** Begins to follow; resolves when all children are known. Throws what `TreeMirror.start` throws. */
  start(options: WaitOptions = {}): Promise<void> {
    return this.#mirroring.start(options);
  }

  /** Ends following. Takes two seconds at most. Idempotent. */
  async stop(): Promise<void> {
    this.#hub.end();
    await this.#mirroring.stop();
  }

  #heard(event: MirrorEvent): void {
    // The parent itself is nobody's child.
    if (!('path' in event)) this.#hub.tell(event);
    else if (event.path !== this.path) this.#hub.tell(ofChild(event));
    if (event.kind === 'lost') this.#hub.end();
  }
}

function ofChild(event: Exclude<MirrorEvent, MirrorTurn>): ChildrenEvent {
  const name = event.path.slice(event.path.lastIndexOf('/') + 1);
  switch (event.kind) {
    case 'created':
      return { kind: 'added', name, znode: event.znode };
    case 'changed':
      return { kind: 'changed', name, znode: event.znode, before: event.before };
    case 'deleted':
      return { kind: 'removed', name, before: event.before };
    default:
      return unreachable(event);
  }
}
