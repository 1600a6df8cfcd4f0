import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type EngineOptions, EngineProcess } from './engine-process.ts';
import { freePort } from './free-port.ts';
import { TestkitError } from './testkit-error.ts';

/** Where Debian's zookeeper and libzookeeper-java packages put their jars. */
const JARS = '/usr/share/java';
const JAR_NAMES = ['zookeeper', 'zookeeper-jute', 'slf4j-api', 'slf4j-simple', 'metrics-core', 'snappy-java'];
const NETTY = ['buffer', 'codec', 'common', 'handler', 'resolver', 'transport', 'transport-native-epoll'];

/** What Java needs beside ZooKeeper's own jars to speak TLS, on the server's side and the client's. */
export const nettyJars: readonly string[] = [...NETTY, 'transport-native-unix-common'].map((part) => {
  return join(JARS, `netty-${part}.jar`);
});

/** The jars that Apache ZooKeeper's admin server stands on. */
export const adminLibraries: readonly string[] = [
  ...['server', 'servlet', 'util', 'util-ajax', 'http', 'io', 'security'].map((name) => `jetty9-${name}`),
  'servlet-api',
  'jackson-databind',
  'jackson-core',
  'jackson-annotations',
];

/** What a test may choose of Apache ZooKeeper's configuration. */
export interface ApacheZooKeeperOptions extends EngineOptions {
  /** Further Java system properties, such as `zookeeper.skipACL=yes`. */
  readonly properties?: readonly string[];
  /** Further jars of Debian's, by name, that a part of it needs: those of `adminLibraries` for the admin server. */
  readonly libraries?: readonly string[];
}

/**
 * Starts an Apache ZooKeeper that ends with the test file. Needs Java and Debian's `libzookeeper-java`.
 *
 * @throws TestkitError `not_installed`
 */
export async function startApacheZooKeeper(options: ApacheZooKeeperOptions = {}): Promise<EngineProcess> {
  const zookeeper = new EngineProcess({
    name: 'Apache ZooKeeper',
    port: await freePort(),
    options,
    command: (configFile) => zooKeeperCommand(configFile, options),
  });
  await zookeeper.start();
  return zookeeper;
}

/**
 * What runs an Apache ZooKeeper with this `zoo.cfg`.
 *
 * @throws TestkitError `not_installed`
 */
export function zooKeeperCommand(
  configFile: string,
  { properties: more = [], libraries = [] }: ApacheZooKeeperOptions,
): readonly string[] {
  if (!existsSync(join(JARS, 'zookeeper.jar'))) {
    const message = `${JARS}/zookeeper.jar is not there: install java and libzookeeper-java`;
    throw new TestkitError({ code: 'not_installed' }, message);
  }
  const jars = [...JAR_NAMES, ...libraries].map((name) => join(JARS, `${name}.jar`));
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
  return [
    'java',
    '-cp',
    [...jars, ...nettyJars].join(':'),
    ...flags,
    ...properties.map((name) => `-D${name}`),
    main,
    configFile,
  ];
}
