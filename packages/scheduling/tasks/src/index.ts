/** The platform's domain: records, life cycle, placement, layout, and the fenced store. */
export * from './codec.ts';
export * from './layout.ts';
export * from './lifecycle.ts';
export type { Reading } from './reading.ts';
export * from './retry.ts';
export * from './schedule-error.ts';
export * from './store.ts';
export * from './task.ts';
export * from './task-id.ts';
export * from './worker-store.ts';
