import { readFile } from 'node:fs/promises';
import { messageOf } from '@reeve/base';
import {
  adminDefaults,
  type Coordinator,
  type CoordinatorConfig,
  coordinatorConfig,
  createServer,
  parseZooCfg,
} from '@reeve/server';
import type { Logger } from 'pino';
import { type AuditLog, openAuditLog } from './audit-log.ts';
import { CoordinatorError } from './coordinator-error.ts';
import { type OperatorServices, serveOperators } from './operator-services.ts';
import { securePlace, type TlsFiles } from './secure-place.ts';

/** A coordinator by a ZooKeeper configuration file. */
export interface FileOptions {
  /** Path of a zoo.cfg. */
  readonly configFile: string;
  /** The JAAS file with the users of SASL; that of the zoo.cfg unless given. */
  readonly jaasFile?: string | undefined;
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
  /** Port of the admin server, 0 for any free one; there is none unless given. */
  readonly adminPort?: number | undefined;
  /** Port of the metrics for Prometheus, 0 for any free one; there are none unless given. */
  readonly metricsPort?: number | undefined;
  /** Serves TLS and nothing else. */
  readonly tls?: TlsFiles | undefined;
  /** The JAAS file with the users of SASL; nobody can use it without. */
  readonly jaasFile?: string | undefined;
}

/** How to run a coordinator: by a file, or by place and port. */
export type RunOptions = (FileOptions | PlaceOptions) & { readonly logger: Logger };

/** A coordinator that serves. */
export type RunningCoordinator = Pick<Coordinator, 'port' | 'securePort' | 'stop'> &
  Pick<OperatorServices, 'adminPort' | 'metricsPort'> & {
    readonly config: CoordinatorConfig;
    /** Fires, with a CoordinatorError, when it serves nobody any more: `stop` is all that is left to do. */
    readonly failed: AbortSignal;
  };

/**
 * Starts one member of the ensemble and says so in the log. Signals are the caller's: call `stop` on SIGTERM.
 *
 * @throws CoordinatorError, ConfigError, JournalError, SecurityError, ServerError, HttpError: all with a code, and advice
 * in the message
 *
 * @example
 * const coordinator = await runCoordinator({ dataDir: './data', port: 0, logger: pino() });
 * process.once('SIGTERM', () => coordinator.stop());
 */
export async function runCoordinator(options: RunOptions): Promise<RunningCoordinator> {
  const { logger } = options;
  const config =
    'configFile' in options ? await configOfFile(options.configFile, logger, options) : configOfPlace(options);
  const { auditFile } = config;
  const audit = auditFile === undefined ? undefined : await openAuditLog(auditFile, logger);
  try {
    return await serve(config, logger, audit);
  } catch (error) {
    await audit?.close();
    throw error;
  }
}

async function serve(
  config: CoordinatorConfig,
  logger: Logger,
  audit: AuditLog | undefined,
): Promise<RunningCoordinator> {
  const failure = new AbortController();
  const onFailed = (error: unknown) => failure.abort(restartFailed(config, error));
  const options = { logger, onFailed, ...(audit === undefined ? {} : { audit: audit.write }) };
  const coordinator = await createServer(config, options);
  const { port, securePort, recovered } = coordinator;
  const services = await servicesOf(config, coordinator, logger);
  const { adminPort, metricsPort } = services;
  const { dataDirectory, host } = config;
  logger.info({ host, port, securePort, adminPort, metricsPort, dataDirectory, ...recovered }, 'coordinator started');
  return {
    config,
    port,
    securePort,
    adminPort,
    metricsPort,
    failed: failure.signal,
    async stop() {
      logger.info({ port }, 'coordinator stopping');
      await services.stop();
      await coordinator.stop();
      await audit?.close();
      logger.info({ port }, 'coordinator stopped');
    },
  };
}

function restartFailed({ dataDirectory }: CoordinatorConfig, error: unknown): CoordinatorError {
  const facts = { code: 'restart_failed', dataDirectory, reason: messageOf(error) } as const;
  return new CoordinatorError(facts, { cause: error });
}

async function servicesOf(
  config: CoordinatorConfig,
  coordinator: Coordinator,
  logger: Logger,
): Promise<OperatorServices> {
  try {
    return await serveOperators(config, coordinator, logger);
  } catch (error) {
    await coordinator.stop();
    throw error;
  }
}

/**
 * The configuration that a zoo.cfg stands for; what is odd in it is logged.
 *
 * @throws CoordinatorError, ConfigError
 */
export async function configOfFile(
  file: string,
  logger: Logger,
  beside: Pick<FileOptions, 'jaasFile'> = {},
): Promise<CoordinatorConfig> {
  const { config, warnings } = parseZooCfg(await textOf(file), file, beside);
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
function configOfPlace({ dataDir, host = '127.0.0.1', tickMs, ...place }: PlaceOptions): CoordinatorConfig {
  const { adminPort, metricsPort } = place;
  return coordinatorConfig({
    dataDirectory: dataDir,
    ...securePlace({ host, ...place }),
    tickMs,
    fourLetterWords: 'all',
    connectionsPerAddressMax: 0,
    admin: adminPort === undefined ? undefined : { ...adminDefaults, host, port: adminPort },
    metrics: metricsPort === undefined ? undefined : { host, port: metricsPort, ofProcess: 'exported' },
  });
}
