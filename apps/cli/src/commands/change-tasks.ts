import { type TaskHandle, taskIdOf } from '@reeve/sdk';
import { type Context, withReeve } from '../context.ts';
import { type ExitCode, exitCodes } from '../exit-codes.ts';
import type { Output } from '../output/output.ts';
import { formatReport, reportOf } from '../report-error.ts';

/** `reeve tasks cancel`: asks for it; with a time-out, also waits until they have ended. */
export function cancelTasks(
  context: Context,
  ids: readonly string[],
  waitTimeoutMs: number | undefined,
): Promise<ExitCode> {
  const { signal } = context;
  return changeEach(context, ids, async (task) => {
    await task.cancel({ signal });
    if (waitTimeoutMs === undefined) return 'cancel requested';
    const { outcome } = await task.finished({ signal, timeoutMs: waitTimeoutMs });
    return outcome;
  });
}

/** `reeve tasks retry`. */
export function retryTasks(context: Context, ids: readonly string[]): Promise<ExitCode> {
  return changeEach(context, ids, async (task) => {
    await task.retry({ signal: context.signal });
    return 'waiting again';
  });
}

type Change = (task: TaskHandle) => Promise<string>;

/** Changes one task after the other, and says of each what came of it. The first failure decides the exit code. */
async function changeEach(context: Context, ids: readonly string[], change: Change): Promise<ExitCode> {
  const taskIds = ids.map(taskIdOf);
  return withReeve(context, async (reeve) => {
    let exitCode: ExitCode = exitCodes.ok;
    for (const task of taskIds.map((taskId) => reeve.task(taskId))) {
      if (context.signal.aborted) return exitCodes.interrupted;
      const result = await changeOne(context.output, task, change);
      if (exitCode === exitCodes.ok) exitCode = result;
    }
    return exitCode;
  });
}

async function changeOne(output: Output, task: TaskHandle, change: Change): Promise<ExitCode> {
  const { taskId } = task;
  try {
    const done = await change(task);
    await output.show({ taskId, done }, () => `${taskId}  ${done}`);
    return exitCodes.ok;
  } catch (error) {
    const { exitCode, ...report } = reportOf(error);
    if (output.format === 'json') await output.json({ taskId, error: report });
    else output.note(formatReport({ exitCode, ...report }, output.colors));
    return exitCode;
  }
}
