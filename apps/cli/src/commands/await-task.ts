import type { CallOptions, TaskHandle, TaskStatus } from '@reeve/sdk';
import type { Context } from '../context.ts';
import { type ExitCode, exitCodes } from '../exit-codes.ts';
import { describeStatus, paintState } from '../output/words.ts';

/** A task to wait for, and how long. */
export interface Awaiting {
  readonly task: TaskHandle;
  readonly wait: CallOptions;
}

/** Waits for a task and prints what it came to: its result on standard output, the rest on standard error. */
export async function awaitTask({ output }: Context, { task, wait }: Awaiting): Promise<ExitCode> {
  const { taskId } = task;
  const status = await task.finished(wait);
  if (output.format === 'json') await output.json({ taskId, status });
  else {
    const printed = resultText(status);
    if (printed !== '') await output.line(printed);
    output.note(
      `task ${taskId} ${paintState(status.outcome, output.colors)(status.outcome)}  ${describeStatus(status)}`,
    );
  }
  return status.outcome === 'succeeded' ? exitCodes.ok : exitCodes.failed;
}

/** What a task leaves on standard output: that of a command as it is, the result of a handler as JSON. */
function resultText({ result, error }: TaskStatus): string {
  if (error !== undefined) return [error.stdout, error.stderr].filter(Boolean).join('\n').trimEnd();
  if (isCommandResult(result)) return `${result.stdout}${result.stderr}`.trimEnd();
  return result === undefined || result === null ? '' : JSON.stringify(result, undefined, 2);
}

interface CommandResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

function isCommandResult(result: unknown): result is CommandResult {
  return (
    typeof result === 'object' && result !== null && 'exitCode' in result && 'stdout' in result && 'stderr' in result
  );
}
