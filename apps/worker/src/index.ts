/** A worker: takes the tasks that it is assigned, runs them in processes of their own, and writes what comes of them. */
export { PoolError, type PoolFacts } from './pool/pool.ts';
export { type RunningWorker, runWorker } from './worker.ts';
export { type WorkerOptionFacts, type WorkerOptions, WorkerOptionsError } from './worker-options.ts';
