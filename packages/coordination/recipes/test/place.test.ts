import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import type { Random } from '@reeve/base';
import { seededRandom } from '@reeve/testkit';
import fc from 'fast-check';
import { Place, type PlaceEvent } from '../src/line/place.ts';
import { ModelClient, SESSION_MS } from './model/model-client.ts';
import { ModelService } from './model/model-service.ts';

const clock = { now: () => Date.now() };
const settle = (ms = 100) => jest.advanceTimersByTimeAsync(ms);

let service: ModelService;
let random: Random;

beforeEach(() => {
  jest.useFakeTimers({ doNotFake: ['nextTick', 'queueMicrotask', 'performance'] });
  service = new ModelService();
  random = seededRandom(7);
});

afterEach(() => {
  jest.useRealTimers();
});

function stand(client: ModelClient, options: { follows?: 'one' | 'line'; size?: number } = {}) {
  const { follows = 'one', size = 1 } = options;
  const ahead = (line: readonly string[], own: number) =>
    own < size ? undefined : follows === 'one' ? line[own - 1] : line[0];
  const data = Buffer.from('x');
  const place = new Place(client.coordination, { path: '/l', name: 'lock-', data, ahead, follows, clock });
  const told: string[] = [];
  place.events.subscribe((event: PlaceEvent) => told.push(event.kind === 'lost' ? event.reason : event.kind));
  return { place, told };
}

const aClient = () => new ModelClient(service, random);

/** How a wait has ended, once it has. */
function outcome(work: Promise<unknown>) {
  const end: { code?: string } = {};
  work.then(
    () => Object.assign(end, { code: 'done' }),
    (error) => Object.assign(end, { code: error.code ?? String(error) }),
  );
  return end;
}

function nothingIsLeft(...clients: readonly ModelClient[]) {
  expect([service.ephemerals, service.watches]).toEqual([[], 0]);
  expect(clients.map(({ listening }) => listening)).toEqual(clients.map(() => 0));
}

describe('a place in line', () => {
  test('is granted to the first, and to the next when that one leaves; nothing is left after', async () => {
    const [a, b] = [aClient(), aClient()];
    const [first, second] = [stand(a), stand(b)];
    void first.place.enter();
    await settle();
    void second.place.enter();
    await settle();
    expect([first.place.state, second.place.state]).toEqual(['granted', 'waiting']);
    void first.place.leave();
    await settle();
    expect([first.place.state, second.place.state, second.told]).toEqual(['left', 'granted', ['granted']]);
    expect(second.place.czxid).toBeGreaterThan(first.place.czxid);
    void second.place.leave();
    await settle();
    nothingIsLeft(a, b);
  });

  test('is lost, and nothing else, when somebody deletes the whole line', async () => {
    const [a, b] = [aClient(), aClient()];
    const first = stand(a);
    void first.place.enter();
    await settle();
    const second = stand(b);
    const taken = outcome(second.place.take({}));
    await settle();
    for (const path of [...service.ephemerals, '/l']) service.delete(path);
    await settle(500);
    expect([taken.code, first.told, second.told]).toEqual(['lost', ['granted', 'removed'], ['removed']]);
    nothingIsLeft(a, b);
  });

  test('that is left while its creation is under way is not there afterwards, whenever it is left', async () => {
    for (let ms = 0; ms < 120; ms += 1) {
      const client = aClient();
      const { place } = stand(client);
      const entered = outcome(place.enter());
      await settle(ms);
      const left = outcome(place.leave());
      await settle(400);
      expect(left.code).toBe('done');
      expect(['done', 'stopped']).toContain(entered.code);
      nothingIsLeft(client);
    }
  });

  test('that is given up at any moment, before or after a cut, leaves nothing', async () => {
    const holder = stand(aClient());
    void holder.place.enter();
    await settle();
    const [own] = service.ephemerals;
    for (let ms = 0; ms < 90; ms += 1) {
      const client = aClient();
      const { place } = stand(client);
      const off = new AbortController();
      const ended = outcome(place.take({ signal: off.signal }));
      await settle(ms);
      if (ms % 2 === 0) client.cut();
      off.abort();
      if (ms % 2 === 1) client.cut();
      await settle(1);
      expect(ended.code).toBe('aborted');
      client.reconnect();
      await settle(500);
      expect(service.ephemerals).toEqual([own]);
      expect(client.listening).toBe(0);
    }
    await settle();
    expect(service.watches).toBe(1);
  });

  test('stands once, whichever request or answer a cut has lost', async () => {
    for (let ms = 0; ms < 90; ms += 1) {
      const client = aClient();
      const { place, told } = stand(client);
      void place.enter();
      await settle(ms);
      client.cut();
      await settle(1);
      client.reconnect();
      await settle(1_000);
      expect([service.ephemerals, told]).toEqual([[place.path], ['granted']]);
      void place.leave();
      await settle();
      nothingIsLeft(client);
    }
  });

  test('is lost before the session can have expired when no server is in touch', async () => {
    const client = aClient();
    const { place, told } = stand(client);
    void place.enter();
    await settle();
    client.cut();
    const deadline = client.sessionDeadline;
    while (place.state === 'granted') await settle(10);
    expect(told).toEqual(['granted', 'session_suspended']);
    expect(deadline - Date.now()).toBeGreaterThanOrEqual(SESSION_MS / 6 - 10);
    expect(service.ephemerals).toHaveLength(1);
    client.reconnect();
    await settle();
    nothingIsLeft(client);
  });

  test('whose owner slept too long is lost when it is asked', async () => {
    const client = aClient();
    const { place, told } = stand(client);
    void place.enter();
    await settle();
    client.cut();
    jest.setSystemTime(Date.now() + SESSION_MS);
    expect([place.state, told]).toEqual(['lost', ['granted', 'session_suspended']]);
  });

  test('is not taken by who slept since it asked: it asks again', async () => {
    const client = aClient();
    const { place, told } = stand(client);
    Object.defineProperty(client, 'sessionDeadline', { configurable: true, get: () => Date.now() - 1 });
    void place.enter();
    await settle(300);
    expect(told).toEqual([]);
    Reflect.deleteProperty(client, 'sessionDeadline');
    await settle();
    expect(told).toEqual(['granted']);
    void place.leave();
    await settle();
  });

  test('ends with the session wherever it was', async () => {
    for (let ms = 0; ms < 90; ms += 3) {
      const client = aClient();
      const { place } = stand(client);
      const entered = outcome(place.enter());
      await settle(ms);
      client.close();
      await settle();
      expect(['done', 'session_over']).toContain(entered.code);
      expect(place.state).toBe('lost');
      await place.leave();
      expect(place.state).toBe('lost');
    }
  });

  test('whose znode is deleted is lost, and says so once', async () => {
    const client = aClient();
    const { place, told } = stand(client);
    void place.enter();
    await settle();
    service.delete(place.path as string);
    await settle();
    expect([place.state, told]).toEqual(['lost', ['granted', 'removed']]);
    nothingIsLeft(client);
  });

  test('a listener that throws does not keep it from leaving the line', async () => {
    const client = aClient();
    const { place } = stand(client);
    const surfaced: unknown[] = [];
    const nextTick = jest.spyOn(process, 'nextTick').mockImplementation((surface) => {
      try {
        (surface as () => void)();
      } catch (error) {
        surfaced.push(error);
      }
    });
    place.events.subscribe((event) => {
      if (event.kind === 'lost') throw new RangeError('a bug');
    });
    void place.enter();
    await settle();
    client.cut();
    await settle(SESSION_MS - 500);
    client.reconnect();
    await settle();
    nextTick.mockRestore();
    expect([place.state, surfaced]).toEqual(['lost', [expect.any(RangeError)]]);
    nothingIsLeft(client);
  });
});

