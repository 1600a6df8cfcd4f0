import type { Stat } from '@reeve/client';
import { createsOf, isEphemeral } from './side.ts';

/** What is known of a znode of the source since it was last looked at. */
export interface Known {
  readonly kind: 'copied' | 'ephemeral';
  readonly czxid: number;
  mzxid: number;
  aversion: number;
  /** Of the data, when it was last read. */
  dataLength: number;
  /** -1 when its children are to be listed again, whatever its stat says. */
  pzxid: number;
  /** The number of its next sequential child. */
  creates: number;
}

/** The znodes of the source that were copied, or are ephemeral, each parent before its children. */
export class Picture {
  readonly #known = new Map<string, Known>();

  get size(): number {
    return this.#known.size;
  }

  get(path: string): Known | undefined {
    return this.#known.get(path);
  }

  entries(): IterableIterator<[string, Known]> {
    return this.#known.entries();
  }

  add(path: string, stat: Stat): void {
    const { czxid, mzxid, aversion, dataLength, pzxid } = stat;
    const kind = isEphemeral(stat) ? 'ephemeral' : 'copied';
    this.#known.set(path, { kind, czxid, mzxid, aversion, dataLength, pzxid, creates: createsOf(stat) });
  }

  remove(path: string): void {
    this.#known.delete(path);
  }

  /** How many znodes are of a kind. */
  count(kind: Known['kind']): number {
    let count = 0;
    for (const known of this.#known.values()) if (known.kind === kind) count += 1;
    return count;
  }

  /** Those of `tops` and everything below them, children before parents. */
  branches(tops: ReadonlySet<string>): string[] {
    if (tops.size === 0) return [];
    const found = [...this.#known.keys()].filter((path) => hasAncestorIn(path, tops));
    return found.sort((a, b) => depth(b) - depth(a));
  }
}

function hasAncestorIn(path: string, tops: ReadonlySet<string>): boolean {
  for (let at = path; at !== ''; at = at.slice(0, at.lastIndexOf('/'))) if (tops.has(at)) return true;
  return false;
}

/** How many names a path has. */
export function depth(path: string): number {
  return path.split('/').length;
}
