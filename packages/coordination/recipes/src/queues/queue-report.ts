import type { Coordination } from '@reeve/client';
import { childrenIn, foundIn } from './found-in.ts';
import { delayOf, priorityOf, type QueueLayout } from './queue-layout.ts';

/** Items described by one request. */
const DESCRIBED_AT_ONCE = 15;

/** How much there is in a queue. */
export interface QueueStats {
  /** Items that can be taken. */
  readonly ready: number;
  /** Items that somebody has taken and not ended. */
  readonly taken: number;
  /** Items that are not due yet. */
  readonly delayed: number;
  /** When the next of them is due, milliseconds since the epoch. */
  readonly nextDueMs: number | undefined;
  /** Clients that wait for an item. */
  readonly takers: number;
  /** Clients that wait for room. */
  readonly putters: number;
}

/** One item, as one sees it without taking it. */
export interface QueueItemView {
  readonly name: string;
  readonly state: 'ready' | 'taken' | 'delayed';
  readonly priority: number;
  /** How often it was taken so far. */
  readonly attempts: number;
  readonly bytes: number;
  /** When it was put, or became due: milliseconds since the epoch, by the server's clock. */
  readonly since: number;
  /** When it is due, milliseconds since the epoch; only of delayed items. */
  readonly dueMs: number | undefined;
  /** Who has taken it. */
  readonly consumer: string | undefined;
}

/** Counts what there is in a queue. */
export async function statsOf(client: Coordination, layout: QueueLayout): Promise<QueueStats> {
  const { entries, taken, delayed, takers, putters } = await listsOf(client, layout);
  const isTaken = new Set(taken);
  const due = delayed.map((name) => delayOf(name)?.dueMs ?? Number.POSITIVE_INFINITY);
  return {
    ready: entries.filter((name) => !isTaken.has(name)).length,
    taken: entries.filter((name) => isTaken.has(name)).length,
    delayed: delayed.length,
    nextDueMs: due.length === 0 ? undefined : due.reduce((first, ms) => Math.min(first, ms)),
    takers: takers.length,
    putters: putters.length,
  };
}

/** Describes the first items of a queue: those taken and ready in the order of taking, then those not due yet. */
export async function itemsOf(client: Coordination, layout: QueueLayout, count: number) {
  const { entries, taken, delayed } = await listsOf(client, layout);
  const isTaken = new Set(taken);
  const names = [...entries, ...delayed].slice(0, count);
  const views: QueueItemView[] = [];
  for (let at = 0; at < names.length; at += DESCRIBED_AT_ONCE) {
    const batch = names.slice(at, at + DESCRIBED_AT_ONCE);
    const found = await Promise.all(batch.map((name) => describe(client, layout, { name, taken: isTaken.has(name) })));
    views.push(...found.filter((view) => view !== undefined));
  }
  return views;
}

async function listsOf(client: Coordination, layout: QueueLayout) {
  const paths = [layout.entries, layout.taken, layout.delayed, layout.takers, layout.putters];
  const found = await client.multiRead(paths.map((path) => ({ op: 'getChildren', path }) as const));
  const [entries = [], taken = [], delayed = [], takers = [], putters = []] = paths.map((path, at) =>
    childrenIn(found[at], path),
  );
  return {
    entries: entries.filter((name) => priorityOf(name) !== undefined).sort(),
    taken,
    delayed: delayed.filter((name) => delayOf(name) !== undefined).sort(),
    takers,
    putters,
  };
}

/** Its stat says all, but for who has taken it: the data of items is not read. */
async function describe(
  client: Coordination,
  layout: QueueLayout,
  { name, taken }: { readonly name: string; readonly taken: boolean },
): Promise<QueueItemView | undefined> {
  const delay = delayOf(name);
  const stat = await client.exists(`${delay === undefined ? layout.entries : layout.delayed}/${name}`);
  if (stat === undefined) return undefined;
  const view = { name, attempts: stat.version, bytes: stat.dataLength, since: Number(stat.ctime) };
  if (delay !== undefined) return { ...view, ...delay, state: 'delayed', consumer: undefined };
  const rest = { ...view, priority: priorityOf(name) ?? 0, dueMs: undefined };
  if (!taken) return { ...rest, state: 'ready', consumer: undefined };
  const path = `${layout.taken}/${name}`;
  const [mark] = await client.multiRead([{ op: 'getData', path }]);
  const found = foundIn(mark, path);
  if (found === undefined) return { ...rest, state: 'ready', consumer: undefined };
  // Behind the blank stands what tells one taking from another.
  return { ...rest, state: 'taken', consumer: String(found.data).split(' ', 1)[0] };
}
