import { readFile } from 'node:fs/promises';
import { messageOf } from '@reeve/base';
import { type Coordinator, type CoordinatorConfig, coordinatorConfig, createServer, parseZooCfg } from '@reeve/server';
import type { Logger } from 'pino';
import { CoordinatorError } from './coordinator-error.ts';

/** A coordinator by a ZooKeeper configuration file. */
export interface FileOptions {
  /** Path of a zoo.cfg. */
  readonly configFile: string;
}

/** A coordinator by its place and port. */
export interface PlaceOptions {
  /** The directory for snapshots and log; made when it is missing. */
  readonly dataDir: string;
  /** 0 takes any free port; 2181 unless given. */
  readonly port?: number | undefined;
  /** The address to listen on, `*` for every one of this machine; 127.0.0.1 unless given. */
  readonly host?: string | undefined;
  /** The unit of session time-outs, milliseconds; 2000 unless given. */
  readonly tickMs?: number | undefined;
}

/** How to run a coordinator: by a file, or by place and port. */
export type RunOptions = (FileOptions | PlaceOptions) & { readonly logger: Logger };

/** A coordinator that serves. */
export type RunningCoordinator = Pick<Coordinator, 'port' | 'stop'> & { readonly config: CoordinatorConfig };

/**
 * Starts one member of the ensemble and says so in the log. Signals are the caller's: call `stop` on SIGTERM.
 *
 * @throws CoordinatorError, ConfigError, JournalError, ServerError: all with a code, and advice in the message
 *
 * @example
 * const coordinator = await runCoordinator({ dataDir: './data', port: 0, logger: pino() });
 * process.once('SIGTERM', () => coordinator.stop());
 */
export async function runCoordinator(options: RunOptions): Promise<RunningCoordinator> {
  const { logger } = options;
  const config = 'configFile' in options ? await configOfFile(options.configFile, logger) : configOfPlace(options);
  const coordinator = await createServer(config, { logger });
  const { port, recovered } = coordinator;
  const { dataDirectory, host } = config;
  logger.info({ host, port, dataDirectory, ...recovered }, 'coordinator started');
  return {
    config,
    port,
    async stop() {
      logger.info({ port }, 'coordinator stopping');
      await coordinator.stop();
      logger.info({ port }, 'coordinator stopped');
    },
  };
}

async function configOfFile(file: string, logger: Logger): Promise<CoordinatorConfig> {
  const { config, warnings } = parseZooCfg(await textOf(file), file);
  for (const { message, ...facts } of warnings) logger.warn({ file, ...facts }, message);
  return config;
}

async function textOf(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw new CoordinatorError({ code: 'config_unreadable', file, reason: messageOf(error) }, { cause: error });
  }
}

/** Every four-letter word is answered: who listens on loopback unless told otherwise has nothing to hide there. */
function configOfPlace({ dataDir, port, host, tickMs }: PlaceOptions): CoordinatorConfig {
  return coordinatorConfig({
    dataDirectory: dataDir,
    port,
    host,
    tickMs,
    fourLetterWords: 'all',
    connectionsPerAddressMax: 0,
  });
}
