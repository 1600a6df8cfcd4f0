import { connect, createServer, type Server, type Socket } from 'node:net';

const noBinding = Buffer.alloc(0);

/** Where a member listens. */
export interface PeerAddress {
  readonly host: string;
  readonly port: number;
}

/** A connection over which bytes may be exchanged. */
export interface Arrival {
  readonly socket: Socket;
  /** What no other connection has; empty without TLS. */
  readonly binding: Buffer;
}

/** How members reach each other, and what they demand of each other: a secret, certificates, both or nothing. */
export class PeerTrust {
  readonly secret: Buffer | undefined;

  constructor(secret: Buffer | undefined) {
    this.secret = secret;
  }

  /** Begins to connect; `ready` is called when bytes may be exchanged. */
  connect({ host, port }: PeerAddress, ready: (arrival: Arrival) => void): Socket {
    const socket = connect({ host, port, noDelay: true, keepAlive: true });
    socket.once('connect', () => ready({ socket, binding: noBinding }));
    return socket;
  }

  /** A server; `accepted` is called for each connection as soon as there is one, and what it returns with the first bytes. */
  serve(accepted: (socket: Socket) => (arrival: Arrival) => void): Server {
    return createServer({ noDelay: true, keepAlive: true }, (socket) => {
      accepted(socket)({ socket, binding: noBinding });
    });
  }
}
