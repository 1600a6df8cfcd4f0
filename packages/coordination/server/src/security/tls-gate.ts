import type { Socket } from 'node:net';
import { createServer, type Server, type TLSSocket, type TlsOptions } from 'node:tls';
import { codeOf, messageOf } from '@reeve/base';
import type { SparingLog } from '../sparing-log.ts';
import type { TlsConfig } from './security-config.ts';
import { subjectName } from './subject-name.ts';

/** What a gate works with. */
export interface TlsGateParts {
  readonly config: TlsConfig;
  readonly credentials: TlsOptions;
  readonly complaints: SparingLog;
}

/** Shakes hands with clients, so many at a time, and lets in those whose certificates are good. */
export class TlsGate {
  readonly #config: TlsConfig;
  readonly #complaints: SparingLog;
  readonly #accept: (socket: Socket, subject: string | undefined) => void;
  /** Never listens: it is given connections that were accepted already. */
  readonly #server: Server;
  /** Connections whose handshake has not ended, by their far end. */
  readonly #shaking = new Map<string, Socket>();

  constructor(
    { config, credentials, complaints }: TlsGateParts,
    accept: (socket: Socket, subject: string | undefined) => void,
  ) {
    this.#config = config;
    this.#complaints = complaints;
    this.#accept = accept;
    const { clientAuth, handshakeMs } = config;
    const rules = { requestCert: clientAuth !== 'none', rejectUnauthorized: false, handshakeTimeout: handshakeMs };
    this.#server = createServer({ ...credentials, ...rules });
    this.#server.on('secureConnection', (socket) => this.#shaken(socket));
    this.#server.on('tlsClientError', (error, socket) => this.#failed(socket, messageOf(error)));
  }

  /** Begins a handshake, when there are not too many already. */
  take(socket: Socket): void {
    const client = nameOf(socket);
    if (this.#shaking.size >= this.#config.handshakesMax) {
      this.#complain(client, 'too many handshakes at a time (netty.server.outstandingHandshake.limit)');
      socket.on('error', () => {});
      return void socket.destroy();
    }
    this.#shaking.set(client, socket);
    socket.once('close', () => this.#shaking.delete(client));
    this.#server.emit('connection', socket);
  }

  /** Other keys and certificates, for connections to come. */
  renew(credentials: TlsOptions): void {
    this.#server.setSecureContext(credentials);
  }

  /** Ends the handshakes that are under way. */
  stop(): void {
    for (const socket of this.#shaking.values()) socket.destroy();
  }

  #shaken(socket: TLSSocket): void {
    this.#shaking.delete(nameOf(socket));
    const certificate = socket.getPeerX509Certificate();
    const { clientAuth } = this.#config;
    if (clientAuth === 'none' || (clientAuth === 'want' && certificate === undefined)) {
      return this.#accept(socket, undefined);
    }
    if (certificate !== undefined && socket.authorized) return this.#accept(socket, subjectName(certificate.raw));
    const { authorizationError } = socket;
    const reason =
      authorizationError instanceof Error ? (codeOf(authorizationError) ?? '') : String(authorizationError);
    this.#failed(
      socket,
      certificate === undefined ? 'it has no certificate' : `its certificate is not good: ${reason}`,
    );
  }

  #failed(socket: TLSSocket, reason: string): void {
    this.#complain(nameOf(socket), reason);
    socket.on('error', () => {});
    socket.destroy();
  }

  #complain(client: string, reason: string): void {
    this.#complaints.warn({ client, reason }, 'a client was refused while it began TLS');
  }
}

function nameOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress}:${remotePort}`;
}
