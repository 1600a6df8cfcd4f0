import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { codeOf } from '@reeve/base';

/** Below those that systems give to outgoing connections: none of these takes the port while its server is down. */
const PORT_MIN = 10_000;
const PORT_MAX = 32_767;

/** A TCP port of 127.0.0.1 that nobody listened on a moment ago; prefer listening on 0 where the server can say its port. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(PORT_MIN, PORT_MAX + 1);
    if (await canListen(port)) return port;
  }
}

async function canListen(port: number): Promise<boolean> {
  const server = createServer().listen(port, '127.0.0.1');
  try {
    await once(server, 'listening');
  } catch (error) {
    if (codeOf(error) === 'EADDRINUSE') return false;
    throw error;
  }
  server.close();
  await once(server, 'close');
  return true;
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
