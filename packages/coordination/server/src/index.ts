/** A replica with sockets and a journal: `createServer(config)` starts a coordinator. */
export { type CoordinatorConfig, coordinatorConfig, type GivenConfig } from './config.ts';
export { ConfigError, type ConfigFacts, type ConfigProblem } from './config-error.ts';
export { type Coordinator, type CoordinatorOptions, createServer } from './coordinator.ts';
export { ServerError, type ServerFacts } from './server-error.ts';
export { type ConfigWarning, parseZooCfg, type ZooCfg } from './zoo-cfg.ts';
