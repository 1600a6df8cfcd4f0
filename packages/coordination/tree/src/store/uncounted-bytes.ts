/**
 * Zeros for a page that stays. A shared buffer, though it is shared with nobody: V8 takes any other, beside a small heap,
 * for a reason to collect, and a tree that grows would have it mark all of the heap several times a second. For the same
 * reason not for what comes and goes.
 */
export function uncountedBytes(length: number): SharedArrayBuffer {
  return new SharedArrayBuffer(length);
}
