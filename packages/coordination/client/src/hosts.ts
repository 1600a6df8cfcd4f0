import type { Random } from '@reeve/base';
import { pathFault } from '@reeve/wire';
import { clientError } from './client-error.ts';

const PORT_DEFAULT = 2181;

/** Where a server listens. */
export interface Host {
  readonly host: string;
  readonly port: number;
}

/** A connect string, parsed. */
export interface ConnectString {
  readonly hosts: readonly Host[];
  /** The znode that the client takes for its root; empty for the real root. */
  readonly chroot: string;
}

/**
 * Parses `host[:port],[ipv6]:port,…[/chroot]`; the port is 2181 unless given.
 *
 * @throws ClientError `invalid_argument`
 */
export function parseConnectString(text: string): ConnectString {
  const slash = text.indexOf('/');
  const list = slash === -1 ? text : text.slice(0, slash);
  const path = slash === -1 ? '/' : text.slice(slash);
  const fault = pathFault(path);
  if (fault !== undefined) throw illegal(text, `its chroot ${path} ${fault}`);
  const hosts = list.split(',').map((entry) => parseHost(entry.trim(), text));
  return { hosts, chroot: path === '/' ? '' : path };
}

const hostPattern = /^(?:\[(?<ipv6>[0-9a-fA-F:.]+(?:%[\w.-]+)?)\]|(?<name>[^\s:[\]]+))(?::(?<port>\d{1,5}))?$/;

function parseHost(entry: string, text: string): Host {
  const groups = hostPattern.exec(entry)?.groups;
  const host = groups?.ipv6 ?? groups?.name;
  if (host === undefined) throw illegal(text, `${JSON.stringify(entry)} is not host:port (write IPv6 as [::1]:2181)`);
  const port = groups?.port === undefined ? PORT_DEFAULT : Number(groups.port);
  if (port < 1 || port > 65_535) throw illegal(text, `there is no port ${port}`);
  return { host, port };
}

function illegal(text: string, why: string) {
  const detail = `the connect string ${JSON.stringify(text)} is not legal: ${why}`;
  return clientError({ code: 'invalid_argument', outcome: 'failed' }, detail);
}

/** The servers in an order drawn by chance, so that many clients spread over them; goes round for ever. */
export class HostRing {
  readonly #hosts: readonly Host[];
  #next = 0;

  constructor(hosts: readonly Host[], random: Random) {
    this.#hosts = shuffled(hosts, random);
  }

  get size(): number {
    return this.#hosts.length;
  }

  next(): Host {
    const host = this.#hosts[this.#next] as Host;
    this.#next = (this.#next + 1) % this.#hosts.length;
    return host;
  }
}

function shuffled(hosts: readonly Host[], random: Random): readonly Host[] {
  const order = [...hosts];
  for (let i = order.length - 1; i > 0; i -= 1) {
    const j = Math.floor(random() * (i + 1));
    [order[i], order[j]] = [order[j] as Host, order[i] as Host];
  }
  return order;
}
