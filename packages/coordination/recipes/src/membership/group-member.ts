import type { Coordination } from '@reeve/client';
import { EventHub, type RecipeEvents } from '../recipe/recipe-events.ts';
import type { WaitOptions } from '../recipe/waiting.ts';
import { PersistentEphemeral, type PersistentEphemeralEvent } from './persistent-ephemeral.ts';

/**
 * `joining`: not among the members yet, or not any more; `joined`: it is, as far as this client knows; `lost`: the
 * session is over, or the service refuses; `stopped`: by its owner. The last two are final.
 */
export type MemberState = 'idle' | 'joining' | 'joined' | 'lost' | 'stopped';

/** What happens to a member, as itself sees it. */
export type MemberEvent =
  /** It is among the members, for the first time or again. */
  | { readonly kind: 'joined' }
  /** Somebody has deleted its znode: it is about to join again. */
  | { readonly kind: 'removed' }
  | { readonly kind: 'lost'; readonly cause: unknown };

/** Who joins which group. */
export interface MemberOptions {
  /** The znode of the group; created when it is missing. */
  readonly group: string;
  /** The name of the member within the group. */
  readonly name: string;
  /** What the member says of itself. */
  readonly data: Uint8Array;
}

/**
 * One member of a group: an ephemeral znode, created again when somebody deletes it, gone with the session. A
 * `GroupView` shows the members.
 *
 * @example
 * const member = new GroupMember(client, { group: '/reeve/workers', name: 'worker-1', data });
 * await member.start();
 */
export class GroupMember {
  readonly path: string;
  readonly events: RecipeEvents<MemberEvent>;
  readonly #hub: EventHub<MemberEvent>;
  readonly #znode: PersistentEphemeral;

  constructor(client: Coordination, { group, name, data }: MemberOptions) {
    this.path = `${group}/${name}`;
    this.#znode = new PersistentEphemeral(client, { path: this.path, data });
    this.#hub = new EventHub(this.path);
    this.events = this.#hub;
    this.#znode.events.subscribe((event) => this.#heard(event));
  }

  get state(): MemberState {
    return states[this.#znode.state];
  }

  /**
   * Joins. When another session holds the name, perhaps that of an earlier life of this process, waits for it to end,
   * twice the session time-out at most.
   *
   * @throws RecipeError `name_taken`, `session_over`, `stopped`, `aborted` or `deadline_exceeded`; ClientError where
   *   the service refuses
   */
  start(options: WaitOptions = {}): Promise<void> {
    return this.#znode.start(options);
  }

  /** Changes what the member says of itself. Throws what `PersistentEphemeral.update` throws. */
  update(data: Uint8Array, options: WaitOptions = {}): Promise<void> {
    return this.#znode.update(data, options);
  }

  /**
   * Leaves: deletes the member's znode. Takes two seconds at most; out of touch it returns at once, and the znode goes
   * when a server is reached again, or with the session. Idempotent.
   */
  async stop(): Promise<void> {
    this.#hub.end();
    await this.#znode.stop();
  }

  #heard(event: PersistentEphemeralEvent): void {
    this.#hub.tell(event.kind === 'created' ? { kind: 'joined' } : event);
    if (event.kind === 'lost') this.#hub.end();
  }
}

const states = { idle: 'idle', creating: 'joining', present: 'joined', lost: 'lost', stopped: 'stopped' } as const;
