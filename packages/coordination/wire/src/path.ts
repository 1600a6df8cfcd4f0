/** Why a path is not legal, as a clause that follows the path in a message; `undefined` when it is legal. */
export function pathFault(path: string): string | undefined {
  if (path.length === 0) return 'must not be empty';
  if (path.charCodeAt(0) !== SLASH) return 'must start with /';
  if (path.length === 1) return undefined;
  if (path.charCodeAt(path.length - 1) === SLASH) return 'must not end with /';
  return segmentsFault(path, 0);
}

/** As `pathFault`, for a path whose parent is known to be there: then all but its last name is legal. */
export function lastNameFault(path: string): string | undefined {
  let slash = path.length - 1;
  while (slash >= 0 && path.charCodeAt(slash) !== SLASH) slash -= 1;
  // The parent of `//x` passes for the root.
  if (slash > 0 && path.charCodeAt(slash - 1) === SLASH) return segmentsFault(path, 0);
  return path === '/' ? undefined : segmentsFault(path, slash);
}

/** As `pathFault`, for the path of a sequential create, which may end with `/`: the suffix is the whole name. */
export function sequentialPathFault(path: string): string | undefined {
  return pathFault(`${path}1`);
}

/** The path of the parent; `/` for a top-level znode. The path must be legal and not the root. */
export function parentPath(path: string): string {
  const slash = path.lastIndexOf('/');
  return slash === 0 ? '/' : path.slice(0, slash);
}

/** The last segment of a legal path. */
export function baseName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

/** The path of child `name` under `parent`, the root included. */
export function childPath(parent: string, name: string): string {
  return parent === '/' ? `/${name}` : `${parent}/${name}`;
}

const SLASH = 47;
const DOT = 46;

/** @param slash the one behind which the names to be looked at begin */
function segmentsFault(path: string, slash: number): string | undefined {
  let start = slash + 1;
  for (let i = start; i <= path.length; i += 1) {
    const character = i === path.length ? SLASH : path.charCodeAt(i);
    if (character === SLASH) {
      const fault = segmentFault(path, start, i);
      if (fault !== undefined) return fault;
      start = i + 1;
    } else if (isForbidden(character)) {
      return `holds a character that is not allowed (U+${character.toString(16).padStart(4, '0')} at ${i})`;
    }
  }
  return undefined;
}

function segmentFault(path: string, start: number, end: number): string | undefined {
  const length = end - start;
  if (length === 0) return 'must not hold an empty name (//)';
  if (path.charCodeAt(start) !== DOT || length > 2) return undefined;
  if (length === 1 || path.charCodeAt(start + 1) === DOT) return 'must not hold a relative name (. or ..)';
  return undefined;
}

// The ranges that PathUtils.validatePath refuses: control characters, surrogates, private use and specials.
function isForbidden(character: number): boolean {
  if (character > 0x1f && character < 0x7f) return false;
  return (
    character <= 0x1f ||
    (character >= 0x7f && character <= 0x9f) ||
    (character >= 0xd800 && character <= 0xf8ff) ||
    (character >= 0xfff0 && character <= 0xffff)
  );
}
