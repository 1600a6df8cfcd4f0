import type { Coordination } from '@reeve/client';
import { type ChildrenEvent, ChildrenMirror } from '../mirrors/children-mirror.ts';
import { MIRROR_EVENTS_WAITING_MAX, type MirrorState, type MirrorTurn } from '../mirrors/mirror-events.ts';
import { EventHub, type RecipeEvents } from '../recipe/recipe-events.ts';
import type { WaitOptions } from '../recipe/waiting.ts';

/** What happens to the members of a group. */
export type GroupEvent =
  | { readonly kind: 'joined'; readonly name: string; readonly data: Buffer }
  /** The member says something else now. */
  | { readonly kind: 'changed'; readonly name: string; readonly data: Buffer; readonly before: Buffer }
  | { readonly kind: 'left'; readonly name: string; readonly before: Buffer }
  | MirrorTurn;

/** Which group is seen. */
export interface GroupViewOptions {
  /** The znode of the group; it need not be there yet. */
  readonly group: string;
}

/**
 * The live members of a group, and what each says of itself. Each child of the group's znode is a member, whoever made
 * it.
 *
 * @example
 * const workers = new GroupView(client, { group: '/reeve/workers' });
 * await workers.start();
 * console.log([...workers.members.keys()]);
 */
export class GroupView {
  readonly events: RecipeEvents<GroupEvent>;
  readonly #hub: EventHub<GroupEvent>;
  readonly #mirror: ChildrenMirror<'kept'>;
  readonly #members = new Map<string, Buffer>();

  constructor(client: Coordination, { group }: GroupViewOptions) {
    this.#mirror = new ChildrenMirror(client, { path: group, data: 'kept' });
    this.#hub = new EventHub(group, { waitingMax: MIRROR_EVENTS_WAITING_MAX });
    this.events = this.#hub;
    this.#mirror.events.subscribe((event) => this.#heard(event));
  }

  get state(): MirrorState {
    return this.#mirror.state;
  }

  /** The members by name, each with what it says; live. While the state is `stale`, those that were there last. */
  get members(): ReadonlyMap<string, Buffer> {
    return this.#members;
  }

  /** Begins to follow; resolves when every member is known. Throws what `TreeMirror.start` throws. */
  start(options: WaitOptions = {}): Promise<void> {
    return this.#mirror.start(options);
  }

  /** Ends following. Takes two seconds at most. Idempotent. */
  async stop(): Promise<void> {
    this.#hub.end();
    await this.#mirror.stop();
  }

  #heard(event: ChildrenEvent<'kept'>): void {
    const told = this.#learn(event);
    if (told !== undefined) this.#hub.tell(told);
    if (event.kind === 'lost') this.#hub.end();
  }

  #learn(event: ChildrenEvent<'kept'>): GroupEvent | undefined {
    switch (event.kind) {
      case 'added': {
        const data = event.znode.data ?? nothing;
        this.#members.set(event.name, data);
        return { kind: 'joined', name: event.name, data };
      }
      case 'changed': {
        const data = event.znode.data ?? nothing;
        const before = this.#members.get(event.name) ?? nothing;
        this.#members.set(event.name, data);
        return data.equals(before) ? undefined : { kind: 'changed', name: event.name, data, before };
      }
      case 'removed': {
        this.#members.delete(event.name);
        return { kind: 'left', name: event.name, before: event.before.data ?? nothing };
      }
      default:
        return event;
    }
  }
}

const nothing = Buffer.alloc(0);
