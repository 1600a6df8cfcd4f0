import type { Coordination, RequestOptions, TransactionPart } from '@reeve/client';

/** The most items that one multi carries. */
const BATCH_ITEMS_MAX = 500;
/** The most bytes of paths and data that one multi carries: half the packet limit of 1 MB. */
const BATCH_BYTES_MAX = 512 * 1024;
/** How many multis or multiReads of one call are under way together. */
const BATCHES_IN_FLIGHT = 4;

/** Why the engine refused an item: the code of the part that failed, and its position among the item's parts. */
export interface Refusal {
  readonly code: string;
  readonly part: number;
}

/** What the state of a znode can refuse; anything else (an ACL, a quota) is no matter of one item, and fails the batch. */
const refusalCodes: ReadonlySet<string> = new Set(['node_exists', 'no_node', 'bad_version', 'not_empty']);

/** Items to be written: each has one or more parts that happen together, in multis with as many others as fit. */
export interface Batch<T> {
  readonly items: readonly T[];
  partsOf(item: T): readonly TransactionPart[];
  /** Opens every multi, such as a fence; when it is refused, the whole batch fails with the engine's error. */
  readonly prefix?: readonly TransactionPart[];
}

type Written = { readonly index: number; readonly parts: readonly TransactionPart[] };
type Refusals = (Refusal | undefined)[];

/**
 * Writes all items, and says of each whether it was refused. A multi that fails at an item is repeated without it, so
 * one bad item costs two more requests and never its neighbours. Rejects with the first error that is no refusal of an
 * item (a lost connection, a fence): then nothing is known of the items, and only an idempotent batch may be repeated.
 */
export async function writeBatch<T>(
  coordination: Coordination,
  batch: Batch<T>,
  options?: RequestOptions,
): Promise<readonly (Refusal | undefined)[]> {
  const refusals: Refusals = new Array(batch.items.length).fill(undefined);
  const prefix = batch.prefix ?? [];
  await pooled(chunksOf(batch), (chunk) => writeChunk({ coordination, prefix, options, refusals }, chunk));
  return refusals;
}

/** Runs `work` on every element, a few at a time, each taken when it is its turn; stops at the first failure. */
export async function pooled<T>(elements: Iterable<T>, work: (element: T) => Promise<void>): Promise<void> {
  const left = elements[Symbol.iterator]();
  let state: 'going' | 'failed' = 'going';
  const lane = async () => {
    for (let next = left.next(); state === 'going' && next.done !== true; next = left.next()) await work(next.value);
  };
  try {
    await Promise.all(Array.from({ length: BATCHES_IN_FLIGHT }, lane));
  } catch (error) {
    state = 'failed';
    throw error;
  }
}

type Target = {
  readonly coordination: Coordination;
  readonly prefix: readonly TransactionPart[];
  readonly options: RequestOptions | undefined;
  /** Of all items, by their position. */
  readonly refusals: Refusals;
};

async function writeChunk(target: Target, chunk: readonly Written[]): Promise<void> {
  if (chunk.length === 0) return;
  const parts = [...target.prefix];
  for (const { parts: own } of chunk) parts.push(...own);
  try {
    await target.coordination.multi(parts, target.options);
  } catch (error) {
    const refused = refusedItem(chunk, error, target.prefix.length);
    if (refused === undefined) throw error;
    target.refusals[(chunk[refused.at] as Written).index] = refused.refusal;
    await writeChunk(target, chunk.slice(0, refused.at));
    await writeRest(target, chunk.slice(refused.at + 1));
  }
}

/** Items beyond a refused one go in halves: where many are refused, each costs few bytes more. */
async function writeRest(target: Target, rest: readonly Written[]): Promise<void> {
  const half = Math.ceil(rest.length / 2);
  await writeChunk(target, rest.slice(0, half));
  await writeChunk(target, rest.slice(half));
}

function refusedItem(
  chunk: readonly Written[],
  error: unknown,
  prefix: number,
): { readonly at: number; readonly refusal: Refusal } | undefined {
  const facts = factsOf(error);
  if (facts === undefined || facts.failedPart < prefix || !refusalCodes.has(facts.code)) return undefined;
  let part = facts.failedPart - prefix;
  for (const [at, { parts }] of chunk.entries()) {
    if (part < parts.length) return { at, refusal: { code: facts.code, part } };
    part -= parts.length;
  }
  return undefined;
}

/** The facts of a multi that certainly failed, at a part of it. */
export function factsOf(error: unknown): { readonly code: string; readonly failedPart: number } | undefined {
  if (typeof error !== 'object' || error === null || !('facts' in error)) return undefined;
  const facts = error.facts as { code?: unknown; failedPart?: unknown; outcome?: unknown };
  if (facts.outcome !== 'failed' || typeof facts.code !== 'string' || typeof facts.failedPart !== 'number') return;
  return { code: facts.code, failedPart: facts.failedPart };
}

/** The items in portions that one multi may carry, each made when it is asked for. */
function* chunksOf<T>({ items, partsOf }: Batch<T>): Generator<readonly Written[]> {
  let chunk: Written[] = [];
  let bytes = 0;
  for (let index = 0; index < items.length; index += 1) {
    const parts = partsOf(items[index] as T);
    const size = sizeOf(parts);
    if (chunk.length > 0 && (chunk.length === BATCH_ITEMS_MAX || bytes + size > BATCH_BYTES_MAX)) {
      yield chunk;
      chunk = [];
      bytes = 0;
    }
    chunk.push({ index, parts });
    bytes += size;
  }
  if (chunk.length > 0) yield chunk;
}

// Headers, versions and the access list of a part, generously.
const PART_OVERHEAD_BYTES = 64;

function sizeOf(parts: readonly TransactionPart[]): number {
  let bytes = 0;
  for (const part of parts) {
    bytes += PART_OVERHEAD_BYTES + part.path.length;
    if ('data' in part && part.data !== null && part.data !== undefined) bytes += part.data.length;
  }
  return bytes;
}
