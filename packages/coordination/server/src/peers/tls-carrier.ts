import { createServer, isIP, type Server, type Socket } from 'node:net';
import {
  connect,
  createServer as createGate,
  createSecureContext,
  type Server as Gate,
  type TLSSocket,
  type TlsOptions,
} from 'node:tls';
import { codeOf, type Logger, messageOf } from '@reeve/base';
import { credentialFiles, readCredentials } from '../security/credentials.ts';
import { watchFiles } from '../security/file-watch.ts';
import type { SparingLog } from '../sparing-log.ts';
import type { PeerTlsConfig } from './ensemble-config.ts';
import type { Arrival, PeerAddress, PeerCarrier } from './peer-carrier.ts';

const bindingBytes = 32;
const bindingLabel = 'EXPORTER-reeve-members';

/** What a carrier of TLS is made of. */
export interface TlsCarrierParts {
  readonly config: PeerTlsConfig;
  readonly logger: Logger;
  readonly complaints: SparingLog;
}

/**
 * TLS between members, with what its files say.
 *
 * @throws SecurityError
 */
export async function openTlsCarrier(parts: TlsCarrierParts): Promise<PeerCarrier> {
  return new TlsCarrier(parts, await readCredentials(parts.config, Date.now()));
}

/** TLS in which both sides show a certificate, and follow their files. */
class TlsCarrier implements PeerCarrier {
  readonly #config: PeerTlsConfig;
  readonly #logger: Logger;
  readonly #complaints: SparingLog;
  readonly #gates: Gate[] = [];
  readonly #forget: () => void;
  #credentials: TlsOptions;

  constructor({ config, logger, complaints }: TlsCarrierParts, credentials: TlsOptions) {
    this.#config = config;
    this.#logger = logger;
    this.#complaints = complaints;
    this.#credentials = credentials;
    this.#forget = config.reload === 'never' ? () => {} : watchFiles(credentialFiles(config), () => void this.#renew());
  }

  connect({ host, port }: PeerAddress, ready: (arrival: Arrival) => void): Socket {
    const socket = connect({
      secureContext: createSecureContext(this.#credentials),
      ...(isIP(host) === 0 ? { servername: host } : {}),
      ...(this.#config.hostNames === 'ignored' ? { checkServerIdentity: () => undefined } : {}),
      host,
      port,
    });
    socket.setNoDelay(true).setKeepAlive(true);
    return socket.once('secureConnect', () => ready(arrivalOf(socket)));
  }

  serve(accepted: (socket: Socket) => (arrival: Arrival) => void): Server {
    const waiting = new Map<string, (arrival: Arrival) => void>();
    const gate = this.#gate((socket) => waiting.get(nameOf(socket))?.(arrivalOf(socket)));
    return createServer({ noDelay: true, keepAlive: true }, (socket) => {
      const name = nameOf(socket);
      waiting.set(name, accepted(socket));
      socket.once('close', () => waiting.delete(name));
      gate.emit('connection', socket);
    });
  }

  stop(): void {
    this.#forget();
  }

  /** Never listens: it is given connections that were accepted already. */
  #gate(open: (socket: TLSSocket) => void): Gate {
    const rules = { requestCert: true, rejectUnauthorized: false, handshakeTimeout: this.#config.handshakeMs };
    const gate = createGate({ ...this.#credentials, ...rules });
    gate.on('secureConnection', (socket) => {
      if (socket.authorized) return open(socket);
      const { authorizationError: error } = socket;
      this.#refuse(socket, `its certificate is not good: ${(error && codeOf(error)) ?? String(error)}`);
    });
    gate.on('tlsClientError', (error, socket) => {
      if (codeOf(error) !== 'ECONNRESET') return this.#refuse(socket, messageOf(error));
      this.#logger.debug({ reason: messageOf(error) }, 'a member gave up while it began TLS');
      socket.destroy();
    });
    this.#gates.push(gate);
    return gate;
  }

  #refuse(socket: TLSSocket, reason: string): void {
    this.#complaints.warn({ address: socket.remoteAddress, reason }, 'a member was refused while it began TLS');
    socket.on('error', () => {});
    socket.destroy();
  }

  async #renew(): Promise<void> {
    try {
      this.#credentials = await readCredentials(this.#config, Date.now());
      for (const gate of this.#gates) gate.setSecureContext(this.#credentials);
      this.#logger.info({ files: credentialFiles(this.#config) }, 'keys and certificates of members are read anew');
    } catch (error) {
      const facts = { reason: messageOf(error) };
      this.#logger.error(facts, 'changed keys or certificates of members cannot be used: the ones before stay');
    }
  }
}

function arrivalOf(socket: TLSSocket): Arrival {
  return { socket, binding: socket.exportKeyingMaterial(bindingBytes, bindingLabel, Buffer.alloc(0)) };
}

function nameOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress}:${remotePort}`;
}
