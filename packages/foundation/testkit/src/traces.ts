import { codeOf } from '@reeve/base';
import type { Engine } from './engine.ts';
import { fourLetterWord } from './engine-process.ts';

/** What can list the children of a znode, such as a client. */
export interface Lister {
  getChildren(path: string): Promise<readonly string[]>;
  /** Waits until it sees what others have written. */
  sync(path: string): Promise<void>;
}

/** What its users have left in a coordination service at one moment. */
export interface Traces {
  /** Every znode but those of the service itself. */
  readonly znodes: ReadonlySet<string>;
  /** Watches that its servers hold, all together. */
  readonly watches: number;
  /** The paths of those watches that the servers tell of: Apache's tells none of children's. */
  readonly watched: readonly string[];
}

/** Looks at every znode and counts the watches of all servers. */
export async function tracesIn(servers: readonly Engine[], lister: Lister): Promise<Traces> {
  const znodes = new Set<string>();
  await lister.sync('/');
  await collect(lister, '/', znodes);
  const counts = await Promise.all(servers.map(watchesOf));
  const watched = await Promise.all(servers.map(({ port }) => fourLetterWord(port, 'wchp')));
  return {
    znodes,
    watches: counts.reduce((sum, count) => sum + count, 0),
    watched: watched.flatMap((answer) => answer.split('\n').filter((line) => line.startsWith('/'))),
  };
}

/** The names of a znode's children; none when it is gone: a server takes an empty container away some time. */
export async function childrenIn(lister: Pick<Lister, 'getChildren'>, path: string): Promise<readonly string[]> {
  try {
    return await lister.getChildren(path);
  } catch (error) {
    if (codeOf(error) === 'no_node') return [];
    throw error;
  }
}

/** What is there now and was not there before, for people; empty when nothing is. */
export function leftSince(before: Traces, now: Traces): readonly string[] {
  const znodes = [...now.znodes].filter((path) => !before.znodes.has(path)).map((path) => `the znode ${path}`);
  if (now.watches <= before.watches) return znodes;
  const known = now.watched.filter((path) => !before.watched.includes(path));
  return [...znodes, `${now.watches - before.watches} watches, among them on: ${known.join(' ')}`];
}

async function collect(lister: Lister, path: string, into: Set<string>): Promise<void> {
  for (const name of await childrenIn(lister, path)) {
    const child = path === '/' ? `/${name}` : `${path}/${name}`;
    if (child === '/zookeeper') continue;
    into.add(child);
    await collect(lister, child, into);
  }
}

/** A server that does not answer is counted as one that holds too many. */
async function watchesOf({ port }: Engine): Promise<number> {
  const [, count] = /^zk_watch_count\t(\d+)$/m.exec(await fourLetterWord(port, 'mntr')) ?? [];
  return count === undefined ? Number.POSITIVE_INFINITY : Number(count);
}
