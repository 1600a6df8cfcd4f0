/** One member of the ensemble as a process: configuration, log lines, start and stop. */
export { CoordinatorError, type CoordinatorFacts } from './coordinator-error.ts';
export {
  configOfFile,
  type FileOptions,
  type PlaceOptions,
  type RunningCoordinator,
  type RunOptions,
  runCoordinator,
} from './run-coordinator.ts';
export type { TlsFiles } from './secure-place.ts';
