import { invariant } from '@reeve/base';
import { type Direction, type FaultProxy, startFaultProxy } from './fault-proxy.ts';

/** A member, and where it listens for the others on 127.0.0.1. */
export interface Peer {
  readonly id: number;
  readonly ports: readonly number[];
}

/** One way between two members, by their ids. */
export interface Way {
  readonly from: number;
  readonly to: number;
}

/** The connections that `from` opened to `to`, one proxy for each port. */
interface Link extends Way {
  readonly proxies: readonly FaultProxy[];
}

/**
 * The network between the members of an ensemble, for tests that break it. Each member reaches each other one by an
 * address of its own on the loopback network, where a proxy stands: that takes Linux, whose loopback is all of 127/8.
 * The clients' connections do not pass through it.
 */
export class PeerNetwork {
  readonly #links: readonly Link[];

  private constructor(links: readonly Link[]) {
    this.#links = links;
  }

  /** Sets the proxies up before the members start; they end with the test file. */
  static async between(peers: readonly Peer[]): Promise<PeerNetwork> {
    const ways = peers.flatMap((from) => peers.filter((to) => to !== from).map((to) => ({ from: from.id, to })));
    const links = ways.map(async ({ from, to }): Promise<Link> => {
      const host = addressOf({ from, to: to.id });
      const proxies = await Promise.all(to.ports.map((port) => startFaultProxy(port, { host, port })));
      return { from, to: to.id, proxies };
    });
    return new PeerNetwork(await Promise.all(links));
  }

  /** Resets every connection between two members, and refuses new ones. */
  async cut(one: number, other: number): Promise<void> {
    const proxies = this.#links.filter(joins(one, other)).flatMap((link) => link.proxies);
    await Promise.all(proxies.map((proxy) => proxy.refuse()));
  }

  /** Cuts a member off from all others. */
  async isolate(id: number): Promise<void> {
    const others = new Set(this.#links.map(({ to }) => to).filter((to) => to !== id));
    await Promise.all([...others].map((other) => this.cut(id, other)));
  }

  /** Nothing arrives any more that goes this way, whoever opened the connection; nobody is told. */
  silence({ from, to }: Way): void {
    this.#each({ from, to }, (proxy, direction) => proxy.stall(direction));
  }

  /** Holds everything back for a while that goes between two members, both ways. */
  delay(one: number, other: number, { delayMs }: { readonly delayMs: number }): void {
    for (const { proxies } of this.#links.filter(joins(one, other))) for (const proxy of proxies) proxy.delay(delayMs);
  }

  /** Ends every fault. What was held back arrives. */
  async heal(): Promise<void> {
    for (const proxy of this.#links.flatMap(({ proxies }) => proxies)) {
      proxy.delay(0);
      proxy.resume();
      await proxy.accept();
    }
  }

  #each(way: Way, does: (proxy: FaultProxy, direction: Direction) => void): void {
    const links = this.#links.filter(joins(way.from, way.to));
    invariant(links.length > 0, `there is a way from member ${way.from} to member ${way.to}`);
    for (const { from, proxies } of links) {
      for (const proxy of proxies) does(proxy, from === way.from ? 'to_server' : 'to_client');
    }
  }
}

/** Where a member sees another one: 127.11.<from>.<to>. */
export function addressOf({ from, to }: Way): string {
  return `127.11.${from}.${to}`;
}

function joins(one: number, other: number): (link: Link) => boolean {
  return ({ from, to }) => (from === one && to === other) || (from === other && to === one);
}
