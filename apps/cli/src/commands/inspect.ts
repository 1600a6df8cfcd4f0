import type { InspectFilter, InspectItem } from '@reeve/archive';
import type { SessionId } from '@reeve/wire';
import type { Command } from 'commander';
import { usageError } from '../cli-error.ts';
import type { Context } from '../context.ts';
import { type ExitCode, exitCodes } from '../exit-codes.ts';
import { sessionText, zxid } from '../input/zxid.ts';
import { itemLines } from '../output/inspection.ts';
import { withOutputOptions } from '../settings.ts';
import { type Act, examples } from './act.ts';
import { dataPlaceOf, type RawPlace, wholeOf, withDataPlace } from './data-place.ts';

interface RawInspect extends RawPlace {
  readonly file?: string;
  readonly path?: string;
  readonly fromZxid?: number;
  readonly toZxid?: number;
  readonly session?: string;
  readonly data?: true;
  readonly tree?: true;
}

/** `reeve coordinator inspect`. */
export function addInspect(coordinator: Command, act: Act): void {
  const command = coordinator
    .command('inspect')
    .summary('look into the log, snapshots and backups of a coordinator')
    .description(
      'Shows files and transactions of a data directory, or of one file, and what a start would do with them. The ' +
        'coordinator may be running. Exit code 1 if anything is damaged.',
    )
    .option('--file <file>', 'a log, snapshot or backup instead of a directory')
    .option('--path <path>', 'only what touches this znode or those below it')
    .option('--from-zxid <zxid>', 'only from this transaction on', zxid)
    .option('--to-zxid <zxid>', 'only up to this transaction; with --tree, the state after it', zxid)
    .option('--session <id>', 'only transactions of this session', sessionText)
    .option('--data', 'show data, not only its length')
    .option('--tree', 'show sessions and znodes instead of transactions');
  withOutputOptions(withDataPlace(command))
    .addHelpText(
      'after',
      examples(
        'reeve coordinator inspect --data-dir ./data --path /reeve/tasks',
        'reeve coordinator inspect --data-dir ./data --tree --to-zxid 0x1f4',
        'reeve coordinator inspect --file monday.backup --json',
      ),
    )
    .action((_raw, self: Command) => act(self, (context) => inspect(context, wholeOf(self))));
}

async function inspect(context: Context, raw: RawInspect): Promise<ExitCode> {
  const { output, signal } = context;
  let exitCode: ExitCode = exitCodes.ok;
  for await (const item of await itemsOf(context, raw)) {
    if (signal.aborted) return output.gone.aborted ? exitCode : exitCodes.interrupted;
    if (item.kind === 'damage' || (item.kind === 'start' && item.verdict === 'refuses')) exitCode = exitCodes.failed;
    await output.show(item, () => itemLines(item, output));
  }
  return exitCode;
}

async function itemsOf(context: Context, raw: RawInspect): Promise<AsyncIterable<InspectItem>> {
  const { inspectFileTree, inspectDirectory, inspectFile, inspectTree } = await import('@reeve/archive');
  const filter = filterOf(raw);
  const { file } = raw;
  if (file === undefined) {
    const place = await dataPlaceOf(context, raw);
    return raw.tree ? inspectTree(place, filter) : inspectDirectory(place, filter);
  }
  if (raw.dataDir !== undefined || raw.config !== undefined)
    throw usageError('--file and --data-dir exclude each other');
  return raw.tree ? inspectFileTree(file, filter) : inspectFile(file, filter);
}

function filterOf({ path, fromZxid, toZxid, session, data }: RawInspect): InspectFilter {
  return {
    path: path ?? '/',
    fromZxid: fromZxid ?? 0,
    untilZxid: toZxid ?? Number.POSITIVE_INFINITY,
    session: session as SessionId | undefined,
    display: data ? 'shown' : 'counted',
  };
}
