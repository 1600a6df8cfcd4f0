/** A coordinator over HTTP, for those who operate it: admin commands as ZooKeeper's, and metrics for Prometheus. */
export { serveAdmin } from './admin-server.ts';
export { HttpError, type HttpFacts } from './http-error.ts';
export type { HttpService } from './http-service.ts';
export { serveMetrics } from './metrics-server.ts';
