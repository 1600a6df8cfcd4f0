import { type Reeve, type TaskChange, type TaskId, taskIdOf } from '@reeve/sdk';
import { type Context, withReeve } from '../context.ts';
import { type ExitCode, exitCodes } from '../exit-codes.ts';
import type { Output } from '../output/output.ts';
import { describeState, describeStatus, paintState } from '../output/words.ts';

/** `reeve tasks watch`: all tasks until it is stopped, or some until they are finished. */
export async function watchTasks(context: Context, ids: readonly string[]): Promise<ExitCode> {
  const { output, signal } = context;
  const open = new Set(ids.map(taskIdOf));
  return withReeve(context, async (reeve) => {
    const taskIds = ids.length === 0 ? {} : { taskIds: [...open] };
    for await (const change of reeve.watch({ ...taskIds, signal })) {
      if (change.kind === 'armed') {
        if (ids.length === 0) output.note(output.colors.dim('Watching all tasks; Ctrl-C ends it.'));
        await showStates(reeve, output, open);
      } else await showChange(output, change);
      if (change.kind === 'finished') open.delete(change.taskId);
      if (ids.length > 0 && open.size === 0) return exitCodes.ok;
    }
    return output.gone.aborted ? exitCodes.ok : exitCodes.interrupted;
  });
}

/** How the tasks stand when the watch begins. Those that are finished need no watching. */
async function showStates(reeve: Reeve, output: Output, open: Set<TaskId>): Promise<void> {
  for (const taskId of [...open]) {
    const task = await reeve.task(taskId).describe();
    await output.show({ kind: 'state', ...task }, () =>
      lineOf({
        at: Date.now(),
        taskId,
        what: paintState(task.state, output.colors)(task.state),
        note: describeState(task),
      }),
    );
    if (task.status !== undefined) open.delete(taskId);
  }
}

async function showChange(output: Output, change: Exclude<TaskChange, { readonly kind: 'armed' }>): Promise<void> {
  await output.show(change, () => lineOf({ at: change.at, taskId: change.taskId, ...wordsOf(change, output) }));
}

interface Words {
  readonly what: string;
  readonly note: string;
}

const whyWaiting = { submitted: 'submitted', released: 'taken back from its worker', redriven: 'to be run again' };

function wordsOf(change: Exclude<TaskChange, { readonly kind: 'armed' }>, { colors }: Output): Words {
  switch (change.kind) {
    case 'waiting':
      return { what: colors.yellow('waiting'), note: whyWaiting[change.reason] };
    case 'assigned':
      return { what: colors.blue('assigned'), note: `to ${change.workerId}` };
    case 'cancel_requested':
      return { what: colors.dim('cancel requested'), note: '' };
    case 'finished':
      return {
        what: paintState(change.status.outcome, colors)(change.status.outcome),
        note: describeStatus(change.status),
      };
  }
}

function lineOf({ at, taskId, what, note }: Words & { readonly at: number; readonly taskId: TaskId }): string {
  const time = new Date(at).toTimeString().slice(0, 8);
  return `${time}  ${taskId}  ${what}${note === '' ? '' : `  ${note}`}`;
}
