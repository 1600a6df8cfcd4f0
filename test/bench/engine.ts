import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { createClient } from '@reeve/client';
import { fourLetterWord, freePort } from '@reeve/testkit';

const cli = fileURLToPath(new URL('../../../apps/cli/dist/main.js', import.meta.url));
/** Where Debian's zookeeper and libzookeeper-java packages put their jars. */
const jars = ['zookeeper', 'zookeeper-jute', 'slf4j-api', 'slf4j-nop', 'metrics-core', 'snappy-java'];
const START_MS_MAX = 120_000;
const KIB_PER_MIB = 1024;

/** Which server, by name and how it is run with a configuration file. */
export interface EngineKind {
  readonly name: string;
  readonly command: (configFile: string) => readonly string[];
}

export const reeve: EngineKind = {
  name: 'Reeve',
  command: (configFile) => [process.execPath, cli, 'coordinator', '--config', configFile],
};

/** Apache ZooKeeper as Debian installs it. @param jvm what to tell Java, such as `-Xmx2g` */
export function apacheZooKeeper(jvm: readonly string[]): EngineKind {
  const path = jars.map((jar) => `/usr/share/java/${jar}.jar`).join(':');
  const main = 'org.apache.zookeeper.server.quorum.QuorumPeerMain';
  return { name: 'ZooKeeper', command: (configFile) => ['java', '-cp', path, ...jvm, main, configFile] };
}

/** One server of a benchmark, its data directory, and what it takes. */
export class Engine {
  readonly name: string;
  readonly port: number;
  readonly #kind: EngineKind;
  readonly #directory = mkdtempSync(join(tmpdir(), 'reeve-bench-'));
  #child: ChildProcess | undefined;

  private constructor(kind: EngineKind, port: number) {
    this.name = kind.name;
    this.#kind = kind;
    this.port = port;
  }

  static async of(kind: EngineKind): Promise<Engine> {
    return new Engine(kind, await freePort());
  }

  get address(): string {
    return `127.0.0.1:${this.port}`;
  }

  /** Starts it, and says how many milliseconds it took until a session could be opened. */
  async start(snapCount: number): Promise<number> {
    const [program = '', ...words] = this.#kind.command(this.#configure(snapCount));
    const startedMs = performance.now();
    this.#child = spawn(program, words, { stdio: 'ignore' });
    while (!(await fourLetterWord(this.port, 'srvr')).includes('Mode: ')) {
      if (performance.now() - startedMs > START_MS_MAX) throw new RangeError(`${this.name} does not start`);
      await sleep(5);
    }
    const client = createClient({ servers: this.address });
    await client.exists('/');
    const tookMs = performance.now() - startedMs;
    await client.close();
    return tookMs;
  }

  async stop(): Promise<void> {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null) return;
    child.kill('SIGTERM');
    await once(child, 'exit');
  }

  /** Resident memory, MiB. */
  get rssMiB(): number {
    const status = readFileSync(`/proc/${this.#child?.pid}/status`, 'utf8');
    return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) / KIB_PER_MIB;
  }

  /** The newest snapshot, finished or not, which gives it another name: when it was begun, and its length. */
  newestSnapshot(): { readonly bornMs: number; readonly bytes: number } | undefined {
    const data = join(this.#directory, 'data');
    const at = readdirSync(data).includes('version-2') ? join(data, 'version-2') : data;
    const found = readdirSync(at).filter((name) => name.startsWith('snapshot.'));
    const dated = found.flatMap((name) => {
      const facts = statSync(join(at, name), { throwIfNoEntry: false });
      return facts === undefined ? [] : [{ bytes: facts.size, bornMs: facts.birthtimeMs }];
    });
    return dated.sort((a, b) => b.bornMs - a.bornMs)[0];
  }

  async remove(): Promise<void> {
    await this.stop();
    rmSync(this.#directory, { recursive: true });
  }

  #configure(snapCount: number): string {
    const data = join(this.#directory, 'data');
    mkdirSync(data, { recursive: true });
    const lines = [
      'tickTime=2000',
      `dataDir=${data}`,
      `clientPort=${this.port}`,
      'clientPortAddress=127.0.0.1',
      'admin.enableServer=false',
      'maxClientCnxns=0',
      '4lw.commands.whitelist=*',
      `snapCount=${snapCount}`,
    ];
    const path = join(this.#directory, 'zoo.cfg');
    writeFileSync(path, `${lines.join('\n')}\n`);
    return path;
  }
}
