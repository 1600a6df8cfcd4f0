import type { Command } from 'commander';
import type { Context } from '../context.ts';
import type { ExitCode } from '../exit-codes.ts';
import { duration } from '../input/duration.ts';
import { wholeNumber } from '../input/numbers.ts';
import { clientTls } from '../input/tls-files.ts';
import { createLogger } from '../logger.ts';
import { reach } from '../processes/reach.ts';
import { serve } from '../processes/serve.ts';
import { withSettings } from '../settings.ts';
import { type Act, examples } from './act.ts';

interface RawMaster {
  readonly name?: string;
  readonly sessionTimeout?: number;
  readonly retain?: number;
  readonly retainMax?: number;
}

/** A master has nothing to wait for but its last writes. */
const STOP_MS_MAX = 5_000;

/** `reeve master`: a process that stands for primary and plans. */
export function addMaster(program: Command, act: Act): void {
  const command = program
    .command('master')
    .summary('run a master')
    .description('Runs a master: one of all masters is primary and gives tasks to workers, the others stand by.')
    .option('--name <name>', 'what it is called (default: host and process)')
    .option('--session-timeout <duration>', 'out of touch for so long, and another takes over (default: 6s)', duration)
    .option('--retain <duration>', 'keep finished tasks at least so long (default: 7d)', duration)
    .option(
      '--retain-max <number>',
      'keep no more than so many (default: 100000)',
      wholeNumber({ min: 1, max: 10_000_000 }),
    );
  withSettings(command)
    .addHelpText('after', examples('reeve master', 'reeve master --connect a:2181,b:2181,c:2181 --retain 1d'))
    .action((raw: RawMaster, self: Command) => act(self, (context) => master(context, raw)));
}

async function master(context: Context, raw: RawMaster): Promise<ExitCode> {
  const { connect, root, auth, tls, logLevel } = context.settings;
  const { runMaster } = await import('@reeve/master');
  const logger = await createLogger({ name: raw.name ?? 'master', level: logLevel });
  const options = {
    connect,
    root,
    auth,
    ...clientTls(tls),
    logger,
    ...(raw.name === undefined ? {} : { name: raw.name }),
    ...(raw.sessionTimeout === undefined ? {} : { sessionTimeoutMs: raw.sessionTimeout }),
    ...(raw.retain === undefined ? {} : { retainFinishedMs: raw.retain }),
    ...(raw.retainMax === undefined ? {} : { retainFinishedMax: raw.retainMax }),
  };
  const running = await reach(connect, () => runMaster(options));
  const facts = { masterId: running.masterId, connect, pid: process.pid };
  const sentence = `master ${running.masterId} stands for primary at ${connect}`;
  return serve(context, { facts, sentence, stop: () => running.stop(), stopMsMax: STOP_MS_MAX });
}
