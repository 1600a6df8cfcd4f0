import { codeOf, invariant } from '@reeve/base';
import type { Coordination, SessionChange, Watch, WatchedEvent } from '@reeve/client';
import { inTime } from '../recipe/parting.ts';
import { recipeError } from '../recipe/recipe-error.ts';
import { retrying } from '../recipe/retrying.ts';
import { join, TreePicture } from './tree-picture.ts';

/** Lists asked for at the same time. */
const LISTS_AT_ONCE = 32;

/**
 * `listing`: the picture is being made, or corrected after a lost connection; `ready`: it follows the service; `stale`:
 * the connection is lost, so changes are missed; `lost`: the session is over; `stopped`: by its owner.
 */
export type MirrorState = 'idle' | 'listing' | 'ready' | 'stale' | 'lost' | 'stopped';

/** Who is told what happens in the tree, in the order of the service, within the turn in which it is learnt. */
export interface MirrorListener {
  /** A path is there: found by the first listing, created since, or discovered after a lost connection. */
  created?(path: string): void;
  /** A path is gone. Its descendants were reported before it. */
  deleted?(path: string): void;
  /** The data of a path has changed. */
  changed?(path: string): void;
  /**
   * After a lost connection the picture is right again. What changed in between was reported as `created` and
   * `deleted`; but the data of any path may have changed unreported, or the path may have been deleted and created
   * again. Read again what you have read before.
   */
  refreshed?(): void;
  /** The state of the mirror has changed. */
  moved?(state: MirrorState): void;
}

/** What a mirror follows. */
export interface MirrorOptions {
  readonly root: string;
  /** How many levels below the root are followed; deeper ones are ignored. */
  readonly depth: number;
}

/**
 * Follows the paths of a subtree, by one persistent recursive watch.
 *
 * The watch is armed before anything is listed, and the client delivers events and replies in the order of the
 * server; so a list is the truth at the moment it arrives, and every event after it changes that truth. Nothing is
 * missed in between. A server does not tell a reconnected client what a recursive watch has missed, so after each
 * reconnect the tree is listed again and the differences are reported.
 *
 * @example
 * const workers = new TreeMirror(client, { root: '/reeve/workers', depth: 1 }, { created: (path) => welcome(path) });
 * await workers.start();
 */
export class TreeMirror {
  readonly #client: Coordination;
  readonly #options: MirrorOptions;
  readonly #listener: MirrorListener;
  readonly #picture: TreePicture;
  readonly #stopped = new AbortController();
  readonly #rootLevels: number;
  #state: MirrorState = 'idle';
  #watch: Watch | undefined;
  #unsubscribe: () => void = () => undefined;
  /** Counts listings: only the latest one makes the mirror ready. */
  #listing = 0;
  #pictured: 'no' | 'yes' = 'no';
  readonly #firstPicture = deferred();

  constructor(client: Coordination, options: MirrorOptions, listener: MirrorListener) {
    this.#client = client;
    this.#options = options;
    this.#listener = listener;
    this.#picture = new TreePicture(options.root);
    this.#rootLevels = levels(options.root);
  }

  get state(): MirrorState {
    return this.#state;
  }

  /** How many paths there are below the root. */
  get size(): number {
    return this.#picture.size;
  }

  has(path: string): boolean {
    return this.#picture.has(path);
  }

  /** The names of the children of a path, live; empty where it has none, or is not there. */
  children(path: string): ReadonlySet<string> {
    return this.#picture.children(path);
  }

