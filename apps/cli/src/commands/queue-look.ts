import { codeOf } from '@reeve/base';
import type { Client } from '@reeve/client';
import type { QueueItemView, QueueStats } from '@reeve/recipes';
import { CliError } from '../cli-error.ts';
import { type Context, withClient } from '../context.ts';
import { type ExitCode, exitCodes } from '../exit-codes.ts';
import { servicePath } from '../input/service-name.ts';
import { type Column, renderTable } from '../output/table.ts';
import { ago, formatTime } from '../output/words.ts';

const ITEMS_DEFAULT = 100;

/** The options of `reeve queue ls`, as commander gives them. */
export interface RawQueueLs {
  readonly limit?: number;
}

/** `reeve queue ls`: the queues, or the items of one. */
export async function listQueue(context: Context, name: string | undefined, raw: RawQueueLs): Promise<ExitCode> {
  return withClient(context, (client) =>
    name === undefined ? listQueues(context, client) : listItems(context, client, { name, raw }),
  );
}

/** `reeve queue stats`: how much there is, and who waits. */
export async function showQueueStats(context: Context, name: string): Promise<ExitCode> {
  const { output } = context;
  return withClient(context, async (client) => {
    const stats = await statsOf(context, client, await known(context, client, name));
    await output.show({ queue: name, ...stats }, () => statsText(stats, Date.now()));
    return exitCodes.ok;
  });
}

interface QueueRow extends QueueStats {
  readonly queue: string;
}

async function listQueues(context: Context, client: Client): Promise<ExitCode> {
  const { output, settings } = context;
  const names = [...(await childrenOf(client, `${settings.root}/queues`))].sort();
  const rows: QueueRow[] = [];
  for (const queue of names)
    rows.push({ queue, ...(await statsOf(context, client, servicePath(settings.root, 'queues', queue))) });
  if (output.format === 'json') for (const row of rows) await output.json(row);
  else if (rows.length > 0) await output.line(renderTable(queueColumns, rows, output));
  else output.note('no queues: make one with "reeve queue put"');
  return exitCodes.ok;
}

async function listItems(
  context: Context,
  client: Client,
  { name, raw }: { readonly name: string; readonly raw: RawQueueLs },
): Promise<ExitCode> {
  const { output, signal } = context;
  const path = await known(context, client, name);
  const { Queue } = await import('@reeve/recipes');
  const count = raw.limit ?? ITEMS_DEFAULT;
  const items = await new Queue(client, { path }).list({ count: count + 1, signal });
  const shown = items.slice(0, count);
  if (output.format === 'json') for (const item of shown) await output.json(item);
  else if (shown.length > 0) await output.line(renderTable(itemColumns(Date.now()), shown, output));
  else output.note(`the queue "${name}" is empty`);
  if (items.length > count) output.note('there are more: see them with --limit');
  return exitCodes.ok;
}

async function statsOf({ signal }: Context, client: Client, path: string): Promise<QueueStats> {
  const { Queue } = await import('@reeve/recipes');
  return new Queue(client, { path }).stats({ signal });
}

/** The path of a queue that is there. */
async function known({ settings }: Context, client: Client, name: string): Promise<string> {
  const path = servicePath(settings.root, 'queues', name);
  if ((await client.exists(path)) !== undefined) return path;
  const advice = 'See which there are with "reeve queue ls"; "reeve queue put" makes one.';
  throw new CliError({ code: 'usage', exitCode: exitCodes.notFound, advice }, `there is no queue "${name}"`);
}

async function childrenOf(client: Client, path: string): Promise<readonly string[]> {
  try {
    return await client.getChildren(path);
  } catch (error) {
    if (codeOf(error) === 'no_node') return [];
    throw error;
  }
}

function statsText(stats: QueueStats, now: number): string {
  const due = stats.nextDueMs === undefined ? '' : `, the next one due ${formatTime(stats.nextDueMs, now)}`;
  return [
    `ready    ${stats.ready}`,
    `taken    ${stats.taken}`,
    `delayed  ${stats.delayed}${due}`,
    `waiting  ${stats.takers} to take, ${stats.putters} to put`,
  ].join('\n');
}

const queueColumns: readonly Column<QueueRow>[] = [
  { head: 'QUEUE', text: ({ queue }) => queue },
  { head: 'READY', text: ({ ready }) => String(ready), align: 'right' },
  { head: 'TAKEN', text: ({ taken }) => String(taken), align: 'right' },
  { head: 'DELAYED', text: ({ delayed }) => String(delayed), align: 'right' },
  { head: 'TAKERS', text: ({ takers }) => String(takers), align: 'right' },
];

function itemColumns(now: number): readonly Column<QueueItemView>[] {
  return [
    { head: 'ITEM', text: ({ name }) => name },
    { head: 'STATE', text: ({ state }) => state },
    { head: 'PRIORITY', text: ({ priority }) => String(priority), align: 'right' },
    { head: 'ATTEMPTS', text: ({ attempts }) => String(attempts), align: 'right' },
    { head: 'BYTES', text: ({ bytes }) => String(bytes), align: 'right' },
    { head: 'SINCE', text: ({ since }) => ago(since, now), align: 'right' },
    {
      head: 'BY',
      text: ({ consumer, dueMs }) => consumer ?? (dueMs === undefined ? '' : `due ${formatTime(dueMs, now)}`),
    },
  ];
}
