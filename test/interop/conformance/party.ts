import type { Random } from '@reeve/base';
import { type Client, createClient, isFinal } from '@reeve/client';
import { type FaultProxy, type Service, startFaultProxy } from '@reeve/testkit';
import { type CountedClient, counted } from './counted-client.ts';

/** A tick of the service, milliseconds. */
export const TICK_MS = 250;
/** The session time-out of all parties in a storm, milliseconds: so short that sessions do expire. */
export const SESSION_MS = 6 * TICK_MS;

/** Of sessions that must not end by chance, on a machine with much to do: the longest that the service grants. */
const CALM_SESSION_MS = 20 * TICK_MS;

/** One user of the service, behind a network of its own that may do anything to its connections. */
export class Party {
  readonly name: string;
  readonly random: Random;
  /** One before each member of the service. */
  readonly network: readonly FaultProxy[];
  readonly #clients: CountedClient[] = [];
  #weather: 'storm' | 'calm' = 'storm';

  constructor(facts: Pick<Party, 'name' | 'random' | 'network'>) {
    this.name = facts.name;
    this.random = facts.random;
    this.network = facts.network;
  }

  /** How many sessions it has had. */
  get sessions(): number {
    return this.#clients.length;
  }

  /**
   * A client whose session has not ended; another one when that of the last has. It may not be connected. For calm times
   * one whose session is long, beside the last one of the storm.
   */
  client(weather: 'storm' | 'calm'): Client {
    const sessionTimeoutMs = weather === 'storm' ? SESSION_MS : CALM_SESSION_MS;
    const last = this.#clients.at(-1)?.client;
    if (last !== undefined && !isFinal(last.state) && this.#weather === weather) return last;
    this.#weather = weather;
    const servers = this.network.map(({ address }) => address).join();
    const opened = createClient({ servers, sessionTimeoutMs, connectTimeoutMs: 400, random: this.random });
    const one = counted(opened);
    this.#clients.push(one);
    return one.client;
  }

  /** How many listen to its sessions. */
  get listeners(): number {
    return this.#clients.reduce((sum, { listeners }) => sum + listeners(), 0);
  }

  async close(): Promise<void> {
    for (const { client } of this.#clients) await client.close();
  }
}

/** Places a party before a service. */
export async function placeParty(service: Service, facts: Pick<Party, 'name' | 'random'>): Promise<Party> {
  const network = await Promise.all(service.members.map(({ port }) => startFaultProxy(port)));
  return new Party({ ...facts, network });
}
