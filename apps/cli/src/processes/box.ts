import { identityEnvironment, type LogLevel, type Settings } from '../settings.ts';
import { type KeptEvent, KeptProcess } from './kept-process.ts';

/** All of Reeve on one machine. */
export interface BoxOptions {
  readonly dataDir: string;
  readonly port: number;
  readonly host: string;
  readonly masters: number;
  readonly workers: number;
  readonly slots: number;
  readonly queues: readonly string[];
  readonly handlers: readonly string[];
  readonly commands: 'allowed' | 'refused';
  /** Who masters and workers are; with a certificate, the coordinator serves TLS by the same one. */
  readonly auth: Settings['auth'];
  readonly tls: Settings['tls'];
  readonly logLevel: LogLevel;
}

/** Workers may finish what they run for so long when the box is stopped. */
const DRAIN = '5s';
/** How long each kind of process has to end, milliseconds. */
const graceMs = { worker: 8_000, master: 3_000, coordinator: 5_000 };

/** A coordinator, masters and workers as processes of their own, kept alive. */
export class Box {
  readonly #options: BoxOptions;
  readonly #onEvent: (event: KeptEvent) => void;
  #coordinator: KeptProcess | undefined;
  #masters: readonly KeptProcess[] = [];
  #workers: readonly KeptProcess[] = [];
  #port: number;

  constructor(options: BoxOptions, onEvent: (event: KeptEvent) => void) {
    this.#options = options;
    this.#onEvent = onEvent;
    this.#port = options.port;
  }

  /** Where clients find it; known once `start` has resolved. */
  get connect(): string {
    return `${this.#options.host === '*' ? '127.0.0.1' : this.#options.host}:${this.#port}`;
  }

  /** Starts the coordinator, then masters and workers; resolves when all of them serve. */
  async start(): Promise<void> {
    this.#coordinator = this.#keep('coordinator', () => this.#coordinatorArgs());
    const { port } = await this.#coordinator.ready();
    this.#port = Number(port);
    this.#masters = this.#several(this.#options.masters, 'master', (name) => this.#masterArgs(name));
    this.#workers = this.#several(this.#options.workers, 'worker', (name) => this.#workerArgs(name));
    await Promise.all([...this.#masters, ...this.#workers].map((kept) => kept.ready()));
  }

  /** Ends all of them: workers first, so that they can hand back what they have not started. */
  async stop(): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.stop(graceMs.worker)));
    await Promise.all(this.#masters.map((master) => master.stop(graceMs.master)));
    await this.#coordinator?.stop(graceMs.coordinator);
  }

  /** Ends all of them at once. */
  kill(): void {
    for (const kept of [...this.#workers, ...this.#masters]) kept.kill();
    this.#coordinator?.kill();
  }

  #several(count: number, kind: string, args: (name: string) => readonly string[]): readonly KeptProcess[] {
    return Array.from({ length: count }, (_, at) => {
      const name = `${kind}-${at + 1}`;
      return this.#keep(name, () => args(name));
    });
  }

  #keep(name: string, args: () => readonly string[]): KeptProcess {
    const env = identityEnvironment(this.#options);
    const child = () => ({
      name,
      args: [...args(), '--log-level', this.#options.logLevel],
      log: 'inherit' as const,
      env,
    });
    return new KeptProcess({ child, onEvent: this.#onEvent });
  }

  #coordinatorArgs(): readonly string[] {
    const { dataDir, host, tls } = this.#options;
    const place = ['--data-dir', dataDir, '--port', String(this.#port), '--host', host];
    const files = { '--tls-ca': tls?.ca, '--tls-cert': tls?.cert, '--tls-key': tls?.key };
    const given = Object.entries(files).flatMap(([name, file]) => (file === undefined ? [] : [name, file]));
    return ['coordinator', ...place, ...given];
  }

  #masterArgs(name: string): readonly string[] {
    return ['master', '--connect', this.connect, '--name', name];
  }

  #workerArgs(name: string): readonly string[] {
    const { slots, queues, handlers, commands } = this.#options;
    return [
      ...['worker', '--connect', this.connect, '--name', name, '--slots', String(slots), '--drain', DRAIN],
      ...['--queues', ...queues],
      ...(handlers.length > 0 ? ['--handlers', ...handlers] : []),
      ...(commands === 'allowed' ? ['--commands'] : []),
    ];
  }
}
