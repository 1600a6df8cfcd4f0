import { setTimeout as sleep } from 'node:timers/promises';
import type { Random } from '@reeve/base';
import { type Client, ClientError, createClient, isFinal } from '@reeve/client';
import type { Attempt, RecordedClient, RegisterAction, RegisterAnswer, TakeNumber } from '@reeve/testkit';
import { pick } from './fleet.ts';

/** What a client of a history is given. */
export interface HistoryClientOptions {
  readonly name: string;
  readonly servers: string;
  readonly sessionTimeoutMs: number;
  readonly random: Random;
  readonly registers: RecordedClient<RegisterAction, RegisterAnswer>;
  readonly counters: RecordedClient<TakeNumber, number>;
}

/** The znodes that all clients of a history use. */
export const root = '/history';
export const numbers = `${root}/numbers`;
export const keys: readonly string[] = ['a', 'b', 'c', 'd'].map((name) => `${root}/${name}`);

/** Uses a few znodes at random, one operation after the other, and writes down what it was answered. */
export class HistoryClient {
  readonly #options: HistoryClientOptions;
  readonly #versions = new Map<string, number>();
  #client: Client;
  #values = 0;

  constructor(options: HistoryClientOptions) {
    this.#options = options;
    this.#client = this.#connect();
  }

  /** Goes on until `stopped` says so. */
  async run(stopped: () => boolean): Promise<void> {
    const { random, counters } = this.#options;
    while (!stopped()) {
      if (random() < 0.05) await counters.record({ key: numbers, action: { op: 'take' } }, () => this.#take());
      else await this.use(pick(keys, random), this.#chosen());
      // The pace of the load itself.
      await sleep(random() * 10);
    }
  }

  /** Does this to a znode, and writes it down. */
  async use(key: string, action: RegisterAction | undefined): Promise<Attempt<RegisterAnswer>> {
    this.#renew();
    const chosen = action ?? this.#write(key);
    const outcome = await this.#options.registers.record({ key, action: chosen }, () => this.#perform(key, chosen));
    const answer = outcome.kind === 'answered' ? outcome.answer : undefined;
    if (answer !== undefined && 'version' in answer) this.#versions.set(key, answer.version);
    return outcome;
  }

  async close(): Promise<void> {
    this.#options.registers.close();
    this.#options.counters.close();
    await this.#client.close();
  }

  #connect(): Client {
    const { servers, sessionTimeoutMs } = this.#options;
    return createClient({ servers, sessionTimeoutMs, requestTimeoutMs: sessionTimeoutMs });
  }

  #renew(): void {
    if (!isFinal(this.#client.state)) return;
    this.#client = this.#connect();
    this.#options.registers.renew();
    this.#options.counters.renew();
  }

  /** A read, or undefined for a write. */
  #chosen(): RegisterAction | undefined {
    const drawn = this.#options.random();
    if (drawn < 0.3) return { op: 'read', freshness: 'latest' };
    return drawn < 0.5 ? { op: 'read', freshness: 'local' } : undefined;
  }

  #write(key: string): RegisterAction {
    const { name, random } = this.#options;
    this.#values += 1;
    const value = `${name}:${this.#values}`;
    const expected = this.#versions.get(key) ?? 0;
    const drawn = random();
    if (drawn < 0.4) return { op: 'set', value };
    if (drawn < 0.7) return { op: 'set', value, expected };
    if (drawn < 0.9) return { op: 'create', value };
    return drawn < 0.95 ? { op: 'delete' } : { op: 'delete', expected };
  }

  async #perform(key: string, action: RegisterAction): Promise<Attempt<RegisterAnswer>> {
    try {
      return { kind: 'answered', answer: await this.#answer(key, action) };
    } catch (error) {
      return failure(error, action);
    }
  }

  async #answer(key: string, action: RegisterAction): Promise<RegisterAnswer> {
    const client = this.#client;
    if (action.op === 'read') {
      if (action.freshness === 'latest') await this.#client.sync(key);
      const { data, stat } = await client.getData(key);
      return { kind: 'holds', value: String(data), version: stat.version, zxid: stat.mzxid };
    }
    const options = 'expected' in action ? { version: action.expected } : {};
    if (action.op === 'delete') {
      await client.delete(key, options);
      return { kind: 'deleted' };
    }
    if (action.op === 'create') {
      await client.create(key, Buffer.from(action.value));
      return { kind: 'written', version: 0 };
    }
    const stat = await client.setData(key, Buffer.from(action.value), options);
    return { kind: 'written', version: stat.version, zxid: stat.mzxid };
  }

  async #take(): Promise<Attempt<number>> {
    try {
      const path = await this.#client.create(`${numbers}/n-`, null, { mode: 'persistent_sequential' });
      return { kind: 'answered', answer: Number(path.slice(-10)) };
    } catch (error) {
      return { kind: outcomeOf(error) };
    }
  }
}

function failure(error: unknown, { op }: RegisterAction): Attempt<RegisterAnswer> {
  const code = error instanceof ClientError ? error.code : undefined;
  if (code === 'no_node') return { kind: 'answered', answer: { kind: 'absent' } };
  if (code === 'node_exists') return { kind: 'answered', answer: { kind: 'exists_already' } };
  if (code === 'bad_version') return { kind: 'answered', answer: { kind: 'other_version' } };
  // What was only read and not answered tells nothing, whether it was read or not.
  return { kind: op === 'read' ? 'refused' : outcomeOf(error) };
}

function outcomeOf(error: unknown): 'unknown' | 'refused' {
  if (!(error instanceof ClientError)) throw error;
  return error.facts.outcome === 'unknown' ? 'unknown' : 'refused';
}
