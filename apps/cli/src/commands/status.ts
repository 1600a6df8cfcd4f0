import { setTimeout as sleep } from 'node:timers/promises';
import type { Overview, QueueSummary, TaskState } from '@reeve/sdk';
import type { Command } from 'commander';
import { type Context, withReeve } from '../context.ts';
import { type ExitCode, exitCodes } from '../exit-codes.ts';
import { renderDetails } from '../output/details.ts';
import type { Output } from '../output/output.ts';
import { renderTable } from '../output/table.ts';
import { ago, count, paintState } from '../output/words.ts';
import { withSettings } from '../settings.ts';
import { type Act, examples } from './act.ts';

const WATCH_PAUSE_MS = 1_000;
/** Moves to the upper left corner and clears what is below (ECMA-48: CUP, ED). */
const CLEAR = '\u001b[H\u001b[J';

/** `reeve status`: everything at a glance. */
export function addStatus(program: Command, act: Act): void {
  const command = program
    .command('status')
    .summary('everything at a glance')
    .description('Shows everything at a glance: who decides, who works, what waits and why.')
    .option('-w, --watch', 'show it again every second, until Ctrl-C');
  withSettings(command)
    .addHelpText('after', examples('reeve status', 'reeve status --watch', 'reeve status --json | jq .tasks'))
    .action((raw: { readonly watch?: true }, self: Command) =>
      act(self, (context) => (raw.watch === true ? watchStatus(context) : showStatus(context))),
    );
}

async function showStatus(context: Context): Promise<ExitCode | undefined> {
  const { output, signal } = context;
  const overview = await withReeve(context, (reeve) => reeve.status({ signal }));
  await output.show(overview, () => formatOverview(overview, output, Date.now()));
  return undefined;
}

async function watchStatus(context: Context): Promise<ExitCode> {
  const { output, signal } = context;
  const clear = process.stdout.isTTY === true ? CLEAR : '';
  return withReeve(context, async (reeve) => {
    while (!signal.aborted) {
      const overview = await reeve.status({ signal });
      await output.show(overview, () => clear + formatOverview(overview, output, Date.now()));
      await sleep(WATCH_PAUSE_MS, undefined, { signal }).catch(() => {});
    }
    return output.gone.aborted ? exitCodes.ok : exitCodes.interrupted;
  });
}

/** Everything at a glance, for people. */
export function formatOverview(overview: Overview, output: Pick<Output, 'colors' | 'width'>, now: number): string {
  const { colors } = output;
  const { primary, masters, workers, slots, tasks, oldestWaitingSince } = overview;
  const since = primary === undefined ? '' : `, epoch ${primary.epoch}, for ${ago(primary.since, now)}`;
  const oldest = oldestWaitingSince === undefined ? '' : colors.dim(`  oldest for ${ago(oldestWaitingSince, now)}`);
  const details = renderDetails(
    [
      ['primary', primary === undefined ? colors.red('none') : `${colors.green(primary.masterId)}${since}`],
      ['masters', String(masters)],
      ['workers', `${workers}, ${tasks.running} of ${count(slots, 'slot')} busy`],
      ['tasks', tasksLine(overview, output) + oldest],
      ['waiting', overview.reasons.map((reason) => `${reason.tasks} ×  ${reason.message}`).join('\n') || undefined],
    ],
    output,
  );
  return overview.queues.length === 0 ? details : `${details}\n\n${renderTable(queueColumns, overview.queues, output)}`;
}

function tasksLine({ tasks, counts }: Overview, { colors }: Pick<Output, 'colors'>): string {
  const states = Object.entries(tasks) as [TaskState, number][];
  const parts = states
    .filter(([, number]) => number > 0)
    .map(([state, number]) => {
      const near = counts === 'estimated' && state !== 'waiting' && state !== 'running' ? '~' : '';
      return `${near}${number.toLocaleString('en')} ${paintState(state, colors)(state)}`;
    });
  return parts.length === 0 ? 'none' : parts.join('  ');
}

const queueColumns = [
  { head: 'QUEUE', text: ({ queue }: QueueSummary) => queue },
  { head: 'WAITING', text: ({ waiting }: QueueSummary) => waiting.toLocaleString('en'), align: 'right' },
  { head: 'RUNNING', text: ({ running }: QueueSummary) => running.toLocaleString('en'), align: 'right' },
] as const;
