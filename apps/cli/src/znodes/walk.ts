import { codeOf } from '@reeve/base';
import type { Acl, Coordination, Stat, Znode } from '@reeve/client';
import { childPath } from '@reeve/wire';
import { inOrder } from './in-order.ts';

/** What the tree of a walk is. */
export interface WalkOptions {
  readonly root: string;
  /** Levels below the root; all unless given. */
  readonly depth?: number | undefined;
  /** Whether data and access lists are read, or the stat alone. */
  readonly read: 'stat' | 'everything';
  /** Names below the root that are left out, with all below them. */
  readonly without?: ReadonlySet<string>;
}

/** A znode that was met. */
export interface Visited {
  readonly path: string;
  /** 0 for the root. */
  readonly level: number;
  /** Whether it is the last child of its parent, and so are those above it: by level. */
  readonly lasts: readonly ('last' | 'inner')[];
  /** What it holds. Nothing where it may not be read. */
  readonly znode: Znode | undefined;
  readonly stat: Stat | undefined;
  readonly acl: readonly Acl[] | undefined;
  /** Whether what is below it could be listed, or is too deep. */
  readonly below: 'listed' | 'hidden' | 'too_deep';
}

interface Read extends Pick<Visited, 'znode' | 'stat' | 'acl' | 'below'> {
  readonly names: readonly string[];
}

/**
 * Walks a tree in depth, parents before their children, these by name. It is no snapshot: what goes meanwhile is left
 * out. Yields nothing where there is no root.
 */
export async function* walk(client: Coordination, options: WalkOptions): AsyncGenerator<Visited> {
  const read = await readOne(client, options, { path: options.root, level: 0 });
  if (read !== undefined) yield* walkFrom(client, options, { path: options.root, level: 0, lasts: [], read });
}

interface Step {
  readonly path: string;
  readonly level: number;
  readonly lasts: Visited['lasts'];
  readonly read: Read;
}

async function* walkFrom(client: Coordination, options: WalkOptions, step: Step): AsyncGenerator<Visited> {
  const { path, lasts, read } = step;
  const { names, ...facts } = read;
  yield { path, level: step.level, lasts, ...facts };
  const level = step.level + 1;
  const children = inOrder(names, async (name) => {
    const child = childPath(path, name);
    return { name, path: child, read: await readOne(client, options, { path: child, level }) };
  });
  for await (const child of children) {
    if (child.read === undefined) continue;
    const last = child.name === names.at(-1) ? ('last' as const) : ('inner' as const);
    yield* walkFrom(client, options, { path: child.path, level, lasts: [...lasts, last], read: child.read });
  }
}

type Place = Pick<Visited, 'path' | 'level'>;

async function readOne(client: Coordination, options: WalkOptions, place: Place): Promise<Read | undefined> {
  const [held, listed] = await Promise.all([readHeld(client, options, place.path), listBelow(client, options, place)]);
  if (held === 'gone' || listed === 'gone') return undefined;
  return { ...held, ...listed };
}

async function readHeld(client: Coordination, { read }: WalkOptions, path: string) {
  try {
    if (read === 'stat') {
      const stat = await client.exists(path);
      return stat === undefined ? 'gone' : { znode: undefined, stat, acl: undefined };
    }
    const [{ data, stat }, { acl }] = await Promise.all([client.getData(path), client.getAcl(path)]);
    return { znode: { data: data === null ? null : Buffer.from(data), stat }, stat, acl };
  } catch (error) {
    return whyNot(error, { znode: undefined, stat: undefined, acl: undefined });
  }
}

async function listBelow(client: Coordination, { depth, without, root }: WalkOptions, { path, level }: Place) {
  if (level >= (depth ?? Number.POSITIVE_INFINITY)) return { names: [], below: 'too_deep' as const };
  try {
    const names = (await client.getChildren(path)).toSorted();
    const shown = path === root && without !== undefined ? names.filter((name) => !without.has(name)) : names;
    return { names: shown, below: 'listed' as const };
  } catch (error) {
    return whyNot(error, { names: [], below: 'hidden' as const });
  }
}

/** What goes while it is looked at is gone; what may not be seen is hidden. */
function whyNot<T>(error: unknown, hidden: T): T | 'gone' {
  const code = codeOf(error);
  if (code === 'no_node') return 'gone';
  if (code === 'no_auth') return hidden;
  throw error;
}
