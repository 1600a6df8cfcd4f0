/** The platform's domain: records, life cycle, placement, layout, and the fenced store. */
export * from './layout.ts';
export * from './task.ts';
