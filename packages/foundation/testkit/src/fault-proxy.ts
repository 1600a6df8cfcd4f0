import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import type { Random } from '@reeve/base';
import { freePort } from './free-port.ts';
import { seededRandom } from './seeded-random.ts';
import { atTestEnd } from './test-end.ts';

/** One way through the proxy. */
export type Direction = 'to_server' | 'to_client';

interface Pair {
  readonly client: Socket;
  readonly server: Socket;
  /** What is held back for a time, each way. */
  readonly late: Readonly<Record<Direction, (() => void)[]>>;
  /** Bytes that may still pass, both ways together, before the proxy cuts; infinite unless cuts are asked for. */
  budget: number;
}

/** Where a proxy listens. */
export interface ProxyAddress {
  readonly host: string;
  readonly port: number;
}

/** A TCP proxy on 127.0.0.1 between a client and a server, which does to their connections what networks do. */
export class FaultProxy {
  readonly #target: number;
  readonly #host: string;
  readonly #pairs = new Set<Pair>();
  readonly #stalled = new Set<Direction>();
  #server: Server | undefined;
  readonly #port: number;
  #delayMs = 0;
  #budget: () => number = () => Number.POSITIVE_INFINITY;
  #accepted = 0;

  constructor(targetPort: number, { host, port }: ProxyAddress) {
    this.#target = targetPort;
    this.#host = host;
    this.#port = port;
  }

  get port(): number {
    return this.#port;
  }

  /** `host:port`, for a connect string. */
  get address(): string {
    return `${this.#host}:${this.#port}`;
  }

  /** How many connections were accepted so far. */
  get accepted(): number {
    return this.#accepted;
  }

  /** How many connections are open now. */
  get open(): number {
    return this.#pairs.size;
  }

  /** How many chunks a delay holds back now. */
  get heldBack(): number {
    return [...this.#pairs].reduce((sum, { late }) => sum + late.to_server.length + late.to_client.length, 0);
  }

  /** Accepts connections. */
  async accept(): Promise<void> {
    if (this.#server !== undefined) return;
    this.#server = createServer((client) => this.#admit(client)).listen(this.#port, this.#host);
    await once(this.#server, 'listening');
  }

  /** Closes every connection with a reset and refuses new ones until `accept`. */
  async refuse(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (server === undefined) return;
    const closed = once(server, 'close');
    server.close();
    this.cut();
    await closed;
  }

  /** Resets every connection; new ones are accepted. */
  cut(): void {
    for (const pair of [...this.#pairs]) this.#drop(pair);
  }

  /** Passes nothing on, in one direction or both, until `resume`; the connections stay open. What was sent is kept. */
  stall(...directions: readonly Direction[]): void {
    for (const direction of directions.length === 0 ? (['to_server', 'to_client'] as const) : directions) {
      this.#stalled.add(direction);
    }
    for (const pair of this.#pairs) this.#regulate(pair);
  }

  /** Passes everything on again, what was held back first. */
  resume(): void {
    this.#stalled.clear();
    for (const pair of this.#pairs) this.#regulate(pair);
  }

  /** Holds every chunk back for `delayMs`, in both directions; 0 ends it. */
  delay(delayMs: number): void {
    this.#delayMs = delayMs;
  }

  /**
   * Cuts each further connection after a number of bytes between 1 and `bytesMax` drawn from `seed`, in the middle of
   * a frame more often than not; `bytesMax` 0 ends it.
   */
  cutRandomly({ seed, bytesMax }: { seed: number; bytesMax: number }): void {
    const random: Random = seededRandom(seed);
    this.#budget = bytesMax === 0 ? () => Number.POSITIVE_INFINITY : () => 1 + Math.floor(random() * bytesMax);
  }

  #admit(client: Socket): void {
    this.#accepted += 1;
    const server = connect(this.#target, '127.0.0.1');
    const pair: Pair = { client, server, late: { to_server: [], to_client: [] }, budget: this.#budget() };
    this.#pairs.add(pair);
    client.setNoDelay(true);
    server.setNoDelay(true);
    client.on('data', (chunk) => this.#pass(pair, { way: 'to_server', chunk }));
    server.on('data', (chunk) => this.#pass(pair, { way: 'to_client', chunk }));
    for (const socket of [client, server]) {
      socket.on('error', () => this.#drop(pair));
      socket.on('close', () => this.#drop(pair));
    }
    this.#regulate(pair);
  }

  #pass(pair: Pair, { way, chunk }: { way: Direction; chunk: Buffer }): void {
    // Cut already: its end waits for the last bytes to be written.
    if (pair.budget < 0) return;
    const to = way === 'to_server' ? pair.server : pair.client;
    const passed = chunk.length <= pair.budget ? chunk : chunk.subarray(0, pair.budget);
    pair.budget -= chunk.length;
    const send = () => {
      if (to.destroyed) return;
      to.write(passed, () => {
        if (pair.budget < 0) this.#drop(pair);
      });
    };
    const late = pair.late[way];
    if (this.#delayMs === 0 && late.length === 0) return send();
    late.push(send);
    // Whichever timer fires, the first in line goes: nothing overtakes when the delay changes.
    setTimeout(() => late.shift()?.(), this.#delayMs);
  }

  /** Pausing a socket keeps what it receives: the sender meets a full window, as with a silent network. */
  #regulate(pair: Pair): void {
    if (this.#stalled.has('to_server')) pair.client.pause();
    else pair.client.resume();
    if (this.#stalled.has('to_client')) pair.server.pause();
    else pair.server.resume();
  }

  #drop(pair: Pair): void {
    if (!this.#pairs.delete(pair)) return;
    reset(pair.client);
    reset(pair.server);
  }
}

// libuv refuses to reset a socket that is shutting down, and then never closes it.
function reset(socket: Socket): void {
  if (socket.writableEnded) socket.destroy();
  else socket.resetAndDestroy();
}

/** Starts a proxy before `targetPort` of 127.0.0.1; it ends with the test file. */
export async function startFaultProxy(targetPort: number, address?: ProxyAddress): Promise<FaultProxy> {
  // Not any port of the system's: another process would be given it while the proxy refuses connections.
  const proxy = new FaultProxy(targetPort, address ?? { host: '127.0.0.1', port: await freePort() });
  await proxy.accept();
  atTestEnd(() => proxy.refuse());
  return proxy;
}
