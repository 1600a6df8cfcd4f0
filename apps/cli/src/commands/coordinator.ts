import type { Command } from 'commander';
import { usageError } from '../cli-error.ts';
import type { Context } from '../context.ts';
import type { ExitCode } from '../exit-codes.ts';
import { duration } from '../input/duration.ts';
import { port } from '../input/numbers.ts';
import { createLogger } from '../logger.ts';
import { serve } from '../processes/serve.ts';
import { withOutputOptions } from '../settings.ts';
import { type Act, examples } from './act.ts';

interface RawCoordinator {
  readonly config?: string;
  readonly dataDir?: string;
  readonly port?: number;
  readonly host?: string;
  readonly tick?: number;
}

/** A coordinator has nothing to wait for but its last writes. */
const STOP_MS_MAX = 10_000;

/** `reeve coordinator`: one member of the ensemble as a process. */
export function addCoordinator(program: Command, act: Act): void {
  const command = program
    .command('coordinator')
    .summary('run a coordinator')
    .description('Runs a coordinator: it keeps the tasks, on disk, and speaks the ZooKeeper client protocol.')
    .option('--config <file>', 'a zoo.cfg: everything else is said in there')
    .option('--data-dir <directory>', 'where it keeps its log and snapshots')
    .option('--port <port>', 'port for clients, 0 for a free one (default: 2181)', port)
    .option('--host <address>', 'address to listen on, "*" for all of this machine (default: 127.0.0.1)')
    .option('--tick <duration>', 'sessions last 2 to 20 of these (default: 2s)', duration);
  withOutputOptions(command)
    .addHelpText('after', examples('reeve coordinator --data-dir ./data', 'reeve coordinator --config zoo.cfg'))
    .action((raw: RawCoordinator, self: Command) => act(self, (context) => coordinate(context, raw)));
}

async function coordinate(context: Context, raw: RawCoordinator): Promise<ExitCode> {
  const where = placeOf(raw);
  const { runCoordinator } = await import('@reeve/coordinator');
  const logger = createLogger({ name: 'coordinator', level: context.settings.logLevel });
  const coordinator = await runCoordinator({ ...where, logger });
  const { host, dataDirectory } = coordinator.config;
  const facts = { port: coordinator.port, host, dataDirectory, pid: process.pid };
  const sentence = `coordinator listens on ${host}:${coordinator.port}, data in ${dataDirectory}`;
  return serve(context, { facts, sentence, stop: () => coordinator.stop(), stopMsMax: STOP_MS_MAX });
}

function placeOf({ config, dataDir, port, host, tick }: RawCoordinator) {
  const isPlaced = [dataDir, port, host, tick].some((option) => option !== undefined);
  if (config !== undefined && isPlaced)
    throw usageError('--config goes alone', 'Say directory, port and host in the file.');
  if (config !== undefined) return { configFile: config };
  if (dataDir !== undefined) return { dataDir, port, host, tickMs: tick };
  throw usageError('where is the coordinator to keep its data?', 'Add --data-dir DIRECTORY, or --config FILE.');
}
