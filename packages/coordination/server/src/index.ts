/** A replica with sockets and a journal: `createServer(config)` starts a coordinator. */
export type { AgreementReport, ObserverReport, PlacedMember } from './agreement-report.ts';
export type { AuditRecord } from './audit-record.ts';
export {
  type AdminConfig,
  adminDefaults,
  type CoordinatorConfig,
  coordinatorConfig,
  type GivenConfig,
  type MetricsConfig,
} from './config.ts';
export { ConfigError, type ConfigFacts, type ConfigProblem } from './config-error.ts';
export { type Coordinator, type CoordinatorOptions, createServer } from './coordinator.ts';
export { type MonitorValue, monitorLines } from './monitor-value.ts';
export type { EnsembleConfig, PeerSecurityConfig, PeerTlsConfig } from './peers/ensemble-config.ts';
export type { LinkFacts } from './peers/link-traffic.ts';
export type { Place } from './peers/place.ts';
export {
  type ConfigurationReport,
  type ConnectionReport,
  CoordinatorReport,
  type LatencyReport,
  type ServerReport,
  type SizeReport,
} from './report.ts';
export {
  handshakeDefaults,
  type IdentityConfig,
  identityDefaults,
  type JaasConfig,
  type StoreConfig,
  type TlsConfig,
} from './security/security-config.ts';
export { SecurityError, type SecurityFacts } from './security/security-error.ts';
export { type ListenPlace, ServerError, type ServerFacts } from './server-error.ts';
export { type BesideZooCfg, type ConfigWarning, parseZooCfg, type ZooCfg } from './zoo-cfg.ts';
