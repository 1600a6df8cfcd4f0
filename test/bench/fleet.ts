import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Measured } from './processes.ts';

const handlers = fileURLToPath(new URL('../../bench/fixtures/noop.mjs', import.meta.url));

/** How large a fleet a benchmark runs on. */
export interface FleetSize {
  readonly masters: number;
  readonly slots: number;
}

/** A coordinator that syncs every write to disk, masters, and workers on demand: a process each. */
export class Fleet {
  readonly connect: string;
  readonly #directory: string;
  readonly #processes: Measured[] = [];
  readonly size: FleetSize;

  private constructor(port: number, size: FleetSize) {
    this.connect = `127.0.0.1:${port}`;
    this.#directory = mkdtempSync(join(tmpdir(), 'reeve-bench-'));
    this.size = size;
  }

  /** Starts coordinator and masters; resolves when there is a primary. */
  static async start(size: FleetSize): Promise<Fleet> {
    const port = await freePort();
    const fleet = new Fleet(port, size);
    await fleet.#add('coordinator', ['--data-dir', fleet.#directory, '--port', `${port}`], /coordinator started/);
    for (let n = 1; n <= size.masters; n += 1) {
      await fleet.#add('master', ['--connect', fleet.connect], n === 1 ? /elected/ : /"role"/);
    }
    return fleet;
  }

  get processes(): readonly Measured[] {
    return this.#processes;
  }

  /** Resolves when the worker is registered. */
  async addWorker(): Promise<void> {
    const words = ['--connect', this.connect, '--handlers', handlers, '--slots', `${this.size.slots}`];
    await this.#add('worker', words, /registered/);
  }

  /** Stops all of it and removes its data. */
  async stop(): Promise<void> {
    for (const process of [...this.#processes].reverse()) await process.stop();
    rmSync(this.#directory, { recursive: true, force: true });
  }

  async #add(role: string, words: readonly string[], ready: RegExp): Promise<void> {
    const process = new Measured(role, [role, ...words]);
    this.#processes.push(process);
    await process.logged(ready);
  }
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}
