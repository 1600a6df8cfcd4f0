import { CodedError } from '@reeve/base';
import type { Coordination, RequestOptions, TransactionPart } from '@reeve/client';
import { type Refusal, writeBatch } from './batch.ts';
import { encodeRetry, encodeStatus, RECORD_BYTES_MAX } from './codec.ts';
import { bucketOf, type Layout } from './layout.ts';
import type { Ending } from './retry.ts';
import type { TaskId, TaskStatus } from './task.ts';

/** An ending, and the worker whose assignment goes with it. */
export interface OwnedEnding {
  readonly ending: Ending;
  readonly workerId: string;
}

/** Endings to be written, behind a fence where a primary writes them. */
export interface EndingBatch {
  readonly layout: Layout;
  readonly endings: readonly OwnedEnding[];
  readonly prefix?: readonly TransactionPart[];
}

type Target = EndingBatch & { readonly coordination: Coordination; readonly options: RequestOptions | undefined };
type RetryForm = 'create' | 'setData';
type Item = OwnedEnding & { readonly form: RetryForm };
type Refusals = readonly (Refusal | undefined)[];

/** What becomes of an ending is not known: the engine refused it for another reason than that it comes too late. */
export interface EndingFacts {
  readonly code: 'ending_refused';
  readonly taskId: TaskId;
  /** The protocol's name of the error. */
  readonly reason: string;
}

/** An ending that could not be written, although its attempt may well be this worker's still. */
export class EndingError extends CodedError<EndingFacts> {
  constructor(facts: EndingFacts, layout: Layout) {
    const folders = [layout.statuses, layout.retries]
      .map((folder) => `${folder}/${bucketOf(facts.taskId)}`)
      .join(' and ');
    super(facts, `the ending of task ${facts.taskId} was refused with ${facts.reason}: see that ${folders} are there`);
  }
}

/**
 * Writes what has come of attempts and removes their assignments, both or neither for each. `provesGone` says whether
 * a refusal means that the assignment is no longer there.
 */
export async function writeEndings(
  coordination: Coordination,
  batch: EndingBatch,
  options?: RequestOptions,
): Promise<Refusals> {
  const target = { ...batch, coordination, options };
  const items = batch.endings.map((owned): Item => ({ ...owned, form: expectedForm(owned.ending) }));
  const refusals = await writeItems(target, items);
  const corrected = await writeOtherForm(target, items, refusals);
  await removeLeftovers(target, corrected);
  return corrected;
}

/**
 * Whether a refusal proves that an attempt is over without this ending: its assignment is gone, or its task has a status.
 * A missing bucket proves nothing, nor does a retry record that came or went between two tries.
 */
export function provesGone({ kind }: Ending, { part, code }: Refusal): boolean {
  if (part === 1) return code === 'no_node';
  return kind === 'final' && code === 'node_exists';
}

/** The first attempt leaves a record where there was none; a record is there from then on. */
function expectedForm(ending: Ending): RetryForm {
  return ending.kind === 'retry' && ending.record.attempts > 1 ? 'setData' : 'create';
}

function writeItems({ coordination, layout, prefix, options }: Target, items: readonly Item[]): Promise<Refusals> {
  const partsOf = (item: Item) => endingParts(layout, item);
  return writeBatch(coordination, { items, partsOf, ...(prefix && { prefix }) }, options);
}

// What has come of it goes before the assignment, so that whoever watches never sees a finished task as waiting.
function endingParts(layout: Layout, { ending, workerId, form }: Item): readonly TransactionPart[] {
  const gone = { op: 'delete', path: layout.assignment(workerId, ending.taskId) } as const;
  if (ending.kind === 'final') {
    return [{ op: 'create', path: layout.status(ending.taskId), data: checkedStatus(ending.status) }, gone];
  }
  return [{ op: form, path: layout.retry(ending.taskId), data: encodeRetry(ending.record) }, gone];
}

/** A result that is too large to be kept is a failure of its task: silence would leave it running for ever. */
function checkedStatus(status: TaskStatus): Buffer {
  const data = encodeStatus(status);
  if (data.length <= RECORD_BYTES_MAX) return data;
  const { result: _result, ...rest } = status;
  const message = `the result takes ${data.length} bytes, at most ${RECORD_BYTES_MAX}: return the address of a large result`;
  return encodeStatus({ ...rest, outcome: 'failed', error: { code: 'result_invalid', message } });
}

/** A retry record may be there against expectation, or not (a redrive between two attempts): then the other way. */
async function writeOtherForm(target: Target, items: readonly Item[], refusals: Refusals): Promise<Refusals> {
  const again = [...items.keys()].filter((i) => items[i]?.ending.kind === 'retry' && refusals[i]?.part === 0);
  if (again.length === 0) return refusals;
  const second = await writeItems(
    target,
    again.map((i) => otherForm(items[i] as Item)),
  );
  return refusals.map((refusal, i) => (again.includes(i) ? second[again.indexOf(i)] : refusal));
}

function otherForm(item: Item): Item {
  return { ...item, form: item.form === 'create' ? 'setData' : 'create' };
}

/** A task that has a status keeps an assignment only if somebody broke the rules: mend it. */
async function removeLeftovers(target: Target, refusals: Refusals): Promise<void> {
  const items = target.endings.filter(
    ({ ending }, i) => ending.kind === 'final' && refusals[i]?.part === 0 && refusals[i].code === 'node_exists',
  );
  if (items.length === 0) return;
  const { coordination, layout, prefix, options } = target;
  const partsOf = ({ ending, workerId }: OwnedEnding) => [
    { op: 'delete' as const, path: layout.assignment(workerId, ending.taskId) },
  ];
  await writeBatch(coordination, { items, partsOf, ...(prefix && { prefix }) }, options);
}
