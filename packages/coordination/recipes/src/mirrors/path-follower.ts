import { codeOf, invariant } from '@reeve/base';
import type { Coordination, SessionChange, Watch, WatchedEvent } from '@reeve/client';
import { inTime } from '../recipe/parting.ts';
import { recipeError } from '../recipe/recipe-error.ts';
import { retrying } from '../recipe/retrying.ts';
import { join, parentOf, TreePicture } from './tree-picture.ts';

/** Lists asked for at the same time. */
const LISTS_AT_ONCE = 32;

/** What happens to the paths of a tree, in the order of the service, told in the turn in which it is learnt. */
export type PathEvent =
  | { readonly kind: 'created' | 'changed' | 'deleted'; readonly path: string }
  /** The watch is armed, perhaps again: what is read from now on is no longer missed. */
  | { readonly kind: 'listing' }
  /** The tree has been listed: its paths are right. */
  | { readonly kind: 'listed'; readonly listing: number }
  | { readonly kind: 'stale' }
  | { readonly kind: 'lost'; readonly cause: unknown };

/** Which paths are followed. */
export interface Reach {
  readonly root: string;
  /** How many levels below the root are followed; deeper ones are ignored. */
  readonly depth: number;
}

/**
 * Follows the paths of a subtree, by one persistent watch.
 *
 * The watch is armed before anything is listed, and the client delivers events and replies in the order of the
 * server; so a list is the truth at the moment it arrives, and every event after it changes that truth. Nothing is
 * missed in between. A server does not tell a reconnected client what a persistent watch has missed, so after each
 * reconnect the tree is listed again and the differences are told.
 */
export class PathFollower {
  readonly picture: TreePicture;
  readonly #client: Coordination;
  readonly #reach: Reach;
  readonly #tell: (event: PathEvent) => void;
  readonly #rootLevels: number;
  readonly #ended = new AbortController();
  #watch: Watch | undefined;
  #unsubscribe: () => void = () => undefined;
  #listing = 0;

  constructor(client: Coordination, reach: Reach, tell: (event: PathEvent) => void) {
    invariant(reach.depth >= 0, 'a depth is not below zero');
    this.#client = client;
    this.#reach = reach;
    this.#tell = tell;
    this.picture = new TreePicture(reach.root);
    this.#rootLevels = levels(reach.root);
  }

  /** Counts the listings: what an earlier one has found is not the whole truth. */
  get listing(): number {
    return this.#listing;
  }

  /** Fires when nothing is followed any more. */
  get ended(): AbortSignal {
    return this.#ended.signal;
  }

  /** Begins. Resolves when the watch is armed, or nothing is followed any more; what fails is told as `lost`. */
  async start(): Promise<void> {
    const { root, depth } = this.#reach;
    this.#unsubscribe = this.#client.onSession((change) => this.#sessionChanged(change));
    const tell = (event: WatchedEvent) => this.#apply(event);
    const mode = depth === 0 ? 'persistent' : 'persistent_recursive';
    try {
      this.#watch = await this.#retrying(() => this.#client.watch(root, mode, tell));
    } catch (error) {
      return this.fail(error);
    }
    if (!this.ended.aborted) this.#list();
    // Stopped while the answer was on its way: the watch must not stay behind.
    else await this.#disarm();
  }

  /** Ends; nothing is told any more. Takes two seconds at most. Idempotent. */
  async stop(): Promise<void> {
    if (this.ended.aborted) return;
    this.#end('stopped');
    await this.#disarm();
  }

  /** Ends because the picture can no longer be kept. */
  fail(cause: unknown): void {
    if (this.ended.aborted) return;
    this.#end('session_over');
    this.#tell({ kind: 'lost', cause });
    // The session may live on: then its server is not to tell what nobody hears.
    this.#disarm().catch(() => undefined);
  }

  async #disarm(): Promise<void> {
    if (this.#watch !== undefined) await inTime(this.#client, this.#watch.close());
  }

