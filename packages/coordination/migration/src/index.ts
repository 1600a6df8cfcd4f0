/** Copies a tree of znodes from one ZooKeeper-protocol service to another, and compares both. */
export { type CompareOptions, type Comparison, compareTrees, type Difference } from './compare.ts';
export type { CounterGap } from './counters.ts';
export { type MigrateOptions, type MigrationReport, migrate } from './migrate.ts';
export { MigrationError, type MigrationFacts } from './migration-error.ts';
export type { ScopeOptions } from './scope.ts';
export type { WriteCounts } from './target.ts';
