import type { ZnodeId } from './znode-store.ts';

const SLOTS = 4096;
const SLOTS_MASK = SLOTS - 1;
/** A longer path costs memory as long as its slot is not taken over. */
const CHARACTERS_MAX = 128;
/** Paths that come in turn differ in their last characters. */
const HASHED_CHARACTERS_MAX = 6;
/** Odd, and more than there are digits: paths that are numbered share no slots. */
const FACTOR = 11;

const { imul } = Math;

/**
 * Where paths led that were looked for lately: to find a znode again costs a comparison, mostly of a string with itself
 * (`RecentStrings`), in place of a way through the index. A znode has one path: what is said in UTF-8 has one spelling.
 */
export class RecentPaths {
  readonly #paths: string[] = Array.from({ length: SLOTS }, () => '');
  readonly #ids = new Int32Array(SLOTS);

  /** The znode at a path; 0 when that is not known. */
  get(path: string): ZnodeId {
    const slot = slotOf(path);
    return this.#paths[slot] === path ? (this.#ids[slot] as ZnodeId) : 0;
  }

  /** Notes where a path leads. */
  note(path: string, id: ZnodeId): void {
    if (path.length > CHARACTERS_MAX) return;
    const slot = slotOf(path);
    this.#paths[slot] = path;
    this.#ids[slot] = id;
  }

  /** The znode at a path is no more. */
  forget(path: string): void {
    const slot = slotOf(path);
    if (this.#paths[slot] === path) this.#paths[slot] = '';
  }

  clear(): void {
    this.#paths.fill('');
  }
}

function slotOf(path: string): number {
  let hash = path.length;
  for (let at = Math.max(0, path.length - HASHED_CHARACTERS_MAX); at < path.length; at += 1) {
    hash = imul(hash, FACTOR) + path.charCodeAt(at);
  }
  return hash & SLOTS_MASK;
}
