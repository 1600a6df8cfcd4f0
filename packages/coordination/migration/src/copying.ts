import type { ZnodeOrigin, ZnodeOrigins } from '@reeve/archive';
import { parentPath } from '@reeve/wire';
import { type Fingerprint, fingerprint } from './fingerprint.ts';
import { MigrationError } from './migration-error.ts';
import type { Picture } from './picture.ts';
import type { Scope } from './scope.ts';
import { isEphemeral, type Side, walk, type ZnodeRecord } from './side.ts';
import type { Target } from './target.ts';

/** What a copy is made with. */
export interface CopyingParts {
  readonly source: Side;
  readonly target: Target;
  readonly scope: Scope;
  readonly picture: Picture;
  /** What is at the target already; entries are taken out as their znodes are seen at the source. */
  readonly there: Map<string, Fingerprint>;
  /** Reads what the protocol does not tell; without it every znode is taken for persistent. */
  readonly readOrigins: (() => Promise<ZnodeOrigins>) | undefined;
  /** Is told of so many more znodes that were read. */
  readonly onProgress: (count: number) => void;
}

const persistent = { lifetime: 'persistent', ttlMs: 0 } as const;
/** Passes in which a znode may be missing from the source's files before those are taken for another server's. */
const strangePassesMax = 3;

/** Brings znodes of the source to the target, as far as they differ. */
export class Copying {
  readonly #parts: CopyingParts;
  /** What the source shows and its files do not show yet: for the next pass. */
  readonly #deferred = new Set<string>();
  readonly lifetimes = { container: 0, ttl: 0, unknown: 0 };
  #origins: ZnodeOrigins | undefined;
  #strangePasses = 0;

  constructor(parts: CopyingParts) {
    this.#parts = parts;
  }

  /** Begins a pass: the source's files are read anew, so that they know what was there before. */
  async begin(): Promise<void> {
    this.#deferred.clear();
    this.#origins = await this.#parts.readOrigins?.();
  }

  /** Copies znodes with all below them. Says how many are left for the next pass. */
  async copy(roots: readonly string[]): Promise<void> {
    const { source, scope } = this.#parts;
    await walk(source, roots, scope, (record) => this.#visit(record));
  }

  /**
   * Ends a pass.
   *
   * @returns how many znodes wait for the next one
   * @throws MigrationError `origins_differ`
   */
  async end(): Promise<number> {
    await this.#parts.target.settled();
    const [path] = this.#deferred;
    this.#strangePasses = path === undefined ? 0 : this.#strangePasses + 1;
    const count = this.#deferred.size;
    if (path !== undefined && this.#strangePasses >= strangePassesMax) {
      throw new MigrationError({ code: 'origins_differ', path, count });
    }
    return count;
  }

  /** Whether a znode, or one above it, waits for the next pass. */
  isDeferred(path: string): boolean {
    for (let at = path; at !== ''; at = at.slice(0, at.lastIndexOf('/'))) if (this.#deferred.has(at)) return true;
    return false;
  }

  async #visit(record: ZnodeRecord): Promise<'descend' | 'pass_by'> {
    const { path, stat } = record;
    const { picture, there } = this.#parts;
    this.#parts.onProgress(1);
    if (isEphemeral(stat)) {
      picture.add(path, stat);
      return 'pass_by';
    }
    const origin = this.#originOf(record);
    if (origin === undefined) return this.#defer(path);
    const before = there.get(path);
    if (before === undefined) await this.#create(record, origin);
    else await this.#adjust(record, before);
    there.delete(path);
    picture.add(path, stat);
    return 'descend';
  }

  async #create(record: ZnodeRecord, origin: Pick<ZnodeOrigin, 'lifetime' | 'ttlMs'>): Promise<void> {
    if (this.#parts.readOrigins === undefined) this.lifetimes.unknown += 1;
    else if (origin.lifetime === 'container' || origin.lifetime === 'ttl') this.lifetimes[origin.lifetime] += 1;
    await this.#parts.target.create(record, origin);
  }

  async #adjust(record: ZnodeRecord, before: Fingerprint): Promise<void> {
    const { target, scope } = this.#parts;
    const { path } = record;
    const { data, acl } = fingerprint(record);
    const missing = () => this.forget(path);
    if (data !== before.data && !scope.isServersOwn(path)) await target.setData(path, record.data, missing);
    if (acl !== before.acl) await target.setAcl(path, record.acl, missing);
  }

  /** Lets the next pass find a znode anew, by its parent. */
  forget(path: string): void {
    const { picture } = this.#parts;
    picture.remove(path);
    this.#relist(path);
  }

  #defer(path: string): 'pass_by' {
    this.#deferred.add(path);
    this.#relist(path);
    return 'pass_by';
  }

  #relist(path: string): void {
    const parent = path === '/' ? undefined : this.#parts.picture.get(parentPath(path));
    if (parent !== undefined) parent.pzxid = -1;
  }

  /** `undefined` when the source's files do not show the znode as the source does. */
  #originOf({ path, stat }: ZnodeRecord): Pick<ZnodeOrigin, 'lifetime' | 'ttlMs'> | undefined {
    if (this.#origins === undefined) return persistent;
    const origin = this.#origins.get(path);
    return origin?.czxid === stat.czxid ? origin : undefined;
  }
}
