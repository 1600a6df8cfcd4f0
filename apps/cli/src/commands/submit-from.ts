import type { CallOptions, Outcome, Reeve, TaskHandle } from '@reeve/sdk';
import { CliError } from '../cli-error.ts';
import { type Context, withReeve } from '../context.ts';
import { type ExitCode, exitCodes } from '../exit-codes.ts';
import { formatDuration } from '../input/duration.ts';
import { readTasks } from '../input/lines.ts';
import { showProgress } from '../output/progress.ts';
import { count, paintState } from '../output/words.ts';

/** `reeve submit --from`: every line of a file, in batches; waits for all of them where `wait` is given. */
export async function submitFrom(context: Context, file: string, wait: CallOptions | undefined): Promise<ExitCode> {
  // A file is read twice, so that a wrong line is found before anything is submitted.
  const total = file === '-' ? 0 : await countTasks(file);
  return withReeve(context, async (reeve) => {
    const tasks: TaskHandle[] = [];
    const onSubmitted = wait === undefined ? () => {} : (some: readonly TaskHandle[]) => tasks.push(...some);
    await submitAll(context, { reeve, file, total, onSubmitted });
    return wait === undefined ? exitCodes.ok : awaitAll(context, tasks, wait);
  });
}

interface Submission {
  readonly reeve: Reeve;
  readonly file: string;
  /** How many there are; 0 when nobody knows. */
  readonly total: number;
  readonly onSubmitted: (tasks: readonly TaskHandle[]) => void;
}

async function submitAll({ output, signal }: Context, { reeve, file, total, onSubmitted }: Submission): Promise<void> {
  const startedAt = Date.now();
  const progress = showProgress({ label: 'submitted', total, stream: process.stderr });
  let submitted = 0;
  try {
    for await (const tasks of reeve.submitMany(readTasks(file, process.stdin), { signal })) {
      submitted += tasks.length;
      progress.advance(tasks.length);
      onSubmitted(tasks);
      if (output.format === 'json') for (const { taskId } of tasks) await output.json({ taskId });
    }
  } catch (error) {
    throw withCount(error, submitted);
  } finally {
    progress.stop();
  }
  output.note(`submitted ${count(submitted, 'task')} in ${formatDuration(Date.now() - startedAt)}`);
}

/** Says of a stream that went wrong how much of it is submitted. */
function withCount(error: unknown, submitted: number): unknown {
  if (!(error instanceof CliError) || submitted === 0) return error;
  const advice = `${count(submitted, 'task')} of the lines before it are submitted: mend it, and go on from there.`;
  return new CliError({ ...error.facts, advice }, error.message);
}

async function awaitAll(context: Context, tasks: readonly TaskHandle[], wait: CallOptions): Promise<ExitCode> {
  const { output } = context;
  const outcomes = new Map<Outcome, number>();
  const progress = showProgress({ label: 'finished', total: tasks.length, stream: process.stderr });
  const awaitOne = async (task: TaskHandle) => {
    const status = await task.finished(wait);
    outcomes.set(status.outcome, (outcomes.get(status.outcome) ?? 0) + 1);
    progress.advance(1);
    if (output.format === 'json') await output.json({ taskId: task.taskId, status });
  };
  try {
    await Promise.all(tasks.map(awaitOne));
  } finally {
    progress.stop();
  }
  const parts = [...outcomes].map(([outcome, number]) => `${paintState(outcome, output.colors)(outcome)} ${number}`);
  output.note(parts.join('  '));
  return (outcomes.get('succeeded') ?? 0) === tasks.length ? exitCodes.ok : exitCodes.failed;
}

async function countTasks(file: string): Promise<number> {
  let total = 0;
  for await (const _task of readTasks(file, process.stdin)) total += 1;
  return total;
}
