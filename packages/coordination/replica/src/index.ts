/** One member of an ensemble as a state machine: `step(event)` in, `Outbox` out. */
export { keyNameHashes } from '@reeve/tree';
export { counterOf, type Entry, epochOf, nextZxid } from '@reeve/zab';
export type { AuditedOperation, AuditNote } from './audit.ts';
export * from './event.ts';
export { membershipText } from './membership-text.ts';
export { type ReplicaOptions, replicaDefaults } from './options.ts';
export * from './outbox.ts';
export { Replica } from './replica.ts';
export type { SaslOptions } from './sasl-exchange.ts';
export type { Session } from './sessions.ts';
export type { ConnectionStatus, ReplicaStatus } from './status.ts';
