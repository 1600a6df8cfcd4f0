import { isObject, type JsonObject, type JsonValue } from './json.ts';
import { isWithin } from './key.ts';

/**
 * What stands at `path`: the value of that key, or else an object of all that is below, level by level; undefined where
 * there is nothing. An empty path stands for everything.
 */
export function documentAt(values: Iterable<readonly [string, JsonValue]>, path: string): JsonValue | undefined {
  const root: Mutable = {};
  let found = false;
  for (const [key, value] of values) {
    if (key === path) return value;
    if (path !== '' && !isWithin(key, path)) continue;
    found = true;
    place(root, path === '' ? key : key.slice(path.length + 1), value);
  }
  return found ? (root as JsonObject) : undefined;
}

/** The keys and values below `path` that make this document: each object is taken apart, level by level. */
export function keysOf(document: JsonValue, path: string): readonly (readonly [string, JsonValue])[] {
  if (!isObject(document)) return [[path, document]];
  return Object.entries(document).flatMap(([name, value]) => keysOf(value, path === '' ? name : `${path}/${name}`));
}

type Mutable = { [name: string]: JsonValue | Mutable };

function place(root: Mutable, key: string, value: JsonValue): void {
  const names = key.split('/');
  const last = names.pop() as string;
  let at = root;
  for (const name of names) {
    // Only what is its own: every object has a `constructor`, and that is everybody's.
    if (!Object.hasOwn(at, name)) at[name] = {};
    at = at[name] as Mutable;
  }
  at[last] = value;
}
