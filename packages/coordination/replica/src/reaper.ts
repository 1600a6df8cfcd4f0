import type { Tree, Znode } from '@reeve/tree';
import type { ReplicaOptions } from './options.ts';

type ReaperOptions = Pick<ReplicaOptions, 'containerCheckIntervalMs' | 'containersPerTickMax' | 'containerNeverUsedMs'>;

/**
 * Finds the containers that have lost their last child and the TTL znodes that nobody has changed for long enough. One
 * look at all of them is spread over as many ticks as their number asks for.
 */
export class Reaper {
  readonly #options: ReaperOptions;
  #round: Iterator<Znode> | undefined;
  #nextRoundMs: number | undefined;

  constructor(options: ReaperOptions) {
    this.#options = options;
  }

  /** The paths that may go now, at most `containersPerTickMax`. */
  due(tree: Tree, now: number): string[] {
    this.#nextRoundMs ??= now + this.#options.containerCheckIntervalMs;
    if (this.#round === undefined && now < this.#nextRoundMs) return [];
    this.#round ??= tree.mortals();
    const due: string[] = [];
    for (let looked = 0; looked < this.#options.containersPerTickMax; looked += 1) {
      const next = this.#round.next();
      if (next.done === true) {
        this.#round = undefined;
        this.#nextRoundMs = now + this.#options.containerCheckIntervalMs;
        break;
      }
      if (this.#isDue(next.value, now)) due.push(tree.path(next.value));
    }
    return due;
  }

  /** A container that never had a child is not empty but new, for as long as it may be. */
  #isDue(znode: Znode, now: number): boolean {
    if (znode.childCount > 0) return false;
    if (znode.lifetime === 'ttl') return now - znode.mtimeMs > znode.ttlMs;
    const { containerNeverUsedMs } = this.#options;
    return znode.creates > 0 || (containerNeverUsedMs > 0 && now - znode.mtimeMs > containerNeverUsedMs);
  }
}
