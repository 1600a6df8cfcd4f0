import { pathFault, sequentialPathFault } from '@reeve/wire';
import { usageError } from '../cli-error.ts';

/** What a sequential znode may be called beside what any may: nothing, its number is a name. */
export type Naming = 'whole' | 'numbered';

/** The path of a znode as it was given. @throws CliError `usage` where it is none */
export function znodePath(text: string, naming: Naming = 'whole'): string {
  const fault = naming === 'whole' ? pathFault(text) : sequentialPathFault(text);
  if (fault === undefined) return text;
  throw usageError(`${JSON.stringify(text)} is no path of a znode: it ${fault}`, 'A path is like /shop/tills/4.');
}
