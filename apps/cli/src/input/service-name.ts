import { usageError } from '../cli-error.ts';

/** What a lock, an election or a semaphore may be called: one step of a path. */
const NAME = /^[^/\s\p{Cc}]+$/u;

/** The znode of a thing called `name` under the room of its kind, such as `locks`. */
export function servicePath(root: string, room: string, name: string): string {
  if (NAME.test(name) && name !== '.' && name !== '..') return `${root}/${room}/${name}`;
  throw usageError(`"${name}" is not a name`, 'A name has no slash and no space, such as nightly-backup.');
}