  #end(why: 'session_over' | 'stopped'): void {
    this.#listing += 1;
    this.#ended.abort(recipeError(why, this.#reach.root));
    this.#unsubscribe();
  }

  #sessionChanged({ to }: SessionChange): void {
    switch (to) {
      case 'suspended':
        this.#listing += 1;
        return this.#tell({ kind: 'stale' });
      case 'connected':
        // Without the watch there is nothing to correct: `start` lists when it is armed.
        if (this.#watch !== undefined) this.#list();
        return;
      case 'expired':
      case 'closed':
      case 'auth_failed':
        return this.fail(recipeError('session_over', this.#reach.root));
    }
  }

  #list(): void {
    this.#listing += 1;
    const listing = this.#listing;
    this.#tell({ kind: 'listing' });
    this.#walk(listing).then(
      () => {
        if (listing === this.#listing) this.#tell({ kind: 'listed', listing });
      },
      (error) => {
        if (listing === this.#listing) this.fail(error);
      },
    );
  }

  /** Lists the whole tree, a bounded number of requests at a time. */
  async #walk(listing: number): Promise<void> {
    const due = [{ path: this.#reach.root, level: 0 }];
    const running = new Set<Promise<void>>();
    while (due.length > 0 || running.size > 0) {
      if (listing !== this.#listing) return;
      const next = running.size < LISTS_AT_ONCE ? due.pop() : undefined;
      if (next === undefined) {
        await Promise.race(running);
        continue;
      }
      const one = this.#listOne(next, due).finally(() => running.delete(one));
      // Of several that fail together one is awaited.
      one.catch(() => undefined);
      running.add(one);
    }
  }

  async #listOne({ path, level }: Level, due: Level[]): Promise<void> {
    const names = await this.#childrenOf(path);
    if (this.ended.aborted) return;
    if (names === undefined) return this.#removed(path);
    this.#correct(path, names);
    const below = level + 1;
    if (below < this.#reach.depth) for (const name of names) due.push({ path: join(path, name), level: below });
  }

  /** The names below a path; `undefined` where it is not there. */
  async #childrenOf(path: string): Promise<readonly string[] | undefined> {
    try {
      if (this.#reach.depth > 0) return await this.#retrying(() => this.#client.getChildren(path));
      const stat = await this.#retrying(() => this.#client.exists(path));
      return stat === undefined ? undefined : [];
    } catch (error) {
      const code = codeOf(error);
      if (code === 'no_node') return undefined;
      // What may not be seen has no children here; but a root that may not be seen is no tree.
      if (code === 'no_auth' && path !== this.#reach.root) return [];
      throw error;
    }
  }

  /** The list is the truth of this moment: whatever differs from it has been missed. */
  #correct(path: string, names: readonly string[]): void {
    this.#added(path);
    const there = new Set(names);
    for (const name of [...this.picture.children(path)]) if (!there.has(name)) this.#removed(join(path, name));
    for (const name of names) this.#added(join(path, name));
  }

  #apply({ type, path }: WatchedEvent): void {
    if (this.ended.aborted || levels(path) - this.#rootLevels > this.#reach.depth) return;
    if (type === 'created') this.#born(path);
    else if (type === 'deleted') this.#removed(path);
    else if (type === 'data_changed' && this.picture.has(path)) this.#tell({ kind: 'changed', path });
  }

  /** One whose parent has not been listed yet will be found with it, behind it. */
  #born(path: string): void {
    if (path === this.#reach.root || this.picture.has(parentOf(path))) this.#added(path);
  }

  #added(path: string): void {
    if (this.picture.add(path)) this.#tell({ kind: 'created', path });
  }

  #removed(path: string): void {
    for (const gone of this.picture.remove(path)) this.#tell({ kind: 'deleted', path: gone });
  }

  #retrying<T>(step: () => Promise<T>): Promise<T> {
    return retrying({ client: this.#client, path: this.#reach.root, stopped: this.ended }, step);
  }
}

interface Level {
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
