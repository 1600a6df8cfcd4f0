import type { Logger } from '@reeve/base';
import type { CoordinatorReport, MetricsConfig } from '@reeve/server';
import { type HttpService, plain, serveHttp } from './http-service.ts';

const path = '/metrics';
const idleMs = 30_000;

/**
 * Serves the figures of a coordinator at `/metrics`, for Prometheus.
 *
 * @param report what the coordinator says of itself at the moment of the call
 * @throws HttpError when it cannot listen
 */
export async function serveMetrics(
  config: MetricsConfig,
  report: () => CoordinatorReport,
  logger: Logger,
): Promise<HttpService> {
  const { host, port, ofProcess } = config;
  const { Metrics } = await import('./metrics.ts');
  const metrics = new Metrics(report, ofProcess);
  const settings = { host: 'metricsProvider.httpHost, --host', port: 'metricsProvider.httpPort, --metrics-port' };
  return serveHttp(
    { host, port, idleMs, settings },
    async (question) => {
      if (question.path !== path) return plain(404, `nothing is here: the metrics are at ${path}\n`);
      return { status: 200, contentType: metrics.contentType, body: await metrics.text() };
    },
    logger,
  );
}
