import { once } from 'node:events';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { usageError } from '../cli-error.ts';
import type { Context } from '../context.ts';
import { type ExitCode, exitCodes } from '../exit-codes.ts';
import { formatDuration } from '../input/duration.ts';
import { readableFiles } from '../input/files.ts';
import { port, wholeNumber } from '../input/numbers.ts';
import type { Colors } from '../output/colors.ts';
import { count } from '../output/words.ts';
import { Box, type BoxOptions } from '../processes/box.ts';
import type { KeptEvent } from '../processes/kept-process.ts';
import { DEFAULT_CONNECT, withIdentity, withOutputOptions } from '../settings.ts';
import { type Act, examples } from './act.ts';

interface RawUp {
  readonly dataDir: string;
  readonly port: number;
  readonly host: string;
  readonly masters: number;
  readonly workers: number;
  readonly slots: number;
  readonly queues: readonly string[];
  readonly handlers?: readonly string[];
  readonly commands: boolean;
  readonly logLevel?: string;
}

/** `reeve up`: all of Reeve on one machine. */
export function addUp(program: Command, act: Act): void {
  const number = wholeNumber({ min: 1, max: 100 });
  const command = program
    .command('up')
    .summary('run all of Reeve on this machine')
    .description('Runs all of Reeve on this machine: a coordinator, masters and workers, each a process of its own.')
    .option('--handlers <files...>', 'modules that export handlers, JavaScript or TypeScript')
    .option('--workers <number>', 'how many workers', number, 2)
    .option(
      '--slots <number>',
      'tasks that run at the same time in each worker',
      wholeNumber({ min: 1, max: 10_000 }),
      4,
    )
    .option('--masters <number>', 'how many masters', number, 2)
    .option('--queues <names...>', 'queues that the workers serve', ['default'])
    .option('--no-commands', 'run handlers only: without this, whoever reaches the port can run programs here')
    .option('--data-dir <directory>', 'where the coordinator keeps its log and snapshots', './reeve-data')
    .option('--port <port>', 'port of the coordinator, 0 for a free one', port, 2181)
    .option('--host <address>', 'address that it listens on', '127.0.0.1');
  withOutputOptions(withIdentity(command))
    .addHelpText(
      'after',
      examples(
        'reeve up',
        'reeve up --handlers ./handlers.ts --workers 4 --slots 8',
        'reeve up --port 0 --data-dir /tmp/try',
      ),
    )
    .action((_raw, self: Command) => act(self, (context) => up(context, self.optsWithGlobals<RawUp>())));
}

async function up(context: Context, raw: RawUp): Promise<ExitCode> {
  const { output, stop } = context;
  const box = new Box(boxOptionsOf(context, raw), (event) => output.note(output.colors.yellow(wordsOf(event))));
  const killAll = () => box.kill();
  process.once('exit', killAll);
  try {
    await Promise.race([box.start(), stopped(stop)]);
    if (!stop.aborted) {
      await output.show({ connect: box.connect, pid: process.pid }, () => greeting(box.connect, raw, output.colors));
      await stopped(stop);
    }
    output.note(output.colors.dim('Stopping workers, masters and coordinator; Ctrl-C again forces it.'));
  } finally {
    await box.stop();
    process.off('exit', killAll);
  }
  return exitCodes.ok;
}

function boxOptionsOf({ settings }: Context, raw: RawUp): BoxOptions {
  const { handlers = [], commands, dataDir } = raw;
  if (handlers.length === 0 && !commands) {
    throw usageError('there is nothing that the workers could run', 'Add --handlers FILE, or leave --no-commands out.');
  }
  const { tls } = settings;
  if (tls !== undefined && tls.cert === undefined) {
    throw usageError(
      'TLS needs a certificate',
      'Add --tls-cert FILE and --tls-key FILE, which the coordinator uses too.',
    );
  }
  return {
    ...raw,
    auth: settings.auth,
    tls,
    dataDir: resolve(dataDir),
    handlers: readableFiles(handlers),
    commands: commands ? 'allowed' : 'refused',
    // The processes of a box share one terminal: only what matters is worth a line.
    logLevel: raw.logLevel === undefined ? 'warn' : settings.logLevel,
  };
}

async function stopped(stop: AbortSignal): Promise<void> {
  if (!stop.aborted) await once(stop, 'abort');
}

function wordsOf(event: KeptEvent): string {
  if (event.kind === 'restarted') return `${event.name} is started again, as process ${event.pid}`;
  const how = event.exit.signal ?? `exit code ${event.exit.code}`;
  return `${event.name} has ended (${how}); it is started again in ${formatDuration(event.restartInMs)}`;
}

function greeting(connect: string, raw: RawUp, colors: Colors): string {
  const { masters, workers, slots, handlers = [] } = raw;
  const isDefault = connect === DEFAULT_CONNECT;
  const variable = isDefault ? '' : `export REEVE_CONNECT=${connect}`;
  return [
    `${colors.green('Reeve is up')} at ${colors.bold(connect)}: a coordinator, ${count(masters, 'master')}, ${count(workers, 'worker')} with ${count(slots, 'slot')} each.`,
    `Its data is in ${resolve(raw.dataDir)}. Ctrl-C stops it.`,
    '',
    'In another terminal:',
    ...(isDefault ? [] : [`  ${variable}`]),
    ...(raw.commands ? ['  reeve submit --wait -- echo hello'] : []),
    ...(handlers.length > 0 ? ["  reeve submit HANDLER --payload '{}' --wait"] : []),
    '  reeve status',
  ].join('\n');
}
