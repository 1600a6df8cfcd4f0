/** One member of the ensemble as a process: configuration, log lines, start and stop. */
export { CoordinatorError, type CoordinatorFacts } from './coordinator-error.ts';
export {
  type FileOptions,
  type PlaceOptions,
  type RunningCoordinator,
  type RunOptions,
  runCoordinator,
} from './run-coordinator.ts';
