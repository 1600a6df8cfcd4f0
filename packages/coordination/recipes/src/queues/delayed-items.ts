import { codeOf } from '@reeve/base';
import { ClientError, type Coordination, type TransactionPart } from '@reeve/client';
import { foundIn } from './found-in.ts';
import { delayOf, entryPrefix, type QueueLayout } from './queue-layout.ts';

/** Items moved by one write, and read by one request. */
const MOVED_MAX = 15;
/** Data moved by one write, bytes. */
const MOVED_BYTES_MAX = 800_000;

/** A move deletes, then creates. */
const PARTS = 2;

/** What a look at the delayed items came to: some were moved, or when the next one is due. */
export type Moved = 'some' | { readonly nextDueMs: number | undefined };

/**
 * Moves the items that are due to where they are taken, each exactly once: one transaction deletes it there and creates
 * it here, so whoever else tries it fails, and so does a second try.
 *
 * @param names what there is under `delayed`
 * @param now milliseconds since the epoch
 */
export async function moveDue(
  client: Coordination,
  layout: QueueLayout,
  { names, now }: { readonly names: readonly string[]; readonly now: number },
): Promise<Moved> {
  const delayed = names.filter((name) => delayOf(name) !== undefined).sort();
  const due = delayed.filter((name) => dueMs(name) <= now).slice(0, MOVED_MAX);
  if (due.length === 0) return { nextDueMs: delayed[0] === undefined ? undefined : dueMs(delayed[0]) };
  const parts = await movesOf(client, layout, due);
  if (parts.length === 0) return 'some';
  try {
    await client.multi(parts);
  } catch (error) {
    // Somebody else moves them as well; what is left is met with at the next look.
    const failed = error instanceof ClientError && codeOf(error) === 'no_node' ? error.facts.failedPart : undefined;
    // What cannot be created has nowhere to go: somebody has deleted a part of the queue.
    if (failed === undefined || failed % PARTS !== 0) throw error;
  }
  return 'some';
}

async function movesOf(client: Coordination, layout: QueueLayout, names: readonly string[]) {
  const reads = await client.multiRead(names.map((name) => ({ op: 'getData', path: `${layout.delayed}/${name}` })));
  const parts: TransactionPart[] = [];
  let bytes = 0;
  for (const [at, read] of reads.entries()) {
    const name = names[at] ?? '';
    const znode = foundIn(read, `${layout.delayed}/${name}`);
    if (znode === undefined) continue;
    bytes += znode.data.length;
    if (parts.length > 0 && bytes > MOVED_BYTES_MAX) break;
    const path = `${layout.entries}/${entryPrefix(delayOf(name)?.priority ?? 0)}`;
    parts.push({ op: 'delete', path: `${layout.delayed}/${name}` });
    parts.push({ op: 'create', path, data: znode.data, mode: 'persistent_sequential' });
  }
  return parts;
}

function dueMs(name: string): number {
  return delayOf(name)?.dueMs ?? Number.POSITIVE_INFINITY;
}
