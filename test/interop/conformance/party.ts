import type { Random } from '@reeve/base';
import { type Client, createClient, isFinal } from '@reeve/client';
import { type FaultProxy, type Service, startFaultProxy } from '@reeve/testkit';

/** The session time-out of all parties, milliseconds: six ticks of the service, so that sessions do expire. */
export const SESSION_MS = 1_500;
/** A tick of the service, milliseconds. */
export const TICK_MS = 250;

/** One user of the service, behind a network of its own that may do anything to its connections. */
export class Party {
  readonly name: string;
  readonly random: Random;
  /** One before each member of the service. */
  readonly network: readonly FaultProxy[];
  #client: Client | undefined;
  #sessions = 0;

  constructor(facts: Pick<Party, 'name' | 'random' | 'network'>) {
    this.name = facts.name;
    this.random = facts.random;
    this.network = facts.network;
  }

  /** How many sessions it has had. */
  get sessions(): number {
    return this.#sessions;
  }

  /** A client whose session has not ended; another one when that of the last has. It may not be connected. */
  get client(): Client {
    if (this.#client !== undefined && !isFinal(this.#client.state)) return this.#client;
    this.#sessions += 1;
    this.#client = createClient({
      servers: this.network.map(({ address }) => address).join(),
      sessionTimeoutMs: SESSION_MS,
      connectTimeoutMs: 400,
      random: this.random,
    });
    return this.#client;
  }

  async close(): Promise<void> {
    await this.#client?.close();
  }
}

/** Places a party before a service. */
export async function placeParty(service: Service, facts: Pick<Party, 'name' | 'random'>): Promise<Party> {
  const network = await Promise.all(service.members.map(({ port }) => startFaultProxy(port)));
  return new Party({ ...facts, network });
}
