import { zooKeeperCommand } from './apache-zookeeper.ts';
import { type Ensemble, type EnsembleOptions, startEnsemble } from './ensemble.ts';

/** Who missed a vote asks again after so long at most, milliseconds, and not after the minute that is usual. */
const PATIENCE = 'zookeeper.fastleader.maxNotificationInterval=1000';

/**
 * Starts an ensemble of Apache ZooKeepers that ends with the test file. Needs Java and Debian's `libzookeeper-java`.
 *
 * Its members tell each other their own addresses, as they stand in `zoo.cfg`, and connect to these for elections: so
 * they are told names, which each of them looks up in a file of its own.
 *
 * @throws TestkitError `not_installed`
 */
export async function startApacheEnsemble(options: EnsembleOptions = {}): Promise<Ensemble> {
  const command = (configFile: string, hostsFile: string) =>
    zooKeeperCommand(configFile, { properties: [`jdk.net.hosts.file=${hostsFile}`, PATIENCE] });
  return startEnsemble({ name: 'Apache ZooKeeper', peersBy: 'name', command }, options);
}
