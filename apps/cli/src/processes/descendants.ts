import { spawnSync } from 'node:child_process';

/** How long to wait for the list of processes, milliseconds. */
const LIST_MS_MAX = 1_000;

/** All processes that a process has started, and those that these have; none where the system does not tell. */
export function descendantsOf(pid: number): readonly number[] {
  const { stdout } = spawnSync('ps', ['-A', '-o', 'pid=,ppid='], { encoding: 'utf8', timeout: LIST_MS_MAX });
  return stdout ? descendantsIn(stdout, pid) : [];
}

/** The same by a list of processes: a line for each, with its id and that of its parent. */
export function descendantsIn(list: string, pid: number): readonly number[] {
  const childrenOf = new Map<number, number[]>();
  for (const line of list.split('\n')) {
    const [child, parent] = line.trim().split(/\s+/).map(Number);
    if (child === undefined || parent === undefined) continue;
    const siblings = childrenOf.get(parent);
    if (siblings === undefined) childrenOf.set(parent, [child]);
    else siblings.push(child);
  }
  const found: number[] = [];
  for (let next: readonly number[] = [pid]; next.length > 0; ) {
    next = next.flatMap((parent) => childrenOf.get(parent) ?? []);
    found.push(...next);
  }
  return found;
}
