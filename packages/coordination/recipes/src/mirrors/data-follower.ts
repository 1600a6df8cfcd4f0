import { codeOf } from '@reeve/base';
import type { Coordination, Znode } from '@reeve/client';
import { retrying } from '../recipe/retrying.ts';
import type { MirrorEvent } from './mirror-events.ts';
import type { PathEvent } from './path-follower.ts';
import { TreePicture } from './tree-picture.ts';

/** Znodes read at the same time. */
const READS_AT_ONCE = 64;

/** What a follower of data has to know of its surroundings. */
export interface DataParts {
  readonly client: Coordination;
  readonly root: string;
  /** Fires when nobody wants the data any more. */
  readonly ended: AbortSignal;
  readonly tell: (event: Exclude<MirrorEvent<'kept'>, { readonly kind: 'ready' | 'stale' | 'lost' }>) => void;
  /** Everything that a listing has found has been read and told. */
  readonly onListed: (listing: number) => void;
  /** The service refuses a read. */
  readonly onFailure: (error: unknown) => void;
}

type Step = Exclude<PathEvent, { readonly kind: 'listing' | 'stale' | 'lost' }>;

/**
 * Reads the data of paths that are followed, and tells what happens to paths and data in one order: that in which the
 * paths were learnt of. It is always a few reads behind, never wrong about an order.
 */
export class DataFollower {
  /** What has been told to be there. */
  readonly picture: TreePicture;
  readonly #parts: DataParts;
  readonly #znodes = new Map<string, Znode>();
  /** Paths that will be read behind whatever has happened to them by now. */
  readonly #due = new Set<string>();
  /** Paths of which a read is under way, or has not been told yet. */
  readonly #reading = new Set<string>();
  #steps: Step[] = [];
  #working: 'no' | 'yes' = 'no';

  constructor(parts: DataParts) {
    this.#parts = parts;
    this.picture = new TreePicture(parts.root);
  }

  get(path: string): Znode | undefined {
    return this.#znodes.get(path);
  }

  /** Something has happened to a path, or all are listed. */
  push(step: Step): void {
    if (step.kind === 'changed' && this.#due.has(step.path)) return;
    if (step.kind === 'created' || step.kind === 'changed') this.#due.add(step.path);
    this.#steps.push(step);
    if (this.#working === 'no') this.#work();
  }

  /**
   * Reads everything again that is there, parents first: it may have changed unnoticed. Call it before anything that
   * was learnt since: what lives another life takes all below it with it, and that is found again behind it.
   */
  readAgain(): void {
    // What was just read counts as unseen too: word of a later change may be lost already.
    for (const path of new Set([...this.picture.all(), ...this.#reading])) this.push({ kind: 'changed', path });
  }

  #work(): void {
    this.#working = 'yes';
    this.#settleAll().catch((error) => {
      if (!this.#parts.ended.aborted) this.#parts.onFailure(error);
    });
  }

  async #settleAll(): Promise<void> {
    while (this.#steps.length > 0) {
      const steps = this.#steps;
      this.#steps = [];
      for (let at = 0; at < steps.length; at += READS_AT_ONCE) {
        const some = steps.slice(at, at + READS_AT_ONCE);
        const reads = await Promise.all(some.map((step) => this.#read(step)));
        if (this.#parts.ended.aborted) return;
        this.#reading.clear();
        for (const [i, step] of some.entries()) this.#settle(step, reads[i]);
      }
    }
    this.#working = 'no';
  }

  /** What a path holds now; `undefined` where it is not there, or may not be seen. */
  async #read(step: Step): Promise<Znode | undefined> {
    if (step.kind !== 'created' && step.kind !== 'changed') return undefined;
    const { client, root, ended } = this.#parts;
    this.#due.delete(step.path);
    this.#reading.add(step.path);
    try {
      const { data, stat } = await retrying({ client, path: root, stopped: ended }, () => client.getData(step.path));
      // A copy: what was received is a view into a larger chunk.
      return { data: data === null ? null : Buffer.from(data), stat };
    } catch (error) {
      const code = codeOf(error);
      if (code === 'no_node' || (code === 'no_auth' && step.path !== root)) return undefined;
      throw error;
    }
  }

  #settle(step: Step, znode: Znode | undefined): void {
    if (step.kind === 'listed') this.#parts.onListed(step.listing);
    else if (step.kind === 'deleted') this.#forget(step.path);
    // Gone since it was learnt of: that follows.
    else if (znode !== undefined) this.#learn(step.path, znode);
  }

  #learn(path: string, znode: Znode): void {
    const before = this.#znodes.get(path);
    const isAnother = before !== undefined && before.stat.czxid !== znode.stat.czxid;
    // Another life under the same name: deleted and created again while nobody was looking.
    if (isAnother) this.#forget(path);
    this.#znodes.set(path, znode);
    if (before === undefined || isAnother) {
      this.picture.add(path);
      this.#parts.tell({ kind: 'created', path, znode });
    } else if (before.stat.mzxid !== znode.stat.mzxid) {
      this.#parts.tell({ kind: 'changed', path, znode, before });
    }
  }

  #forget(path: string): void {
    for (const gone of this.picture.remove(path)) {
      const before = this.#znodes.get(gone);
      this.#znodes.delete(gone);
      if (before !== undefined) this.#parts.tell({ kind: 'deleted', path: gone, before });
    }
  }
}
