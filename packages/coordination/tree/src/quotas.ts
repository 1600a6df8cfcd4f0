import { baseName, childPath, parentPath, Span } from '@reeve/wire';
import {
  excessOf,
  parseLimits,
  type QuotaExcess,
  type QuotaLimits,
  type QuotaUsage,
  statsText,
} from './quota-limits.ts';
import type { Znode } from './znode.ts';

/** Below it, each path with a quota has its limits and statistics. */
const QUOTAS = '/zookeeper/quota';
const BELOW_QUOTAS = `${QUOTAS}/`;
const LIMITS = 'zookeeper_limits';
const STATS = 'zookeeper_stats';

/** What quotas need of the tree. */
export interface QuotaTree {
  get(path: string): Znode | undefined;
  replaceData(znode: Znode, data: Span | null): void;
}

interface Quota {
  readonly root: string;
  limits: QuotaLimits;
  readonly usage: QuotaUsage;
}

/**
 * The quotas of a tree: set by znodes `/zookeeper/quota/<path>/zookeeper_limits`, shown in `zookeeper_stats` beside
 * them. What they count follows from the znodes alone, so that it is the same however a tree came to be: each quota counts
 * everything at and below its path. `apply` tells of every change.
 */
export class Quotas {
  readonly #tree: QuotaTree;
  readonly #byRoot = new Map<string, Quota>();

  constructor(tree: QuotaTree) {
    this.#tree = tree;
  }

  /** How many there are; without any, nobody needs to be told the size of data. */
  get size(): number {
    return this.#byRoot.size;
  }

  /** A znode was created. */
  created(path: string, data: Span | null): void {
    if (this.#byRoot.size > 0) this.#count(path, 1, lengthOf(data));
    if (path.startsWith(BELOW_QUOTAS)) this.#set(path);
  }

  /** A znode went; `bytes` was the length of its data. */
  deleted(path: string, bytes: number): void {
    if (path.startsWith(BELOW_QUOTAS) && baseName(path) === LIMITS) this.#end(path);
    if (this.#byRoot.size > 0) this.#count(path, -1, -bytes);
  }

  /** A znode has other data; `bytes` was the length of what it had. */
  changed(path: string, bytes: number, data: Span | null): void {
    if (this.#byRoot.size === 0) return;
    this.#count(path, 0, lengthOf(data) - bytes);
    if (path.startsWith(BELOW_QUOTAS)) this.#set(path);
  }

  /** Finds the quotas of a tree that was loaded, and counts anew. */
  reload(): void {
    this.#byRoot.clear();
    for (const path of this.#below(QUOTAS)) if (baseName(path) === LIMITS) this.#set(path);
  }

  /**
   * The limit that a write would go beyond, a hard one first. Like ZooKeeper it takes the figures of what is applied:
   * parts of a multi do not add up.
   */
  excess(path: string, growth: QuotaUsage): QuotaExcess | undefined {
    let found: QuotaExcess | undefined;
    for (let at = path; at.length > 1; at = parentPath(at)) {
      const quota = this.#byRoot.get(at);
      const excess = quota === undefined ? undefined : excessOf(quota, growth);
      if (excess?.limit === 'hard') return excess;
      found ??= excess;
    }
    return found;
  }

  /** How many bytes of data a znode has now. */
  bytesAt(path: string): number {
    return this.#tree.get(path)?.dataLength ?? 0;
  }

  /** Takes notice of a znode that sets or shows a quota. */
  #set(path: string): void {
    const name = baseName(path);
    const root = name === LIMITS || name === STATS ? rootOf(path) : undefined;
    if (root === undefined) return;
    let quota = this.#byRoot.get(root);
    if (name === LIMITS) {
      const limits = parseLimits(this.#tree.get(path)?.data ?? null);
      if (quota === undefined) {
        quota = { root, limits, usage: this.#usageOf(root) };
        this.#byRoot.set(root, quota);
      }
      quota.limits = limits;
    }
    if (quota !== undefined) this.#show(quota);
  }

  /** What was counted last would depend on when the counting began, which a snapshot does not know: nothing is shown. */
  #end(path: string): void {
    const root = rootOf(path);
    if (root === undefined) return;
    this.#byRoot.delete(root);
    this.#show({ root, usage: { znodes: 0, bytes: 0 } });
  }

  #count(path: string, znodes: number, bytes: number): void {
    for (let at = path; at.length > 1; at = parentPath(at)) {
      const quota = this.#byRoot.get(at);
      if (quota === undefined) continue;
      quota.usage.znodes += znodes;
      quota.usage.bytes += bytes;
      this.#show(quota);
    }
  }

  /** As ZooKeeper does: its version and times stay, and nobody is notified. */
  #show({ root, usage }: Pick<Quota, 'root' | 'usage'>): void {
    const stats = this.#tree.get(`${QUOTAS}${root}/${STATS}`);
    if (stats !== undefined) this.#tree.replaceData(stats, Span.of(Buffer.from(statsText(usage))));
  }

  #usageOf(root: string): QuotaUsage {
    return this.#tree.get(root)?.usage ?? { znodes: 0, bytes: 0 };
  }

  /** The path itself, and all below it. */
  *#below(root: string): Generator<string> {
    const waiting = [root];
    for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
      yield path;
      for (const name of this.#tree.get(path)?.childNames() ?? []) waiting.push(childPath(path, name));
    }
  }
}

/**
 * The path that a znode of quotas is about. The root can have no quota (ZooKeeper stops at one), and what is below
 * `/zookeeper` has none: statistics would count themselves.
 */
function rootOf(path: string): string | undefined {
  const root = parentPath(path).slice(QUOTAS.length);
  return root === '' || root === '/zookeeper' || root.startsWith('/zookeeper/') ? undefined : root;
}

function lengthOf(data: Span | null): number {
  return data === null ? 0 : data.length;
}
