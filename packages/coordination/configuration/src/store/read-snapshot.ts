import type { Snapshot } from '../model/config-picture.ts';
import { isWithin, keyOfName, scopeOf } from '../model/key.ts';
import { decodeHead, decodeValue, type Head, type ValueRecord } from '../model/records.ts';
import type { ConfigStore } from './config-store.ts';

/** Everything below these keys and trees (none: everything), as it was at one moment: read until nothing came between. */
export async function readSnapshot(store: ConfigStore, trees: readonly string[]): Promise<Snapshot> {
  for (;;) {
    const scopes = await scopesOf(store, trees);
    const heads = await readHeads(store, scopes);
    const names = await store.list(scopes.map((scope) => store.layout.scope(scope)));
    const keys = names.flat().map(keyOfName);
    const wanted = trees.length === 0 ? keys : keys.filter((key) => trees.some((tree) => isWithin(key, tree)));
    const paths = wanted.map((key) => store.layout.value(key));
    const found = await store.read(paths);
    if (!isSame(heads, await readHeads(store, await scopesOf(store, trees)))) continue;
    const values = new Map<string, ValueRecord>();
    for (const [i, key] of wanted.entries()) {
      const znode = found[i];
      if (znode !== undefined) values.set(key, decodeValue(paths[i] as string, znode.data));
    }
    return { heads, values };
  }
}

async function scopesOf(store: ConfigStore, trees: readonly string[]): Promise<readonly string[]> {
  if (trees.length > 0) return [...new Set(trees.map(scopeOf))];
  const [scopes = []] = await store.list([store.layout.scopes]);
  return scopes;
}

/** Also a scope that came between is a change: what it was made with may have been read already. */
function isSame(before: Heads, after: Heads): boolean {
  return (
    after.size === before.size && [...after].every(([scope, head]) => before.get(scope)?.revision === head?.revision)
  );
}

type Heads = ReadonlyMap<string, Head | undefined>;

async function readHeads(store: ConfigStore, scopes: readonly string[]): Promise<Heads> {
  const paths = scopes.map((scope) => store.layout.scope(scope));
  const found = await store.read(paths);
  return new Map(scopes.map((scope, i) => [scope, found[i] && decodeHead(paths[i] as string, found[i].data)] as const));
}