  /**
   * Begins to follow; resolves when the first picture is complete. The root need not exist.
   *
   * @throws RecipeError `session_over` or `stopped`; ClientError where the service refuses
   */
  async start(): Promise<void> {
    invariant(this.#state === 'idle', 'a mirror is started once');
    const { root } = this.#options;
    this.#unsubscribe = this.#client.onSession((change) => this.#sessionChanged(change));
    this.#move('listing');
    const tell = (event: WatchedEvent) => this.#apply(event);
    try {
      this.#watch = await this.#retrying(() => this.#client.watch(root, 'persistent_recursive', tell));
    } catch (error) {
      this.#fail(error);
    }
    if (!this.#stopped.signal.aborted) this.#list();
    // Stopped while the answer was on its way: the watch must not stay behind.
    else await this.#disarm();
    return this.#firstPicture.promise;
  }

  /** Ends following and forgets everything; nobody is told of it. Takes two seconds at most. Idempotent. */
  async stop(): Promise<void> {
    if (this.#state === 'stopped') return;
    this.#end('stopped');
    await this.#disarm();
  }

  async #disarm(): Promise<void> {
    if (this.#watch !== undefined) await inTime(this.#client, this.#watch.close());
  }

  #end(state: 'stopped' | 'lost'): void {
    this.#listing += 1;
    this.#stopped.abort();
    this.#unsubscribe();
    this.#move(state);
    this.#firstPicture.reject(recipeError(state === 'lost' ? 'session_over' : 'stopped', this.#options.root));
  }

  #fail(error: unknown): void {
    this.#firstPicture.reject(error);
    if (!this.#stopped.signal.aborted) this.#end('lost');
  }

  #move(state: MirrorState): void {
    if (state === this.#state) return;
    this.#state = state;
    this.#listener.moved?.(state);
  }

  #sessionChanged({ to }: SessionChange): void {
    switch (to) {
      case 'suspended':
        return this.#move('stale');
      case 'connected':
        // Without the watch there is nothing to correct: `start` lists when it is armed.
        if (this.#watch !== undefined) this.#list();
        return;
      case 'expired':
      case 'closed':
      case 'auth_failed':
        return this.#end('lost');
    }
  }

  #list(): void {
    this.#listing += 1;
    const listing = this.#listing;
    this.#move('listing');
    this.#walk(listing).then(
      () => this.#listed(listing),
      (error) => {
        if (listing === this.#listing) this.#fail(error);
      },
    );
  }

  #listed(listing: number): void {
    if (listing !== this.#listing) return;
    this.#move('ready');
    if (this.#pictured === 'no') this.#firstPicture.resolve();
    else this.#listener.refreshed?.();
    this.#pictured = 'yes';
  }

  /** Lists the whole tree, a bounded number of requests at a time. */
  async #walk(listing: number): Promise<void> {
    const due = [{ path: this.#options.root, level: 0 }];
    const running = new Set<Promise<void>>();
    while (due.length > 0 || running.size > 0) {
      if (listing !== this.#listing) return;
      const next = running.size < LISTS_AT_ONCE ? due.pop() : undefined;
      if (next === undefined) {
        await Promise.race(running);
        continue;
      }
      const one = this.#listOne(next, due).finally(() => running.delete(one));
      running.add(one);
    }
  }

  async #listOne(place: Place, due: Place[]): Promise<void> {
    const names = await this.#childrenOf(place.path);
    if (this.#stopped.signal.aborted) return;
    if (names === undefined) return this.#removed(place.path);
    this.#correct(place.path, names);
    const level = place.level + 1;
    if (level < this.#options.depth) for (const name of names) due.push({ path: join(place.path, name), level });
  }

  async #childrenOf(path: string): Promise<readonly string[] | undefined> {
    try {
      return await this.#retrying(() => this.#client.getChildren(path));
    } catch (error) {
      if (codeOf(error) === 'no_node') return undefined;
      throw error;
    }
  }

  /** The list is the truth of this moment: whatever differs from it has been missed. */
  #correct(path: string, names: readonly string[]): void {
    this.#added(path);
    const there = new Set(names);
    for (const name of [...this.#picture.children(path)]) if (!there.has(name)) this.#removed(join(path, name));
    for (const name of names) this.#added(join(path, name));
  }

  #apply({ type, path }: WatchedEvent): void {
    if (this.#stopped.signal.aborted || levels(path) - this.#rootLevels > this.#options.depth) return;
    if (type === 'created') this.#added(path);
    else if (type === 'deleted') this.#removed(path);
    else if (type === 'data_changed' && this.#picture.has(path)) this.#listener.changed?.(path);
  }

  #added(path: string): void {
    if (this.#picture.add(path)) this.#listener.created?.(path);
  }

  #removed(path: string): void {
    for (const gone of this.#picture.remove(path)) this.#listener.deleted?.(gone);
  }

  #retrying<T>(step: () => Promise<T>): Promise<T> {
    return retrying({ client: this.#client, path: this.#options.root, stopped: this.#stopped.signal }, step);
  }
}

/** A promise with its ends; rejected without a listener, it stays silent. */
function deferred(): { promise: Promise<void>; resolve: () => void; reject: (error: unknown) => void } {
  let resolve: () => void = () => undefined;
  let reject: (error: unknown) => void = () => undefined;
  const promise = new Promise<void>((onResolve, onReject) => {
    resolve = onResolve;
    reject = onReject;
  });
  promise.catch(() => undefined);
  return { promise, resolve, reject };
}

interface Place {
  readonly path: string;
  readonly level: number;
}

/** How many names a path has: none for the root. */
function levels(path: string): number {
  if (path.length === 1) return 0;
  let count = 1;
  for (let slash = path.indexOf('/', 1); slash !== -1; slash = path.indexOf('/', slash + 1)) count += 1;
  return count;
}
