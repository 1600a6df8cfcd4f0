import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { codeOf } from '@reeve/base';

/** Below those that systems give to outgoing connections: none of these takes a port while its coordinator is down. */
const PORT_MIN = 10_000;
const PORT_MAX = 32_767;

/** So many ports of a host that nobody listened on a moment ago. */
export async function freePorts(host: string, count: number): Promise<readonly number[]> {
  const ports = new Set<number>();
  while (ports.size < count) {
    const port = randomInt(PORT_MIN, PORT_MAX + 1);
    if (await canListen(host, port)) ports.add(port);
  }
  return [...ports];
}

async function canListen(host: string, port: number): Promise<boolean> {
  const server = createServer().listen(port, host);
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
