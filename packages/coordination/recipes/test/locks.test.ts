import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import type { Random } from '@reeve/base';
import type { Coordination } from '@reeve/client';
import { seededRandom } from '@reeve/testkit';
import fc from 'fast-check';
import { type Lease, MultiLock, Mutex, ReadWriteLock, Semaphore, type WaitOptions } from '../src/index.ts';
import { ModelClient } from './model/model-client.ts';
import { ModelService } from './model/model-service.ts';

const clock = { now: () => Date.now() };
const settle = (ms = 100) => jest.advanceTimersByTimeAsync(ms);

/** Somebody who wants something: what, and what others may have meanwhile. */
interface Wish {
  readonly acquire: (client: Coordination, wait: WaitOptions) => Promise<Lease>;
  readonly share: string;
}

/** What each of several parties wants, and which of them may have it at once. */
interface Game {
  readonly wishes: readonly Wish[];
  readonly allowed: (held: readonly string[]) => boolean;
}

const mutex: Wish = {
  share: 'alone',
  acquire: (client, wait) => new Mutex(client, { path: '/l', clock }).acquire(wait),
};
const reader: Wish = {
  share: 'reader',
  acquire: (client, wait) => new ReadWriteLock(client, { path: '/l', clock }).read.acquire(wait),
};
const writer: Wish = {
  share: 'alone',
  acquire: (client, wait) => new ReadWriteLock(client, { path: '/l', clock }).write.acquire(wait),
};
const semaphore: Wish = {
  share: 'lease',
  acquire: (client, wait) => new Semaphore(client, { path: '/l', leases: 2, clock }).acquire(wait),
};
/** Two of three locks, which are two letters. */
const pair = (share: string): Wish => ({
  share,
  acquire: (client, wait) =>
    new MultiLock(client, { paths: [...share].map((name) => `/${name}`), clock }).acquire(wait),
});

const games: Readonly<Record<string, Game>> = {
  'a mutex': { wishes: [mutex, mutex, mutex], allowed: (held) => held.length <= 1 },
  'readers and writers, some of them by a mutex': {
    wishes: [reader, writer, reader, mutex],
    allowed: (held) => held.length <= 1 || !held.includes('alone'),
  },
  'a semaphore': { wishes: [semaphore, semaphore, semaphore, semaphore], allowed: (held) => held.length <= 2 },
  'several locks together': {
    wishes: [pair('ab'), pair('cb'), pair('ca')],
    allowed: (held) => held.length <= 1,
  },
};

/** One who acquires, holds and releases, by a script. */
class Party {
  client: ModelClient;
  readonly #wish: Wish;
  readonly #open: () => ModelClient;
  #off = new AbortController();
  #lease: Lease | undefined;
  #busy: 'no' | 'yes' = 'no';
  turns = 0;

  constructor(wish: Wish, open: () => ModelClient) {
    this.#wish = wish;
    this.#open = open;
    this.client = open();
  }

  get held(): readonly string[] {
    return this.#lease?.state === 'held' ? [this.#wish.share] : [];
  }

  want(): void {
    if (this.client.state === 'expired' || this.client.state === 'closed') this.client = this.#open();
    if (this.#busy === 'yes') return;
    this.#busy = 'yes';
    this.#off = new AbortController();
    this.#wish.acquire(this.client.coordination, { signal: this.#off.signal }).then(
      (lease) => {
        this.#lease = lease;
        this.turns += 1;
      },
      () => {
        this.#busy = 'no';
      },
    );
  }

  giveUp(): void {
    this.#off.abort();
    const lease = this.#lease;
    this.#lease = undefined;
    if (lease === undefined) return;
    this.#busy = 'no';
    void lease.release();
  }
}

const deeds = {
  want: (party: Party) => party.want(),
  giveUp: (party: Party) => party.giveUp(),
  cut: ({ client }: Party) => client.cut(),
  reconnect: ({ client }: Party) => client.reconnect(),
  close: ({ client }: Party) => client.close(),
} as const;

let service: ModelService;
let random: Random;

beforeEach(() => {
  jest.useFakeTimers({ doNotFake: ['nextTick', 'queueMicrotask', 'performance'] });
});

afterEach(() => {
  jest.useRealTimers();
});

test('a lease of a semaphore that is lost on the way to who waits for it is not given as if it were held', async () => {
  for (let ms = 0; ms < 120; ms += 1) {
    service = new ModelService();
    random = seededRandom(ms + 1);
    const [first, second] = [new ModelClient(service, random), new ModelClient(service, random)];
    const on = (client: ModelClient) => new Semaphore(client.coordination, { path: '/l', leases: 1, clock }).acquire();
    const held = on(first);
    await settle(500);
    const waits = on(second).then(
      (lease) => lease.signal,
      () => 'refused' as const,
    );
    await settle(500);
    void (await held).release();
    await settle(ms);
    second.close();
    await settle(3_000);
    const signal = await waits;
    expect([ms, signal === 'refused' || signal.aborted]).toEqual([ms, true]);
  }
});

const script = fc.array(
  fc.record({
    who: fc.nat({ max: 3 }),
    deed: fc.constantFrom(...(['want', 'want', 'giveUp', 'cut', 'reconnect', 'reconnect', 'close'] as const)),
    ms: fc.oneof(fc.nat({ max: 60 }), fc.nat({ max: 60 }), fc.nat({ max: 5_000 })),
  }),
  { maxLength: 50 },
);

describe.each(Object.entries(games))('%s', (_, { wishes, allowed }) => {
  test('is right in every order of cuts, expiries and changes of mind, and leaves nothing', async () => {
    const property = fc.asyncProperty(script, fc.nat(), async (steps, seed) => {
      service = new ModelService();
      random = seededRandom(seed + 1);
      const parties = wishes.map((wish) => new Party(wish, () => new ModelClient(service, random)));
      const pass = async (ms: number) => {
        for (let left = ms; left > 0; left -= 100) {
          await settle(Math.min(left, 100));
          const held = parties.flatMap((party) => party.held);
          if (!allowed(held)) throw new RangeError(`at once: ${held}`);
        }
      };
      for (const { who, deed, ms } of steps) {
        deeds[deed](parties[who % parties.length] as Party);
        await pass(ms);
      }
      for (const party of parties) party.client.reconnect();
      await pass(1_000);
      for (const party of parties) party.giveUp();
      await pass(5_000);
      for (const party of parties) {
        party.turns = 0;
        party.want();
      }
      for (let round = 0; round < 10; round += 1) {
        await pass(2_000);
        for (const party of parties) if (party.held.length > 0) party.giveUp();
      }
      await pass(2_000);
      expect(parties.map(({ turns }) => turns)).toEqual(parties.map(() => 1));
      expect([service.ephemerals, service.watches]).toEqual([[], 0]);
      expect(parties.map(({ client }) => client.listening)).toEqual(parties.map(() => 0));
    });
    await fc.assert(property, { numRuns: 25 });
  }, 60_000);
});
