/** Ports, coded errors, invariants and bounded queues: what every package stands on; knows nothing of our domain. */
export * from './assert.ts';
export * from './backoff.ts';
export * from './bounded-queue.ts';
export * from './errors.ts';
export * from './ports.ts';
