import { mkdir, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Child } from '../processes/child.ts';
import { freePorts } from './free-ports.ts';

const HOST = '127.0.0.1';
const PORTS_EACH = 3;
/** How long a member may take to answer who it is, and how often it is asked. */
const ANSWER_TIMEOUT_MS = 1_000;
const LOOKS_MAX = 100;
const LOOK_PAUSE_MS = 50;

/** What coordinators are started with. */
export interface CoordinatorsOptions {
  readonly directory: string;
  /** How many: one alone, or the members of an ensemble. */
  readonly count: number;
  readonly tickMs: number;
  readonly start: (name: string, args: readonly string[]) => Child;
}

/** One coordinator, dead or alive. */
interface Seat {
  readonly name: string;
  readonly port: number;
  readonly args: readonly string[];
  child: Child | undefined;
}

/** The coordinators of the demo: always at the same places, with the same data. */
export class Coordinators {
  readonly #options: CoordinatorsOptions;
  #seats: readonly Seat[] = [];

  constructor(options: CoordinatorsOptions) {
    this.#options = options;
  }

  /** Where clients find them. */
  get connect(): string {
    return this.#seats.map(({ port }) => `${HOST}:${port}`).join(',');
  }

  /** Starts all of them. */
  async start(): Promise<void> {
    const ports = await freePorts(HOST, this.#options.count * PORTS_EACH);
    const members = Array.from({ length: this.#options.count }, (_, at) => ports.slice(at * PORTS_EACH));
    this.#seats = await Promise.all(members.map((own, at) => this.#seat(at + 1, own, members)));
    await Promise.all(this.#seats.map((seat) => this.#run(seat)));
  }

  /** The one that everything hangs on: the only one, or the leader. */
  async leader(): Promise<{ readonly what: string; readonly child: Child | undefined }> {
    const [only] = this.#seats;
    if (this.#seats.length === 1) return { what: 'the coordinator', child: only?.child };
    for (let looks = 0; looks < LOOKS_MAX; looks += 1) {
      for (const { child, name, port } of this.#seats) {
        if ((await answer(port, 'srvr')).includes('Mode: leader')) return { what: `${name}, the leader`, child };
      }
      await sleep(LOOK_PAUSE_MS);
    }
    return { what: 'a coordinator', child: only?.child };
  }

  /** Starts again the one that was killed. */
  async restart(child: Child | undefined): Promise<void> {
    const seat = this.#seats.find((one) => one.child === child);
    await child?.exited;
    if (seat !== undefined) await this.#run(seat);
  }

  async #run(seat: Seat): Promise<void> {
    seat.child = this.#options.start(seat.name, ['coordinator', ...seat.args]);
    await seat.child.ready;
  }

  async #seat(id: number, ports: readonly number[], members: readonly (readonly number[])[]): Promise<Seat> {
    const { count, directory, tickMs } = this.#options;
    const [port = 0] = ports;
    if (count === 1) {
      const place = ['--data-dir', join(directory, 'data'), '--port', String(port), '--tick', `${tickMs}ms`];
      return { name: 'coordinator', port, args: place, child: undefined };
    }
    const name = `coordinator-${id}`;
    const dataDir = join(directory, name);
    await mkdir(dataDir);
    await writeFile(join(dataDir, 'myid'), `${id}\n`);
    const servers = members.map(([, peer, election], at) => `server.${at + 1}=${HOST}:${peer}:${election}`);
    const lines = [`dataDir=${dataDir}`, `clientPort=${port}`, `clientPortAddress=${HOST}`, `tickTime=${tickMs}`];
    const limits = ['initLimit=100', 'syncLimit=50', 'admin.enableServer=false'];
    const config = join(directory, `${name}.cfg`);
    await writeFile(config, `${[...lines, ...limits, ...servers].join('\n')}\n`);
    return { name, port, args: ['--config', config], child: undefined };
  }
}

/** What a member answers to a four-letter word; nothing from one that is gone. */
async function answer(port: number, word: string): Promise<string> {
  const socket = connect({ host: HOST, port });
  socket.setTimeout(ANSWER_TIMEOUT_MS, () => socket.destroy());
  socket.write(word);
  try {
    return await text(socket);
  } catch {
    return '';
  }
}
