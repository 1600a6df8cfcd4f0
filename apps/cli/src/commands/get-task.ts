import { type TaskReport, taskIdOf } from '@reeve/sdk';
import { type Context, withReeve } from '../context.ts';
import type { ExitCode } from '../exit-codes.ts';
import { formatDuration } from '../input/duration.ts';
import { type Detail, renderDetails } from '../output/details.ts';
import type { Output } from '../output/output.ts';
import { describeState, describeWork, formatTime, paintState } from '../output/words.ts';

/** `reeve tasks get`. */
export async function getTask(context: Context, id: string): Promise<ExitCode | undefined> {
  const { output, signal } = context;
  const taskId = taskIdOf(id);
  const report = await withReeve(context, (reeve) => reeve.task(taskId).describe({ signal }));
  await output.show(report, () => formatReport(report, output, Date.now()));
  return undefined;
}

/** All that is known of a task, for people. */
export function formatReport(task: TaskReport, output: Pick<Output, 'colors'>, now: number): string {
  const { spec, state, status } = task;
  const note = describeState(task);
  const painted = paintState(state, output.colors)(state);
  const details: readonly Detail[] = [
    ['task', task.taskId],
    ['state', note === '' ? painted : `${painted}  ${note}`],
    ['cancel', task.cancel === undefined ? undefined : 'requested'],
    [spec.work.kind, describeWork(spec)],
    ['queue', spec.priority === 0 ? spec.queue : `${spec.queue}, priority ${spec.priority}`],
    ['submitted', formatTime(spec.submittedAt, now)],
    ['not before', spec.notBefore > now ? formatTime(spec.notBefore, now) : undefined],
    ['policy', policyOf(task)],
    ['attempts', attemptsOf(task)],
    ['finished', status === undefined ? undefined : formatTime(status.finishedAt, now)],
    ['worker', status?.workerId],
    ['result', status?.result === undefined ? undefined : JSON.stringify(status.result, undefined, 2)],
    ['stdout', status?.error?.stdout || undefined],
    ['stderr', status?.error?.stderr || undefined],
    ['stack', status?.error?.stack],
  ];
  return renderDetails(details, output);
}

function policyOf({ spec }: TaskReport): string {
  const { attemptsMax, backoffMs } = spec.retry;
  const retries =
    attemptsMax === 1 ? 'no retries' : `${attemptsMax} attempts, ${formatDuration(backoffMs)} apart at first`;
  const repeat = spec.repeat === 'once' ? ['never started twice'] : [];
  const timeout = spec.timeoutMs === 0 ? [] : [`${formatDuration(spec.timeoutMs)} each`];
  return [retries, ...timeout, ...repeat].join(', ');
}

function attemptsOf({ status, assignment, retry }: TaskReport): string {
  const attempts = status?.attempts ?? assignment?.attempt ?? retry?.attempts ?? 0;
  const lastError = status === undefined ? retry?.lastError : undefined;
  const lost = retry === undefined || retry.workersLost === 0 ? '' : `, ${retry.workersLost} ended with their worker`;
  return `${attempts}${lost}${lastError === undefined ? '' : `, the last failed: ${lastError.message}`}`;
}
