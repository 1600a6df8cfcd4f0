import type { BackupFacts } from '@reeve/archive';
import type { Command } from 'commander';
import { usageError } from '../cli-error.ts';
import type { Context } from '../context.ts';
import { type ExitCode, exitCodes } from '../exit-codes.ts';
import { zxidText } from '../output/words.ts';
import { withOutputOptions } from '../settings.ts';
import { type Act, examples } from './act.ts';
import { dataPlaceOf, type RawPlace, wholeOf, withDataPlace } from './data-place.ts';

interface RawBackup extends RawPlace {
  readonly out: string;
}

interface RawRestore extends RawPlace {
  readonly from: string;
  readonly verify?: true;
}

/** `reeve coordinator backup`. */
export function addBackup(coordinator: Command, act: Act): void {
  const command = coordinator
    .command('backup')
    .summary('back a coordinator up, running or not')
    .description(
      'Writes what a coordinator holds into one file, by reading its directory: it may be running meanwhile.',
    )
    .requiredOption('--out <file>', 'the file to write, "-" for standard output; one of that name is replaced');
  withOutputOptions(withDataPlace(command))
    .addHelpText('after', examples('reeve coordinator backup --data-dir ./data --out monday.backup'))
    .action((_raw, self: Command) => act(self, (context) => backUp(context, wholeOf(self))));
}

async function backUp(context: Context, raw: RawBackup): Promise<ExitCode> {
  const { createBackup } = await import('@reeve/archive');
  const place = await dataPlaceOf(context, raw);
  const { output, signal } = context;
  if (raw.out !== '-') {
    const { facts, bytes } = await createBackup(place, raw.out);
    await output.show({ ...facts, bytes, file: raw.out }, () => `${contents(facts)}, ${bytes} bytes in ${raw.out}`);
    return exitCodes.ok;
  }
  if (process.stdout.isTTY) throw usageError('a backup is nothing for a terminal', 'Send standard output elsewhere.');
  const { facts, bytes } = await createBackup(place, { stream: process.stdout, signal });
  // Standard output is taken.
  if (output.format === 'json') process.stderr.write(`${JSON.stringify({ ...facts, bytes })}\n`);
  else output.note(`${contents(facts)}, ${bytes} bytes`);
  return exitCodes.ok;
}

/** `reeve coordinator restore`. */
export function addRestore(coordinator: Command, act: Act): void {
  const command = coordinator
    .command('restore')
    .summary('restore a backup into an empty directory')
    .description(
      'Restores a backup into an empty or new directory. A coordinator started there has the same znodes, zxids, ' +
        'sequence counters and sessions; sessions have their whole time-out to come back, and then go with their ephemerals.',
    )
    .requiredOption('--from <file>', 'the backup, "-" for standard input')
    .option('--verify', 'only check the backup, to its last byte');
  withOutputOptions(withDataPlace(command))
    .addHelpText(
      'after',
      examples(
        'reeve coordinator restore --from monday.backup --data-dir ./restored',
        'reeve coordinator restore --from monday.backup --verify',
      ),
    )
    .action((_raw, self: Command) => act(self, (context) => restore(context, wholeOf(self))));
}

async function restore(context: Context, raw: RawRestore): Promise<ExitCode> {
  const { readBackup, restoreBackup } = await import('@reeve/archive');
  const { output, signal } = context;
  if (raw.verify) {
    const { facts, bytes } = await readBackup(raw.from);
    await output.show({ ...facts, bytes, file: raw.from }, () => `${raw.from} is whole: ${contents(facts)}`);
    return exitCodes.ok;
  }
  const { dataDirectory, logDirectory } = await dataPlaceOf(context, raw);
  const { facts } = await restoreBackup(raw.from, { dataDirectory, logDirectory, signal });
  await output.show({ ...facts, dataDirectory }, () => `${dataDirectory} holds ${contents(facts)}`);
  if (facts.sessions > 0) {
    output.note('Sessions go on when their clients come back in time; the others end, and their ephemerals with them.');
  }
  return exitCodes.ok;
}

function contents({ zxid, znodes, ephemerals, sessions, madeMs }: BackupFacts): string {
  const made = new Date(madeMs).toISOString();
  return `zxid ${zxidText(zxid)}, ${znodes} znodes (${ephemerals} ephemeral), ${sessions} sessions, made ${made}`;
}
