import { sequenceOf } from '../line/line-order.ts';

/** How one in line wants a lock: together with others who read, or alone. */
export type Access = 'read' | 'write';

/** What the names of readers hold: Curator's and ours, and kazoo's (`ReadLock`). */
const reader = /__READ__\d{10}$|__rlock__\d{10}$/;

/** What one in line wants, by its name or path. */
export function accessOf(name: string): Access {
  return reader.test(name) ? 'read' : 'write';
}

/** One that reads where its owner wrote has the number of the writer, which is not before it. */
export function lastWriterBefore(line: readonly string[], own: number): string | undefined {
  const number = sequenceOf(line[own] as string);
  return line.findLast((name) => sequenceOf(name) < number && accessOf(name) === 'write');
}

/** Whether one in line has the lock, whoever stands there: readers share it. */
export function holdsLock(line: readonly string[], at: number): boolean {
  if (accessOf(line[at] as string) === 'read') return lastWriterBefore(line, at) === undefined;
  return at === 0 || isOwnReader(line, at);
}

/** A writer holds as well where only those are before it that read in its own place. */
function isOwnReader(line: readonly string[], at: number): boolean {
  const number = sequenceOf(line[at] as string);
  return line.slice(0, at).every((name) => sequenceOf(name) === number);
}
