import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type EngineOptions, EngineProcess } from './engine-process.ts';
import { freePort } from './free-port.ts';
import { TestkitError } from './testkit-error.ts';

/** Where Debian's zookeeper and libzookeeper-java packages put their jars. */
const JARS = '/usr/share/java';
const JAR_NAMES = ['zookeeper', 'zookeeper-jute', 'slf4j-api', 'slf4j-simple', 'metrics-core', 'snappy-java'];

/** What a test may choose of Apache ZooKeeper's configuration. */
export interface ApacheZooKeeperOptions extends EngineOptions {
  /** Further Java system properties, such as `zookeeper.skipACL=yes`. */
  readonly properties?: readonly string[];
}

/**
 * Starts an Apache ZooKeeper that ends with the test file. Needs Java and Debian's `libzookeeper-java`.
 *
 * @throws TestkitError `not_installed`
 */
export async function startApacheZooKeeper(options: ApacheZooKeeperOptions = {}): Promise<EngineProcess> {
  if (!existsSync(join(JARS, 'zookeeper.jar'))) {
    const message = `${JARS}/zookeeper.jar is not there: install java and libzookeeper-java`;
    throw new TestkitError({ code: 'not_installed' }, message);
  }
  const zookeeper = new EngineProcess({
    name: 'Apache ZooKeeper',
    port: await freePort(),
    options: { ...options, config: ['admin.enableServer=false', ...(options.config ?? [])] },
    command: (configFile) => command(configFile, options.properties ?? []),
  });
  await zookeeper.start();
  return zookeeper;
}

function command(configFile: string, more: readonly string[]): readonly string[] {
  const jars = JAR_NAMES.map((name) => join(JARS, `${name}.jar`));
  const properties = [
    'java.awt.headless=true',
    'java.net.preferIPv4Stack=true',
    'zookeeper.jmx.log4j.disable=true',
    'zookeeper.extendedTypesEnabled=true',
    'znode.container.checkIntervalMs=500',
    // A killed process loses nothing that it has written, and its syncs would only hold the other tests up.
    'zookeeper.forceSync=no',
    ...more,
  ];
  const flags = ['-Xmx256m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-Xshare:auto'];
  const main = 'org.apache.zookeeper.server.quorum.QuorumPeerMain';
  return ['java', '-cp', jars.join(':'), ...flags, ...properties.map((name) => `-D${name}`), main, configFile];
}
