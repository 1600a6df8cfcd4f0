import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import type { Engine } from './engine.ts';
import { freePort } from './free-port.ts';
import { temporaryDirectory } from './temporary-directory.ts';
import { startProcess, type TestProcess } from './test-process.ts';
import { TestkitError } from './testkit-error.ts';

/** Where Debian's zookeeper and libzookeeper-java packages put their jars. */
const JARS = '/usr/share/java';
const JAR_NAMES = ['zookeeper', 'zookeeper-jute', 'slf4j-api', 'slf4j-simple', 'metrics-core', 'snappy-java'];
const START_DEADLINE_MS = 60_000;

/** What a test may choose of Apache ZooKeeper's configuration. */
export interface ApacheZooKeeperOptions {
  /** Milliseconds of a tick: sessions last 2 to 20 of them. 500 unless given. */
  readonly tickMs?: number;
  /** Further lines of `zoo.cfg`. */
  readonly config?: readonly string[];
  /** Further Java system properties, such as `zookeeper.skipACL=yes`. */
  readonly properties?: readonly string[];
}

/** Apache ZooKeeper, standalone, on a port and data directory of its own; `super:test` is its super user. */
export class ApacheZooKeeper implements Engine {
  readonly name = 'Apache ZooKeeper';
  readonly port: number;
  readonly #directory: string;
  readonly #options: ApacheZooKeeperOptions;
  #process: TestProcess | undefined;

  constructor(port: number, options: ApacheZooKeeperOptions) {
    this.port = port;
    this.#options = options;
    this.#directory = temporaryDirectory();
  }

  get address(): string {
    return `127.0.0.1:${this.port}`;
  }

  async start(): Promise<void> {
    const config = this.#writeConfig();
    this.#process = await startProcess(this.#command(config), {
      ready: async () => (await fourLetterWord(this.port, 'ruok')) === 'imok',
      readyDeadlineMs: START_DEADLINE_MS,
    });
  }

  async stop(): Promise<void> {
    await this.#process?.stop();
  }

  async kill(): Promise<void> {
    this.#process?.kill('SIGKILL');
    await this.#process?.exited;
  }

  pause(): void {
    this.#process?.kill('SIGSTOP');
  }

  resume(): void {
    this.#process?.kill('SIGCONT');
  }

  #command(config: string): readonly string[] {
    const jars = JAR_NAMES.map((name) => join(JARS, `${name}.jar`));
    const properties = [
      'java.awt.headless=true',
      'java.net.preferIPv4Stack=true',
      'zookeeper.jmx.log4j.disable=true',
      'zookeeper.extendedTypesEnabled=true',
      'znode.container.checkIntervalMs=500',
      // Its own log is asked for when a test fails; without fsync it starts and answers fast enough for tests.
      'zookeeper.forceSync=no',
      ...(this.#options.properties ?? []),
    ];
    const main = 'org.apache.zookeeper.server.quorum.QuorumPeerMain';
    const flags = ['-Xmx256m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-Xshare:auto'];
    return ['java', '-cp', jars.join(':'), ...flags, ...properties.map((property) => `-D${property}`), main, config];
  }

  #writeConfig(): string {
    const path = join(this.#directory, 'zoo.cfg');
    const data = join(this.#directory, 'data');
    mkdirSync(data, { recursive: true });
    const lines = [
      `tickTime=${this.#options.tickMs ?? 500}`,
      `dataDir=${data}`,
      `clientPort=${this.port}`,
      'clientPortAddress=127.0.0.1',
      'maxClientCnxns=0',
      'admin.enableServer=false',
      '4lw.commands.whitelist=*',
      // The digest of super:test.
      'DigestAuthenticationProvider.superDigest=super:D/InIHSb7yEEbrWz8b9l71RjZJU=',
      ...(this.#options.config ?? []),
    ];
    writeFileSync(path, `${lines.join('\n')}\n`);
    return path;
  }
}

/**
 * Starts an Apache ZooKeeper that ends with the test file. Needs Java and Debian's `libzookeeper-java`.
 *
 * @throws TestkitError `not_installed`
 */
export async function startApacheZooKeeper(options: ApacheZooKeeperOptions = {}): Promise<ApacheZooKeeper> {
  if (!existsSync(join(JARS, 'zookeeper.jar'))) {
    const message = `${JARS}/zookeeper.jar is not there: install java and libzookeeper-java`;
    throw new TestkitError({ code: 'not_installed' }, message);
  }
  const zookeeper = new ApacheZooKeeper(await freePort(), options);
  await zookeeper.start();
  return zookeeper;
}

/** What the server at this port of 127.0.0.1 answers to a four-letter word; empty when there is none. */
export function fourLetterWord(port: number, word: string): Promise<string> {
  return new Promise((resolve) => {
    let answer = '';
    const socket = connect(port, '127.0.0.1', () => socket.write(word));
    socket.setTimeout(2_000, () => socket.destroy());
    socket.setEncoding('utf8').on('data', (text: string) => {
      answer += text;
    });
    socket.on('error', () => {});
    socket.on('close', () => resolve(answer));
  });
}
