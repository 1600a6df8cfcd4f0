/** One member of an ensemble as a state machine: `step(event)` in, `Outbox` out. */
export * from './event.ts';
export { type ReplicaOptions, replicaDefaults } from './options.ts';
export * from './outbox.ts';
export { Replica } from './replica.ts';
export type { Session } from './sessions.ts';
export type { ConnectionStatus, ReplicaStatus } from './status.ts';
export { counterOf, epochOf, nextZxid } from './zxid.ts';
