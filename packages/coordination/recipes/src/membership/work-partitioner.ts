import { codeOf, invariant } from '@reeve/base';
import type { Coordination } from '@reeve/client';
import type { SafetyOptions } from '../line/place.ts';
import { Mutex } from '../locks/mutex.ts';
import { recipeError } from '../recipe/recipe-error.ts';
import { EventHub, type RecipeEvents } from '../recipe/recipe-events.ts';
import { untilUnwanted, type WaitOptions } from '../recipe/waiting.ts';
import { evenSplit } from './even-split.ts';
import { GroupMember } from './group-member.ts';
import { GroupView } from './group-view.ts';
import { HeldShare, type Share, type ShareLoss } from './share.ts';

/** Names that can be split. */
const NAMES_MAX = 10_000;
const HAND_OVER_MS = 30_000;
const SETTLE_MS = 200;
/** How many times as long the members are waited for that do not come to rest. */
const RESTLESS_FACTOR = 5;
/** How long to wait before a name is asked for again that was lost on the way, milliseconds. */
const AGAIN_MS = 500;

/**
 * `joining`: not a member yet; `sharing`: its share of the names is being taken, or held; `lost`: the session is over,
 * or the service refuses; `stopped`: by its owner. The last two are final.
 */
export type PartitionerState = 'idle' | 'joining' | 'sharing' | 'lost' | 'stopped';

/** What a partitioner tells. */
export type PartitionerEvent =
  /** The name is this member's: begin. */
  | { readonly kind: 'assigned'; readonly share: Share }
  /** Another member is to have the name: finish, and release the share. */
  | { readonly kind: 'revoked'; readonly share: Share }
  /** The name may be another member's by now: told before it can be, where the session is to blame. */
  | { readonly kind: 'share_lost'; readonly share: Share; readonly reason: ShareLoss }
  | { readonly kind: 'lost'; readonly cause: unknown };

/** What is partitioned, and by whom. */
export interface PartitionerOptions extends SafetyOptions {
  /** The znode of the partition; created when it is missing. */
  readonly path: string;
  /** The name of this member. */
  readonly member: string;
  /** What is split: the same names at all members. */
  readonly names: readonly string[];
  /** What the member says of itself; nothing unless given. */
  readonly data?: Uint8Array | undefined;
  /** How long the members must have stayed the same before shares move, milliseconds; 200 unless given. */
  readonly settleMs?: number | undefined;
  /** How long the owner of a revoked share may take to release it, milliseconds; 30 s unless given. Then it is lost. */
  readonly handOverMs?: number | undefined;
}

/**
 * Splits a set of names evenly over the members that live, and again whenever one comes or goes; few names move then.
 *
 * Each member computes by itself which names are its own, and takes each of them by a lock; so while two members see
 * different lists of members, they wait for each other, and never own a name both. A member gives a name up before the
 * next one can begin with it.
 *
 * @example
 * const partitioner = new WorkPartitioner(client, { path: '/shop/feeds', member: 'host-1', names: ['de', 'fr', 'it'] });
 * partitioner.events.subscribe((event) => {
 *   if (event.kind === 'assigned') begin(event.share);
 *   if (event.kind === 'revoked') finish(event.share).then(() => event.share.release());
 * });
 * await partitioner.start();
 */
export class WorkPartitioner {
  readonly events: RecipeEvents<PartitionerEvent>;
  readonly #client: Coordination;
  readonly #options: PartitionerOptions;
  readonly #hub: EventHub<PartitionerEvent>;
  readonly #member: GroupMember;
  readonly #view: GroupView;
  readonly #held = new Map<string, HeldShare>();
  /** Names that are asked for; the signal calls it off. */
  readonly #asked = new Map<string, AbortController>();
  #names: readonly string[];
  #state: PartitionerState = 'idle';
  #settling: NodeJS.Timeout | undefined;
  #settleBy = 0;

