import type { MasterSummary, WorkerSummary } from '@reeve/sdk';
import type { Command } from 'commander';
import { type Context, withReeve } from '../context.ts';
import type { ExitCode } from '../exit-codes.ts';
import type { Output } from '../output/output.ts';
import { type Column, renderTable } from '../output/table.ts';
import { ago } from '../output/words.ts';
import { withSettings } from '../settings.ts';
import { type Act, examples } from './act.ts';
import { watchWorkers } from './watch-workers.ts';

/** `reeve workers` and `reeve masters`: who is there. */
export function addFleet(program: Command, act: Act): void {
  withSettings(
    program
      .command('workers')
      .summary('list the workers')
      .description('Lists the workers that live, what they run and how busy they are.')
      .option('-w, --watch', 'tell who comes, changes and goes, until Ctrl-C'),
  )
    .addHelpText(
      'after',
      examples('reeve workers', 'reeve workers --watch', 'reeve workers --json | jq .record.handlers'),
    )
    .action((raw: { readonly watch?: true }, self: Command) => act(self, raw.watch ? watchWorkers : showWorkers));
  withSettings(
    program
      .command('masters')
      .summary('list the masters')
      .description('Lists the masters that live: the primary, and its backups.'),
  )
    .addHelpText('after', examples('reeve masters'))
    .action((_raw, self: Command) => act(self, showMasters));
}

async function showWorkers(context: Context): Promise<ExitCode | undefined> {
  const { output, signal } = context;
  const workers = await withReeve(context, (reeve) => reeve.workers({ signal }));
  await showRows(output, {
    rows: workers,
    columns: workerColumns(output, Date.now()),
    none: 'no workers: start one with "reeve worker"',
  });
  return undefined;
}

async function showMasters(context: Context): Promise<ExitCode | undefined> {
  const { output, signal } = context;
  const masters = await withReeve(context, (reeve) => reeve.masters({ signal }));
  await showRows(output, {
    rows: masters,
    columns: masterColumns(output, Date.now()),
    none: 'no masters: start one with "reeve master"',
  });
  return undefined;
}

interface Rows<Row> {
  readonly rows: readonly Row[];
  readonly columns: readonly Column<Row>[];
  /** What to say when there are none. */
  readonly none: string;
}

async function showRows<Row>(output: Output, { rows, columns, none }: Rows<Row>): Promise<void> {
  if (output.format === 'json') for (const row of rows) await output.json(row);
  else if (rows.length > 0) await output.line(renderTable(columns, rows, output));
  else output.note(none);
}

function workerColumns({ colors }: Output, now: number): readonly Column<WorkerSummary>[] {
  return [
    { head: 'WORKER', text: ({ workerId }) => workerId },
    { head: 'HOST', text: ({ record }) => record?.host ?? '?' },
    { head: 'PID', text: ({ record }) => String(record?.pid ?? '?'), align: 'right' },
    { head: 'BUSY', text: ({ assigned, record }) => `${assigned}/${record?.slots ?? '?'}`, align: 'right' },
    { head: 'UP', text: ({ record }) => (record === undefined ? '?' : ago(record.startedAt, now)), align: 'right' },
    {
      head: 'PHASE',
      text: ({ record }) => record?.phase ?? '?',
      paint: ({ record }) => (record?.phase === 'accepting' ? colors.green : colors.yellow),
    },
    { head: 'QUEUES', text: ({ record }) => record?.queues.join(', ') ?? '?' },
    { head: 'RUNS', text: runsOf },
  ];
}

function runsOf({ record, problem }: WorkerSummary): string {
  if (record === undefined) return problem ?? '?';
  const commands = record.runs.includes('commands') ? ['commands'] : [];
  return [...record.handlers, ...commands].join(', ');
}

function masterColumns({ colors }: Output, now: number): readonly Column<MasterSummary>[] {
  return [
    { head: 'MASTER', text: ({ masterId }) => masterId },
    { head: 'ROLE', text: ({ role }) => role, paint: ({ role }) => (role === 'primary' ? colors.green : colors.dim) },
    { head: 'HOST', text: ({ host }) => host },
    { head: 'PID', text: ({ pid }) => String(pid), align: 'right' },
    { head: 'UP', text: ({ since }) => ago(since, now), align: 'right' },
  ];
}
