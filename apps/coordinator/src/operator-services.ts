import { HttpError, type HttpService, serveAdmin, serveMetrics } from '@reeve/admin';
import type { Coordinator, CoordinatorConfig } from '@reeve/server';
import type { Logger } from 'pino';

/** What is served to operators beside the coordinator. */
export interface OperatorServices {
  readonly adminPort: number | undefined;
  readonly metricsPort: number | undefined;
  stop(): Promise<void>;
}

/**
 * Serves admin commands and metrics, where that is wanted. As in ZooKeeper a coordinator goes on without an admin server
 * whose port is taken, and does not start without its metrics.
 *
 * @throws HttpError when metrics cannot be served
 */
export async function serveOperators(
  config: CoordinatorConfig,
  coordinator: Coordinator,
  logger: Logger,
): Promise<OperatorServices> {
  const report = () => coordinator.report();
  const metrics = config.metrics === undefined ? undefined : await serveMetrics(config.metrics, report, logger);
  const admin =
    config.admin === undefined ? undefined : await withoutIfTaken(serveAdmin(config.admin, report, logger), logger);
  return {
    adminPort: admin?.port,
    metricsPort: metrics?.port,
    async stop() {
      await Promise.all([admin?.stop(), metrics?.stop()]);
    },
  };
}

async function withoutIfTaken(serving: Promise<HttpService>, logger: Logger): Promise<HttpService | undefined> {
  try {
    return await serving;
  } catch (error) {
    if (!(error instanceof HttpError)) throw error;
    logger.warn(error.facts, `there is no admin server: ${error.message}`);
    return undefined;
  }
}
