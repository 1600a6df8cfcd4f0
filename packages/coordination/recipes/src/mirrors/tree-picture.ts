/** The paths of a subtree, light enough for millions: one set of names for each path that has children. */
export class TreePicture {
  readonly root: string;
  readonly #children = new Map<string, Set<string>>();
  #hasRoot = false;
  #size = 0;

  constructor(root: string) {
    this.root = root;
  }

  /** How many paths there are below the root. */
  get size(): number {
    return this.#size;
  }

  has(path: string): boolean {
    if (path === this.root) return this.#hasRoot;
    const slash = path.lastIndexOf('/');
    return this.#children.get(parentOf(path, slash))?.has(path.slice(slash + 1)) ?? false;
  }

  /** The names of the children of a path; empty where it has none, or is not there. */
  children(path: string): ReadonlySet<string> {
    return this.#children.get(path) ?? nobody;
  }

  /** All paths, parents before their children. */
  *all(): Generator<string> {
    if (this.#hasRoot) yield this.root;
    for (const [parent, names] of this.#children) for (const name of names) yield join(parent, name);
  }

  /** Adds a path and says whether it was new. */
  add(path: string): boolean {
    if (path === this.root) {
      const isNew = !this.#hasRoot;
      this.#hasRoot = true;
      return isNew;
    }
    const slash = path.lastIndexOf('/');
    const parent = parentOf(path, slash);
    const name = path.slice(slash + 1);
    const names = this.#children.get(parent);
    if (names === undefined) this.#children.set(parent, new Set([name]));
    else if (names.has(name)) return false;
    else names.add(name);
    this.#size += 1;
    return true;
  }

  /** Removes a path with everything below it, and says what was removed, children before their parents. */
  remove(path: string): readonly string[] {
    if (!this.has(path)) return [];
    const removed: string[] = [];
    this.#removeInto(path, removed);
    return removed;
  }

  #removeInto(path: string, removed: string[]): void {
    for (const name of this.children(path)) this.#removeInto(join(path, name), removed);
    removed.push(path);
    if (path === this.root) {
      this.#hasRoot = false;
      return;
    }
    const slash = path.lastIndexOf('/');
    const parent = parentOf(path, slash);
    const names = this.#children.get(parent);
    if (names?.delete(path.slice(slash + 1)) !== true) return;
    this.#size -= 1;
    if (names.size === 0) this.#children.delete(parent);
  }
}

/** The path of child `name`, under the root as well. */
export function join(parent: string, name: string): string {
  return parent === '/' ? `/${name}` : `${parent}/${name}`;
}

const nobody: ReadonlySet<string> = new Set();

/** The path of the parent of what is not the root of all. */
export function parentOf(path: string, slash = path.lastIndexOf('/')): string {
  return slash === 0 ? '/' : path.slice(0, slash);
}
