import { mkdirSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { invariant } from '@reeve/base';
import type { Engine } from './engine.ts';
import { temporaryDirectory } from './temporary-directory.ts';
import { startProcess, type TestProcess } from './test-process.ts';

const START_DEADLINE_MS = 60_000;

/** What a test may choose of an engine's configuration. */
export interface EngineOptions {
  /** Milliseconds of a tick: sessions last 2 to 20 of them. 500 unless given. */
  readonly tickMs?: number;
  /** Further lines of `zoo.cfg`. */
  readonly config?: readonly string[];
  /** Which member of an ensemble it is: its `myid`. Alone unless given. */
  readonly memberId?: number;
}

/** What differs from engine to engine. */
interface EngineKindFacts {
  readonly name: string;
  readonly port: number;
  readonly options: EngineOptions;
  /** What runs it with this `zoo.cfg`. */
  command(configFile: string): readonly string[];
}

/** A real server in a process of its own, configured by a `zoo.cfg`; `super:test` is its super user. */
export class EngineProcess implements Engine {
  readonly name: string;
  readonly port: number;
  readonly #facts: EngineKindFacts;
  readonly #directory = temporaryDirectory();
  #process: TestProcess | undefined;

  constructor(facts: EngineKindFacts) {
    this.name = facts.name;
    this.port = facts.port;
    this.#facts = facts;
  }

  get address(): string {
    return `127.0.0.1:${this.port}`;
  }

  /** Its `dataDir`. */
  get dataDirectory(): string {
    return join(this.#directory, 'data');
  }

  async start(): Promise<void> {
    await this.launch();
    await this.serving();
  }

  /** Starts its process and does not wait: a member of an ensemble serves when enough others are there. */
  async launch(): Promise<void> {
    this.#process = await startProcess(this.#facts.command(this.#writeConfig()));
  }

  /** Waits until it serves, and says as what: the Mode of its `srvr`. */
  async serving(): Promise<string> {
    const started = this.#process;
    invariant(started !== undefined, `${this.name} is launched before it is waited for`);
    const awaited = { deadlineMs: START_DEADLINE_MS, what: `${this.name} on port ${this.port} serves` };
    return started.until(async () => modeIn(await fourLetterWord(this.port, 'srvr')), awaited);
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

  #writeConfig(): string {
    const path = join(this.#directory, 'zoo.cfg');
    const data = this.dataDirectory;
    mkdirSync(data, { recursive: true });
    const { tickMs = 500, config = [], memberId } = this.#facts.options;
    if (memberId !== undefined) writeFileSync(join(data, 'myid'), String(memberId));
    const lines = [
      `tickTime=${tickMs}`,
      `dataDir=${data}`,
      `clientPort=${this.port}`,
      'clientPortAddress=127.0.0.1',
      'maxClientCnxns=0',
      'admin.enableServer=false',
      '4lw.commands.whitelist=*',
      'extendedTypesEnabled=true',
      'znode.container.checkIntervalMs=500',
      // The digest of super:test.
      'DigestAuthenticationProvider.superDigest=super:D/InIHSb7yEEbrWz8b9l71RjZJU=',
      ...config,
    ];
    writeFileSync(path, `${lines.join('\n')}\n`);
    return path;
  }
}

/** The Mode that an answer to `srvr` tells: undefined when the server does not serve. */
export function modeIn(srvr: string): string | undefined {
  return /^Mode: (.+)$/m.exec(srvr)?.[1];
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
