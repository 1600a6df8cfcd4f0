/** What tests of real processes stand on: waiting for conditions, engines that can be killed, networks that fail. */
export * from './apache-zookeeper.ts';
export * from './certificate-authority.ts';
export * from './data-driven.ts';
export * from './engine.ts';
export * from './engine-process.ts';
export * from './engines.ts';
export * from './eventually.ts';
export * from './fault-proxy.ts';
export * from './free-port.ts';
export * from './raw-client.ts';
export * from './reeve-coordinator.ts';
export * from './seeded-random.ts';
export * from './temporary-directory.ts';
export * from './test-end.ts';
export * from './test-process.ts';
export * from './testkit-error.ts';
