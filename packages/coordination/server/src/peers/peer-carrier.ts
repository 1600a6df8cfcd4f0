import { connect, createServer, type Server, type Socket } from 'node:net';

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

/** What carries bytes between members: TCP, or TLS upon it. */
export interface PeerCarrier {
  /** Begins to connect; `ready` is called when bytes may be exchanged. */
  connect(address: PeerAddress, ready: (arrival: Arrival) => void): Socket;
  /** A server; `accepted` is called for each connection as soon as there is one, and what it returns with the first bytes. */
  serve(accepted: (socket: Socket) => (arrival: Arrival) => void): Server;
  /** Follows its files no longer. */
  stop(): void;
}

const binding = Buffer.alloc(0);

/** Connections as they are. */
export const plainCarrier: PeerCarrier = {
  connect({ host, port }, ready) {
    const socket = connect({ host, port, noDelay: true, keepAlive: true });
    return socket.once('connect', () => ready({ socket, binding }));
  },
  serve(accepted) {
    return createServer({ noDelay: true, keepAlive: true }, (socket) => accepted(socket)({ socket, binding }));
  },
  stop() {},
};
