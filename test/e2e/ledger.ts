import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** What the attempts of one task wrote down themselves: the only witness that no part of Reeve had a hand in. */
export interface Witnessed {
  /** The fencing tokens of the attempts that started, in the order of the files; one for each start. */
  readonly starts: number[];
  readonly ends: number[];
}

/** Reads every ledger in `directory`: what the tasks did, by task id. A line that was torn by a kill is left out. */
export function readLedgers(directory: string): ReadonlyMap<string, Witnessed> {
  const found = new Map<string, Witnessed>();
  for (const file of readdirSync(directory).filter((name) => name.endsWith('.ledger'))) {
    const lines = readFileSync(join(directory, file), 'utf8').split('\n').slice(0, -1);
    for (const line of lines) {
      const [what, taskId = '', , fence] = line.split(' ');
      const task = found.get(taskId) ?? { starts: [], ends: [] };
      found.set(taskId, task);
      (what === 'start' ? task.starts : task.ends).push(Number(fence));
    }
  }
  return found;
}
