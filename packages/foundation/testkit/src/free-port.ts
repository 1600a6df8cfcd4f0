import { randomInt } from 'node:crypto';
import { connect } from 'node:net';
import getPort from 'get-port';

/** Below those that systems give to outgoing connections: none of these takes the port while its server is down. */
const PORT_MIN = 10_000;
const PORT_MAX = 32_767;

/** How many ports are tried at most before the system says one. */
const TRIES = 100;

/** A TCP port of 127.0.0.1 that nobody listened on a moment ago; prefer listening on 0 where the server can say its port. */
export function freePort(): Promise<number> {
  const some = Array.from({ length: TRIES }, () => randomInt(PORT_MIN, PORT_MAX + 1));
  return getPort({ host: '127.0.0.1', port: some });
}

/** Whether something accepts connections on this port of 127.0.0.1. */
export function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('close', () => resolve(false));
    socket.once('error', () => undefined);
    socket.once('connect', () => {
      resolve(true);
      socket.destroy();
    });
  });
}
