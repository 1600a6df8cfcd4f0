/**
 * Where a queue keeps what. `entries` and `taken` are those of kazoo's `LockingQueue`, so that programs with kazoo put
 * and take in the same queue; the others are ours.
 */
export interface QueueLayout {
  readonly path: string;
  /** An item each, named `entry-PPP-SSSSSSSSSS`: priority and number, so that names sort as items are taken. */
  readonly entries: string;
  /** An ephemeral znode for each item that somebody has taken, of the same name; its data says who. */
  readonly taken: string;
  /** Items that are not due yet: `due-TTTTTTTTTTTTTTT-PPP-SSSSSSSSSS`, the time in milliseconds since the epoch. */
  readonly delayed: string;
  /** The line of those who wait for an item. */
  readonly takers: string;
  /** The line of those who wait for room, and the marks of those who put. */
  readonly putters: string;
  readonly marks: string;
}

/** The layout of the queue at `path`. */
export function queueLayout(path: string): QueueLayout {
  return {
    path,
    entries: `${path}/entries`,
    taken: `${path}/taken`,
    delayed: `${path}/delayed`,
    takers: `${path}/takers`,
    putters: `${path}/putters`,
    marks: `${path}/marks`,
  };
}

/** The priority of items that say nothing else, as in kazoo. */
export const PRIORITY_DEFAULT = 100;
/** The lowest priority; 0 is the highest. */
export const PRIORITY_MAX = 999;

const PRIORITY_DIGITS = 3;
const DUE_DIGITS = 15;

const entryName = /^entry-(\d{3})-\d{10}$/;
const delayedName = /^due-(\d{15})-(\d{3})-\d{10}$/;

/** What the name of an item begins with; the server appends its number. */
export function entryPrefix(priority: number): string {
  return `entry-${padded(priority, PRIORITY_DIGITS)}-`;
}

/** The priority of an entry; none where the name is not that of an entry. */
export function priorityOf(name: string): number | undefined {
  const digits = entryName.exec(name)?.[1];
  return digits === undefined ? undefined : Number(digits);
}

/** What the name of an item that is not due yet begins with. */
export function delayedPrefix(dueMs: number, priority: number): string {
  return `due-${padded(Math.ceil(dueMs), DUE_DIGITS)}-${padded(priority, PRIORITY_DIGITS)}-`;
}

/** When an item is due, and how urgent it is then; none where the name is not that of a delayed item. */
export function delayOf(name: string): { readonly dueMs: number; readonly priority: number } | undefined {
  const [, due, priority] = delayedName.exec(name) ?? [];
  return due === undefined ? undefined : { dueMs: Number(due), priority: Number(priority) };
}

function padded(value: number, digits: number): string {
  return String(value).padStart(digits, '0');
}
