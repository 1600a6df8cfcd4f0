import { createServer, type Server, type Socket } from 'node:net';
import type { Admission } from './admission.ts';
import type { CoordinatorConfig } from './config.ts';
import type { TlsGate } from './security/tls-gate.ts';
import { type ListenPlace, ServerError } from './server-error.ts';
import type { SparingLog } from './sparing-log.ts';

/** How a handshake of TLS begins; nothing of the client protocol begins so. */
const tlsHandshake = 0x16;

/** A client that may speak. */
export interface Accepted {
  readonly socket: Socket;
  /** Subject of the certificate that it proved to own. */
  readonly x509: string | undefined;
}

/** What a listener works with. */
export interface ListenerParts {
  readonly config: CoordinatorConfig;
  readonly complaints: SparingLog;
  readonly admission: Admission;
  /** Where TLS begins; there where it is served. */
  readonly gate: TlsGate | undefined;
  readonly accept: (client: Accepted) => void;
}

/** Where a coordinator listens; `undefined` where it does not. */
export interface Ports {
  readonly port: number | undefined;
  readonly securePort: number | undefined;
}

/** Accepts clients on all ports. */
export class Listener {
  readonly #parts: ListenerParts;
  readonly #servers: Server[] = [];

  constructor(parts: ListenerParts) {
    this.#parts = parts;
  }

  /**
   * Begins to listen, and says on which ports.
   *
   * @throws ServerError
   */
  async listen(): Promise<Ports> {
    const { host, port, secureHost, securePort, portUnification } = this.#parts.config;
    const first = portUnification === 'plain' ? this.#plain : this.#either;
    try {
      return {
        port: port === 'none' ? undefined : await this.#open({ host, port, setting: 'clientPort' }, first),
        securePort:
          securePort === undefined
            ? undefined
            : await this.#open({ host: secureHost, port: securePort, setting: 'secureClientPort' }, this.#secure),
      };
    } catch (error) {
      this.stop();
      throw error;
    }
  }

  /** Accepts nobody any more. Those that are connected stay. */
  stop(): void {
    for (const server of this.#servers) server.close();
    this.#parts.gate?.stop();
  }

  readonly #plain = (socket: Socket): void => this.#parts.accept({ socket, x509: undefined });

  readonly #secure = (socket: Socket): void => this.#parts.gate?.take(socket);

  /** Looks at the first byte. */
  readonly #either = (socket: Socket): void => {
    const giveUp = () => socket.destroy();
    const impatient = setTimeout(giveUp, this.#parts.config.tls?.handshakeMs);
    socket.on('error', giveUp);
    socket.once('close', () => clearTimeout(impatient));
    socket.once('readable', () => {
      const bytes: Buffer | null = socket.read();
      if (bytes === null) return;
      clearTimeout(impatient);
      socket.off('error', giveUp);
      socket.unshift(bytes);
      if (bytes[0] === tlsHandshake) this.#secure(socket);
      else this.#plain(socket);
    });
  };

  #open(place: ListenPlace, take: (socket: Socket) => void): Promise<number> {
    const { admission, complaints } = this.#parts;
    const server = createServer({ noDelay: true, keepAlive: true }, (socket) => {
      if (admission.admits(socket)) take(socket);
    });
    this.#servers.push(server);
    const { host, port } = place;
    const backlog = this.#parts.config.unacceptedConnectionsMax;
    return new Promise((resolve, reject) => {
      server.once('error', (error) => reject(ServerError.ofListen(error, place)));
      server.listen({ port, backlog, ...(host === '*' ? {} : { host }) }, () => {
        const address = server.address();
        server.removeAllListeners('error');
        server.on('error', (error) => complaints.warn({ reason: error.message }, 'a connection could not be accepted'));
        resolve(typeof address === 'object' && address !== null ? address.port : port);
      });
    });
  }
}
