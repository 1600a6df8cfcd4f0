import type { DataPlace } from '@reeve/archive';
import type { Command } from 'commander';
import { usageError } from '../cli-error.ts';
import type { Context } from '../context.ts';
import { createLogger } from '../logger.ts';

/** How a command is told where a coordinator keeps its data. */
export interface RawPlace {
  readonly config?: string;
  readonly dataDir?: string;
  readonly logDir?: string;
}

/** Adds `--data-dir`, `--log-dir` and `--config`. */
export function withDataPlace(command: Command): Command {
  return command
    .option('--data-dir <directory>', 'the data directory of the coordinator')
    .option('--log-dir <directory>', 'where its log lies, when that is elsewhere')
    .option('--config <file>', 'the zoo.cfg of the coordinator, which names both');
}

/** All that a sub-command was told: `reeve coordinator` itself knows --data-dir and --config, and takes them first. */
export function wholeOf<Raw extends RawPlace>(command: Command): Raw {
  return command.optsWithGlobals<Raw>();
}

/** The directories that a command was told of. */
export async function dataPlaceOf(context: Context, { config, dataDir, logDir }: RawPlace): Promise<DataPlace> {
  const logger = await createLogger({ name: 'coordinator', level: context.settings.logLevel });
  if (config !== undefined && (dataDir !== undefined || logDir !== undefined)) {
    throw usageError('--config goes alone', 'The file names the directories.');
  }
  if (config !== undefined) {
    const { configOfFile } = await import('@reeve/coordinator');
    // What is odd in the file is for the coordinator to say, at its start.
    const quiet = await createLogger({ name: 'coordinator', level: 'silent' });
    const { dataDirectory, logDirectory } = await configOfFile(config, quiet);
    return { dataDirectory, logDirectory, logger };
  }
  if (dataDir === undefined) {
    throw usageError('which data directory?', 'Add --data-dir DIRECTORY, or --config FILE.');
  }
  return { dataDirectory: dataDir, logDirectory: logDir ?? dataDir, logger };
}