  constructor(client: Coordination, options: PartitionerOptions) {
    const { path, member, data = Buffer.alloc(0) } = options;
    this.#client = client;
    this.#options = options;
    this.#names = checked(options.names);
    this.#hub = new EventHub(path);
    this.events = this.#hub;
    this.#member = new GroupMember(client, { group: `${path}/members`, name: member, data });
    this.#view = new GroupView(client, { group: `${path}/members` });
    this.#view.events.subscribe((event) => {
      if (event.kind === 'lost') this.#lose(event.cause);
      else if (event.kind !== 'changed') this.#settle(options.settleMs ?? SETTLE_MS);
    });
    this.#member.events.subscribe((event) => {
      if (event.kind === 'lost') this.#lose(event.cause);
    });
  }

  get state(): PartitionerState {
    return this.#state;
  }

  /** What this member owns now, by name; those that were revoked and not yet released among them. */
  get shares(): ReadonlyMap<string, Share> {
    return this.#held;
  }

  /** The members that live, as far as this one knows. */
  get members(): readonly string[] {
    return [...this.#view.members.keys()].sort();
  }

  /**
   * Joins; resolves when it is a member. Its names are told as they are assigned.
   *
   * @throws RecipeError `name_taken`, `session_over`, `stopped`, `aborted` or `deadline_exceeded`; ClientError where
   *   the service refuses. A partitioner whose start has failed shares nothing.
   */
  async start(options: WaitOptions = {}): Promise<void> {
    invariant(this.#state === 'idle', 'a partitioner is started once');
    this.#state = 'joining';
    const wait = { signal: untilUnwanted(options) };
    try {
      await this.#member.start(wait);
      await this.#view.start(wait);
    } catch (error) {
      await this.stop();
      throw error;
    }
    if ((this.#state as PartitionerState) !== 'joining') throw recipeError('stopped', this.#options.path);
    this.#state = 'sharing';
    this.#settle(this.#options.settleMs ?? SETTLE_MS);
  }

  /** Splits other names from now on. They must become the same at all members. */
  replaceNames(names: readonly string[]): void {
    this.#names = checked(names);
    this.#settle(0);
  }

  /**
   * Leaves, and gives back at once what it holds: end the work on it before. Takes two seconds at most; out of touch it
   * returns at once, and others have the names when a server is reached again, or with the session. Idempotent.
   */
  async stop(): Promise<void> {
    if (this.#state === 'stopped' || this.#state === 'lost') return;
    this.#state = 'stopped';
    this.#hub.end();
    this.#callOff();
    const releases = [...this.#held.values()].map((share) => share.release());
    await Promise.all([...releases, this.#member.stop(), this.#view.stop()]);
  }

  /** Looks at the split once nothing has happened for so long; where things do not come to rest, somewhat later. */
  #settle(ms: number): void {
    if (this.#state !== 'sharing') return;
    const now = performance.now();
    if (this.#settling === undefined) this.#settleBy = now + ms * RESTLESS_FACTOR;
    clearTimeout(this.#settling);
    this.#settling = setTimeout(() => this.#resplit(), Math.max(0, Math.min(ms, this.#settleBy - now)));
  }

  #resplit(): void {
    this.#settling = undefined;
    const { path, member, handOverMs = HAND_OVER_MS } = this.#options;
    // An old list, or one without this member, says nothing: the next one comes.
    if (this.#state !== 'sharing' || this.#view.state !== 'ready' || !this.#view.members.has(member)) return;
    const own = new Set(evenSplit(this.#names, [...this.#view.members.keys()]).get(member));
    for (const [name, calling] of this.#asked) if (!own.has(name)) calling.abort(recipeError('stopped', path));
    for (const share of this.#held.values()) {
      if (own.has(share.name) || share.revoked.aborted) continue;
      share.revoke(handOverMs);
      this.#hub.tell({ kind: 'revoked', share });
    }
    for (const name of own) if (!this.#held.has(name) && !this.#asked.has(name)) this.#ask(name);
  }

  #ask(name: string): void {
    const calling = new AbortController();
    this.#asked.set(name, calling);
    this.#take(name, calling.signal).catch((error) => {
      this.#asked.delete(name);
      if (this.#state !== 'sharing') return;
      const code = codeOf(error);
      if (code === 'session_over') this.#lose(error);
      // Called off, or lost out of touch: if it is still ours, it is asked for again.
      else if (code === 'stopped' || code === 'lost') this.#settle(AGAIN_MS);
      else this.#lose(error);
    });
  }

  async #take(name: string, signal: AbortSignal): Promise<void> {
    const { path, member, safetyMs, clock } = this.#options;
    const data = Buffer.from(member);
    const mutex = new Mutex(this.#client, { path: `${path}/shares/${nodeName(name)}`, data, safetyMs, clock });
    const lease = await mutex.acquire({ signal });
    this.#asked.delete(name);
    if (signal.aborted || this.#state !== 'sharing') return lease.release();
    const share = new HeldShare({
      name,
      lease,
      onLost: (lost, reason) => this.#lost(lost, reason),
      onReleased: (given) => this.#gone(given),
    });
    this.#held.set(name, share);
    this.#hub.tell({ kind: 'assigned', share });
  }

  #lost(share: HeldShare, reason: ShareLoss): void {
    this.#gone(share);
    this.#hub.tell({ kind: 'share_lost', share, reason });
  }

  #gone(share: HeldShare): void {
    this.#held.delete(share.name);
    // It may have become ours again meanwhile.
    this.#settle(AGAIN_MS);
  }

  #callOff(): void {
    clearTimeout(this.#settling);
    for (const calling of this.#asked.values()) calling.abort(recipeError('stopped', this.#options.path));
  }

  #lose(cause: unknown): void {
    if (this.#state === 'stopped' || this.#state === 'lost') return;
    this.#state = 'lost';
    this.#callOff();
    for (const share of [...this.#held.values()]) share.forfeit('refused');
    this.#hub.tell({ kind: 'lost', cause });
    this.#hub.end();
    // The session may live on: then nothing of this is to stay behind.
    for (const part of [this.#member, this.#view]) part.stop().catch(() => undefined);
  }
}

function checked(names: readonly string[]): readonly string[] {
  invariant(names.length <= NAMES_MAX, 'a partition has 10,000 names at the most');
  invariant(!names.includes(''), 'a name is not empty');
  return [...names];
}

/** A name as a znode can have it: whatever would be special in a path is written as `%XX`. */
function nodeName(name: string): string {
  const safe = encodeURIComponent(name);
  return safe === '.' || safe === '..' ? safe.replaceAll('.', '%2E') : safe;
}
