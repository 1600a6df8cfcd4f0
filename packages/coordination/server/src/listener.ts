import { createServer, type Server, type Socket } from 'node:net';
import type { Logger } from '@reeve/base';
import type { CoordinatorConfig } from './config.ts';
import { ServerError } from './server-error.ts';
import type { Totals } from './traffic.ts';

/** Connections that the kernel may hold until they are accepted. */
const backlog = 1024;

/** What a listener works with. */
export interface ListenerParts {
  readonly config: CoordinatorConfig;
  readonly logger: Logger;
  readonly totals: Totals;
}

/** Accepts clients, as many as are allowed. */
export class Listener {
  readonly #config: CoordinatorConfig;
  readonly #logger: Logger;
  readonly #totals: Totals;
  readonly #server: Server;
  readonly #perAddress = new Map<string, number>();
  /** Addresses over their limit: one log line each, not one for each attempt. */
  readonly #refused = new Set<string>();
  #connections = 0;
  #lastId = 0;

  constructor({ config, logger, totals }: ListenerParts, accept: (id: number, socket: Socket) => void) {
    this.#config = config;
    this.#logger = logger;
    this.#totals = totals;
    this.#server = createServer({ noDelay: true, keepAlive: true }, (socket) => {
      if (!this.#admit(socket)) return;
      this.#lastId += 1;
      accept(this.#lastId, socket);
    });
  }

  /**
   * Begins to listen, and says on which port.
   *
   * @throws ServerError
   */
  listen(): Promise<number> {
    const { host, port } = this.#config;
    const server = this.#server;
    return new Promise((resolve, reject) => {
      server.once('error', (error) => reject(ServerError.ofListen(error, { host, port })));
      server.listen({ port, backlog, ...(host === '*' ? {} : { host }) }, () => {
        const address = server.address();
        server.removeAllListeners('error');
        server.on('error', (error) =>
          this.#logger.warn({ reason: error.message }, 'a connection could not be accepted'),
        );
        resolve(typeof address === 'object' && address !== null ? address.port : port);
      });
    });
  }

  /** Accepts nobody any more. Those that are connected stay. */
  stop(): void {
    this.#server.close();
  }

  #admit(socket: Socket): boolean {
    const address = socket.remoteAddress ?? '';
    const { connectionsPerAddressMax, connectionsMax } = this.#config;
    const ofAddress = this.#perAddress.get(address) ?? 0;
    if (exceeds(ofAddress, connectionsPerAddressMax) || exceeds(this.#connections, connectionsMax)) {
      this.#refuse(socket, address);
      return false;
    }
    this.#connections += 1;
    this.#perAddress.set(address, ofAddress + 1);
    socket.once('close', () => this.#forget(address));
    return true;
  }

  #refuse(socket: Socket, address: string): void {
    socket.on('error', () => {});
    socket.destroy();
    this.#totals.connectionsRejected += 1;
    if (this.#refused.has(address)) return;
    this.#refused.add(address);
    const { connectionsPerAddressMax, connectionsMax } = this.#config;
    const facts = { address, connectionsPerAddressMax, connectionsMax };
    this.#logger.warn(facts, 'too many connections: more are closed at once (maxClientCnxns, maxCnxns)');
  }

  #forget(address: string): void {
    this.#connections -= 1;
    this.#refused.delete(address);
    const left = (this.#perAddress.get(address) ?? 1) - 1;
    if (left === 0) this.#perAddress.delete(address);
    else this.#perAddress.set(address, left);
  }
}

/** Whether one more would be too many; 0 is no limit. */
function exceeds(count: number, limit: number): boolean {
  return limit > 0 && count >= limit;
}