interface Player {
  client: ModelClient;
  place?: ReturnType<typeof stand>;
  turns: number;
}

/** What may happen to one of several who stand in one line, again and again. */
const deeds = {
  stand: (player: Player, options: Parameters<typeof stand>[1]) => {
    if (player.client.state === 'expired' || player.client.state === 'closed') player.client = aClient();
    if (player.place !== undefined && !['lost', 'left'].includes(player.place.place.state)) return;
    player.place = stand(player.client, options);
    player.place.place.events.subscribe(({ kind }) => {
      if (kind === 'granted') player.turns += 1;
    });
    player.place.place.enter().catch(() => undefined);
  },
  leave: ({ place }: Player) => void place?.place.leave(),
  cut: ({ client }: Player) => client.cut(),
  reconnect: ({ client }: Player) => client.reconnect(),
  close: ({ client }: Player) => client.close(),
  // Whoever is cut off cannot hear that its znode was deleted: it may believe in its turn until its session could expire.
  delete: ({ client, place }: Player) => {
    if (client.state !== 'connected' || place?.place.path === undefined) return;
    if (service.ephemerals.includes(place.place.path)) service.delete(place.place.path);
  },
} as const;

describe.each([
  ['one at a time', { follows: 'one', size: 1 }],
  ['two at a time', { follows: 'line', size: 2 }],
] as const)('whatever happens to those in line, %s', (_, options) => {
  test('no more than may believe that it is their turn, everyone gets it, and nothing is left', async () => {
    const step = fc.record({
      who: fc.nat({ max: 3 }),
      deed: fc.constantFrom('stand', 'stand', 'leave', 'cut', 'cut', 'reconnect', 'close', 'delete'),
      ms: fc.oneof(fc.nat({ max: 40 }), fc.nat({ max: 7_000 })),
    });
    const property = fc.asyncProperty(fc.array(step, { maxLength: 40 }), fc.nat(), async (steps, seed) => {
      service = new ModelService();
      random = seededRandom(seed + 1);
      const players = Array.from({ length: 4 }, (): Player => ({ client: aClient(), turns: 0 }));
      const believers = () => players.filter(({ place }) => place?.place.state === 'granted').length;
      for (const { who, deed, ms } of steps) {
        deeds[deed as keyof typeof deeds](players[who] as Player, options);
        // Who deletes the znode of another lets the next one in before the other can hear of it.
        if (deed === 'delete') await settle();
        for (let left = ms; left > 0; left -= 200) {
          await settle(Math.min(left, 200));
          expect(believers()).toBeLessThanOrEqual(options.size);
        }
      }
      for (const { client } of players) client.reconnect();
      await settle(500);
      for (const player of players) {
        deeds.stand(player, options);
        player.turns = player.place?.place.state === 'granted' ? 1 : 0;
      }
      await settle(3_000);
      for (let round = 0; round < 12; round += 1) {
        expect(believers()).toBeLessThanOrEqual(options.size);
        for (const { place } of players) if (place?.place.state === 'granted') void place.place.leave();
        await settle(1_000);
      }
      expect(players.map(({ turns }) => turns > 0)).toEqual([true, true, true, true]);
      nothingIsLeft(...players.map(({ client }) => client));
    });
    await fc.assert(property, { numRuns: 40 });
  }, 60_000);
});
