import { type TaskState, type TaskSummary, taskIdOf } from '@reeve/sdk';
import { type Context, withReeve } from '../context.ts';
import type { ExitCode } from '../exit-codes.ts';
import type { Output } from '../output/output.ts';
import { type Column, renderTable } from '../output/table.ts';
import { ago, describeStatus, describeWork, paintState } from '../output/words.ts';

/** The options of `reeve tasks list`, as commander gives them. */
export interface RawList {
  readonly state?: TaskState;
  readonly queue?: string;
  readonly limit: number;
  readonly before?: string;
}

const PAGE_MAX = 1_000;
/** How much of a payload or command fits into a list on a terminal. */
const WHAT_MAX = 40;

/** `reeve tasks list`. */
export async function listTasks(context: Context, raw: RawList): Promise<ExitCode | undefined> {
  const { output, signal } = context;
  let before = raw.before === undefined ? undefined : taskIdOf(raw.before);
  return withReeve(context, async (reeve) => {
    for (let left = raw.limit; left > 0 && !signal.aborted; ) {
      const query = { state: raw.state, queue: raw.queue, limit: Math.min(left, PAGE_MAX), before, signal };
      const { tasks, next } = await reeve.list(query);
      await print(output, tasks);
      left -= tasks.length;
      before = next;
      if (before === undefined) return undefined;
    }
    output.note(output.colors.dim(`There are more: add --before ${before}, or a larger --limit.`));
    return undefined;
  });
}

async function print(output: Output, tasks: readonly TaskSummary[]): Promise<void> {
  if (output.format === 'json') for (const task of tasks) await output.json(task);
  else if (tasks.length > 0) await output.line(renderTable(columnsOf(output, Date.now()), tasks, output));
}

function columnsOf({ colors }: Output, now: number): readonly Column<TaskSummary>[] {
  return [
    { head: 'TASK', text: ({ taskId }) => taskId },
    { head: 'STATE', text: ({ state }) => state, paint: ({ state }) => paintState(state, colors) },
    { head: 'QUEUE', text: ({ spec }) => spec?.queue ?? '?' },
    { head: 'AGE', text: ({ spec }) => (spec === undefined ? '?' : ago(spec.submittedAt, now)), align: 'right' },
    { head: 'WHAT', text: ({ spec }) => (spec === undefined ? '?' : describeWork(spec)), widthMax: WHAT_MAX },
    { head: 'NOTE', text: noteOf },
  ];
}

function noteOf({ status, workerId, problem }: TaskSummary): string {
  if (problem !== undefined) return problem;
  if (status !== undefined) return describeStatus(status);
  return workerId === undefined ? '' : `on ${workerId}`;
}
