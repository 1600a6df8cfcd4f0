import { baseName } from '@reeve/wire';

/** What a migration is about. */
export interface ScopeOptions {
  /** The znode that is copied with all below it; `/` for everything. */
  readonly path: string;
  /** Znodes that are left out with all below them. */
  readonly exclude: readonly string[];
  /** Whether the quotas of what is copied come along. */
  readonly quotas: 'copied' | 'left_out';
  /** Whether `/` is the root of a server on either side, with its own `/zookeeper`, or on both a znode taken for the root. */
  readonly root: 'server' | 'chroot';
}

const reserved = '/zookeeper';
const quotaRoot = '/zookeeper/quota';

/** Which znodes belong to a migration. Never what the server keeps of its own under /zookeeper, quotas on demand apart. */
export class Scope {
  /** What is walked, in this order: quotas last, so that they do not refuse what is being copied. */
  readonly roots: readonly string[];
  readonly #exclude: readonly string[];

  constructor({ path, exclude, quotas, root }: ScopeOptions) {
    const own = root === 'server' ? [reserved] : [];
    this.#exclude = [...exclude, ...own];
    const withQuotas = quotas === 'copied' && root === 'server';
    this.roots = withQuotas ? [path, path === '/' ? quotaRoot : quotaRoot + path] : [path];
  }

  /** Whether a znode that was found below one of the roots belongs to it. */
  includes(path: string): boolean {
    if (this.isQuota(path)) return true;
    return !this.#exclude.some((root) => isWithin(path, root));
  }

  /** Whether a znode is one of a quota. */
  isQuota(path: string): boolean {
    return this.roots.length > 1 && isWithin(path, this.roots[1] as string);
  }

  /** Whether the server itself keeps the data of a znode: what is used of a quota. */
  isServersOwn(path: string): boolean {
    return this.isQuota(path) && baseName(path) === 'zookeeper_stats';
  }
}

function isWithin(path: string, root: string): boolean {
  return root === '/' || path === root || path.startsWith(`${root}/`);
}
