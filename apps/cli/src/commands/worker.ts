import type { WorkerOptions } from '@reeve/worker';
import type { Command } from 'commander';
import { usageError } from '../cli-error.ts';
import type { Context } from '../context.ts';
import type { ExitCode } from '../exit-codes.ts';
import { duration } from '../input/duration.ts';
import { readableFiles } from '../input/files.ts';
import { wholeNumber } from '../input/numbers.ts';
import { addPair, type Pairs } from '../input/pairs.ts';
import { clientTls } from '../input/tls-files.ts';
import { createLogger } from '../logger.ts';
import { reach } from '../processes/reach.ts';
import { serve } from '../processes/serve.ts';
import { withSettings } from '../settings.ts';
import { type Act, examples } from './act.ts';

interface RawWorker {
  readonly handlers?: readonly string[];
  readonly commands?: true;
  readonly slots?: number;
  readonly queues?: readonly string[];
  readonly name?: string;
  readonly fleet?: string;
  readonly label?: Pairs;
  readonly sessionTimeout?: number;
  readonly memory?: number;
  readonly grace?: number;
  readonly drain?: number;
}

/** How long a worker waits for what runs, unless told otherwise. */
const DRAIN_MS = 30_000;
/** Beyond that it has its last writes to wait for, and its handlers' processes to end. */
const STOP_MS_MAX = 15_000;

/** `reeve worker`: a process that runs tasks. */
export function addWorker(program: Command, act: Act): void {
  const command = program
    .command('worker')
    .summary('run a worker')
    .description('Runs a worker: it takes tasks and runs their handlers or commands, each in a process of its own.')
    .option('--handlers <files...>', 'modules that export handlers, JavaScript or TypeScript')
    .option('--commands', 'run commands as well: whoever may submit a task can then run any program here')
    .option('--slots <number>', 'tasks that run at the same time (default: 4)', wholeNumber({ min: 1, max: 10_000 }))
    .option('--queues <names...>', 'queues to take tasks from (default: "default")')
    .option('--name <name>', 'first part of its id (default: the host)')
    .option('--fleet <name>', 'the group it belongs to (default: "default")')
    .option('--label <name=value>', 'a label; may be repeated', addPair)
    .option('--session-timeout <duration>', 'dead for so long, and its tasks move on (default: 10s)', duration)
    .option(
      '--memory <mebibytes>',
      'limit of the heap of each handler process',
      wholeNumber({ min: 16, max: 1_048_576 }),
    )
    .option('--grace <duration>', 'between asking an attempt to stop and ending it (default: 2s)', duration)
    .option('--drain <duration>', 'when stopped, wait for what runs at most so long (default: 30s)', duration);
  withSettings(command)
    .addHelpText(
      'after',
      examples('reeve worker --handlers ./handlers.ts --slots 8', 'reeve worker --commands --queues builds'),
    )
    .action((raw: RawWorker, self: Command) => act(self, (context) => worker(context, raw)));
}

async function worker(context: Context, raw: RawWorker): Promise<ExitCode> {
  const { connect } = context.settings;
  const { runWorker } = await import('@reeve/worker');
  const options = await workerOptionsOf(context, raw);
  // What runs here is not to learn the worker's secrets.
  delete process.env.REEVE_AUTH;
  const running = await reach(connect, () => runWorker(options));
  const facts = { workerId: running.workerId, connect, pid: process.pid };
  const sentence = `worker ${running.workerId} takes tasks from ${connect}`;
  return serve(context, {
    facts,
    sentence,
    stop: () => running.drain(),
    stopMsMax: (raw.drain ?? DRAIN_MS) + STOP_MS_MAX,
  });
}

async function workerOptionsOf({ settings }: Context, raw: RawWorker): Promise<WorkerOptions> {
  if (raw.handlers === undefined && raw.commands === undefined) {
    throw usageError('there is nothing that this worker could run', 'Add --handlers FILE, or --commands, or both.');
  }
  const logger = await createLogger({ name: raw.name ?? 'worker', level: settings.logLevel });
  return {
    connect: settings.connect,
    root: settings.root,
    auth: settings.auth,
    ...clientTls(settings.tls),
    logger,
    setLogLevel: (level = settings.logLevel) => {
      logger.level = level;
    },
    commands: raw.commands === true ? 'allowed' : 'refused',
    ...(raw.handlers === undefined ? {} : { handlers: readableFiles(raw.handlers) }),
    ...(raw.slots === undefined ? {} : { slots: raw.slots }),
    ...(raw.queues === undefined ? {} : { queues: raw.queues }),
    ...(raw.name === undefined ? {} : { name: raw.name }),
    ...(raw.fleet === undefined ? {} : { fleet: raw.fleet }),
    ...(raw.label === undefined ? {} : { labels: raw.label }),
    ...(raw.sessionTimeout === undefined ? {} : { sessionTimeoutMs: raw.sessionTimeout }),
    ...(raw.memory === undefined ? {} : { memoryMaxMb: raw.memory }),
    ...(raw.grace === undefined ? {} : { graceMs: raw.grace }),
    drainMs: Math.max(1, raw.drain ?? DRAIN_MS),
  };
}
