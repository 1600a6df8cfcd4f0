import { octetsOf } from '../octets.ts';
import {
  feedHash,
  type NameRange,
  type Newborn,
  ROOT,
  seedHash,
  type ZnodeId,
  type ZnodeStore,
} from './znode-store.ts';

export const SLASH = 47;
const ASCII_MAX = 127;
const OCTET_MAX = 255;
/** Where a path leads that holds characters which are not one octet each. */
const WIDE = -1;
/** The name that is being looked for: one object for all, because a look-up must leave nothing behind. */
const wanted: { -readonly [K in keyof NameRange]: NameRange[K] } = { octets: '', start: 0, end: 0, hash: 0 };

/** The parent of the znode that is, or may be, at a path. */
export function findParent(store: ZnodeStore, path: string): ZnodeId {
  const slash = lastSlash(path);
  if (slash < 0) return 0;
  // Of a path that begins with two slashes, too: what is wrong with it is said later.
  if (slash <= 1 && path.charCodeAt(0) === SLASH) return ROOT;
  const id = descend(store, path, slash, ASCII_MAX);
  if (id !== WIDE) return id;
  const octets = octetsOf(path);
  return descend(store, octets, octets.lastIndexOf('/'), OCTET_MAX);
}

/** The child of a znode that has the last name of a path; the root, which is nobody's child, is found as well. */
export function findChild(store: ZnodeStore, parent: ZnodeId, path: string): ZnodeId {
  return path.length === 1 ? ROOT : store.child(parent, lastName(parent, path));
}

/** Adds a child, which must not be there, under the last name of a path. */
export function addChild(store: ZnodeStore, parent: ZnodeId, path: string, born: Newborn): ZnodeId {
  return store.add(parent, lastName(parent, path), born);
}

/** The path of a znode. */
export function pathOf(store: ZnodeStore, id: ZnodeId): string {
  if (id === ROOT) return '/';
  let length = 0;
  for (let at = id; at !== ROOT; at = store.parent(at)) length += store.nameLength(at) + 1;
  const bytes = Buffer.allocUnsafe(length);
  for (let at = id; at !== ROOT; at = store.parent(at)) {
    length -= store.nameLength(at);
    store.copyName(at, bytes, length);
    length -= 1;
    bytes[length] = SLASH;
  }
  return bytes.utf8Slice(0, bytes.length);
}

/** Where the last slash of a path is, -1 without one. Names are short: the engine's own search costs a call into it. */
export function lastSlash(path: string): number {
  let at = path.length - 1;
  while (at >= 0 && path.charCodeAt(at) !== SLASH) at -= 1;
  return at;
}

/** The last name of a path, as it is hashed under a parent. Good until the next look-up. */
function lastName(parent: ZnodeId, path: string): NameRange {
  let hash = seedHash(parent);
  const start = lastSlash(path) + 1;
  for (let i = start; i < path.length; i += 1) {
    const character = path.charCodeAt(i);
    if (character > ASCII_MAX) return lastWideName(parent, path);
    hash = feedHash(hash, character);
  }
  wanted.octets = path;
  wanted.start = start;
  wanted.end = path.length;
  wanted.hash = hash;
  return wanted;
}

/** As `lastName`, for a name with characters that are not one octet each. */
function lastWideName(parent: ZnodeId, path: string): NameRange {
  const octets = octetsOf(path.slice(lastSlash(path) + 1));
  let hash = seedHash(parent);
  for (let i = 0; i < octets.length; i += 1) hash = feedHash(hash, octets.charCodeAt(i));
  return { octets, start: 0, end: octets.length, hash };
}

/** Follows the first `end` characters of a path from the root, name by name. */
function descend(store: ZnodeStore, path: string, end: number, characterMax: number): ZnodeId {
  if (path.charCodeAt(0) !== SLASH) return 0;
  let id = ROOT;
  let start = 1;
  let hash = seedHash(ROOT);
  wanted.octets = path;
  for (let i = 1; i <= end; i += 1) {
    const character = i === end ? SLASH : path.charCodeAt(i);
    if (character > characterMax) return WIDE;
    if (character !== SLASH) {
      hash = feedHash(hash, character);
      continue;
    }
    wanted.start = start;
    wanted.end = i;
    wanted.hash = hash;
    id = store.child(id, wanted);
    if (id === 0) return 0;
    start = i + 1;
    hash = seedHash(id);
  }
  return id;
}
