import { type Ensemble, type EnsembleOptions, startEnsemble } from './ensemble.ts';
import { coordinatorCommand } from './reeve-coordinator.ts';

/**
 * Starts an ensemble of Reeve's own coordinators, as a user would, that ends with the test file. The workspace must be
 * built.
 *
 * @throws TestkitError `not_installed`
 */
export async function startReeveEnsemble(options: EnsembleOptions = {}): Promise<Ensemble> {
  return startEnsemble({ name: 'Reeve', command: coordinatorCommand }, options);
}
