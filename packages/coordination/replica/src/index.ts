/** One member of an ensemble as a state machine: `step(event)` in, `Outbox` out. */
export * from './event.ts';
export * from './outbox.ts';
