import { randomInt } from 'node:crypto';
import getPort from 'get-port';

/** Below those that systems give to outgoing connections: none of these takes a port while its coordinator is down. */
const PORT_MIN = 10_000;
const PORT_MAX = 32_767;

/** How many ports are tried at most before the system says one. */
const TRIES = 100;

/** So many ports of a host that nobody listened on a moment ago. */
export function freePorts(host: string, count: number): Promise<readonly number[]> {
  const some = () => Array.from({ length: TRIES }, () => randomInt(PORT_MIN, PORT_MAX + 1));
  return Promise.all(Array.from({ length: count }, () => getPort({ host, port: some() })));
}
