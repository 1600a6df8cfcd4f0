import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { eventually, fourLetterWord, RawClient, temporaryDirectory } from '@reeve/testkit';
import { createFlags, type MultiPart, openAcl } from '@reeve/wire';
import { Attacker, announced, frameOf, helloFrame } from './attacker.ts';
import { Bystander } from './bystander.ts';
import { killed, openDescriptors, residentBytes, type Serving, serving } from './serving.ts';

/** 1: as hard as it gets. */
const scale = Number(process.env.REEVE_HOSTILE_SCALE ?? 0.1);
const MiB = 1024 * 1024;
/** Beside what the tree and the watches themselves take. */
const residentBytesMax = (800 + 1_200 * scale) * MiB;
const logCharactersMax = 100_000;
const anybody = { acl: openAcl, data: null, flags: 0 };
const frameBytesMax = 0xfffff;
const testMs = 60_000 + 240_000 * scale;

let server: Serving;
let bystander: Bystander;

function many(atFullScale: number): number {
  return Math.ceil(atFullScale * scale);
}

/** What everyone is owed while an attack goes on: to be served, by a process that stays within bounds. */
async function expectService(what: string): Promise<void> {
  await bystander.goesOn();
  const resident = residentBytes(server);
  console.info(`${what}: ${Math.round(resident / MiB)} MiB`);
  expect([what, resident < residentBytesMax ? 'within bounds' : resident]).toEqual([what, 'within bounds']);
  expect(server.child.stderr.length).toBeLessThan(logCharactersMax);
}

async function destroyed(attackers: readonly Attacker[]): Promise<void> {
  await Promise.all(attackers.map((attacker) => attacker.destroy()));
}

async function withSessions(count: number): Promise<Attacker[]> {
  const attackers = await Attacker.many(server.port, count);
  for (const attacker of attackers) attacker.send(helloFrame());
  return attackers;
}

async function counted(key: string): Promise<number> {
  const facts = await fourLetterWord(server.port, 'mntr');
  return Number(new RegExp(`^${key}\\t(\\d+)`, 'm').exec(facts)?.[1]);
}

/** Creates children until there are so many. */
async function withChildren(parent: string, count: number, flags = 0): Promise<RawClient> {
  const client = await RawClient.open(server.port);
  await client.create(parent);
  for (let done = 0; done < count; done += 1_000) {
    const parts = Array.from({ length: 1_000 }, (_, i): MultiPart => {
      return { op: 'create', path: `${parent}/child-${done + i}`, acl: openAcl, data: null, flags };
    });
    expect((await client.request('multi', parts)).error).toBe('ok');
  }
  return client;
}

beforeEach(async () => {
  const config = { dataDirectory: temporaryDirectory(), fourLetterWords: 'all', tickMs: 400 } as const;
  server = await serving(config);
  bystander = await Bystander.start(server.port, '/bystander');
});

afterEach(async () => {
  await bystander.stop();
  if (!server.child.running) console.info(server.child.stderr.slice(-3000));
  expect(server.child.running).toBe(true);
  await killed(server);
});

describe('others are served, in bounded memory, while clients', () => {
  test(
    'say nothing, or begin a handshake and do not end it, and these are let go',
    async () => {
      const count = many(1_000);
      const before = openDescriptors(server);
      const silent = await Attacker.many(server.port, count);
      const halfway = await Attacker.many(server.port, count);
      for (const attacker of [...silent, ...halfway]) attacker.read();
      for (const attacker of halfway) attacker.send(helloFrame().subarray(0, 20));
      await expectService('silent and half handshakes');
      await Promise.all([...silent, ...halfway].map(({ closed }) => closed));
      await eventually(() => openDescriptors(server) <= before, { what: 'their sockets are gone' });
    },
    testMs,
  );

  test(
    'begin the largest frames and do not end them',
    async () => {
      const attackers = await withSessions(many(1_000));
      const half = Buffer.concat([announced(frameBytesMax), Buffer.alloc(frameBytesMax - 1_000)]);
      for (const attacker of attackers) {
        attacker.send(half);
        await new Promise((resolve) => setImmediate(resolve));
      }
      await expectService('half frames');
      await destroyed(attackers);
    },
    testMs,
  );

  test(
    'announce frames that are too long, or of less than no length',
    async () => {
      for (let round = 0; round < many(20); round += 1) {
        const attackers = await withSessions(50);
        for (const [i, attacker] of attackers.entries()) {
          attacker.read();
          attacker.send(announced(i % 2 === 0 ? -1 : 0x7fffffff));
        }
        await Promise.all(attackers.map(({ closed }) => closed));
      }
      await expectService('wrong lengths');
    },
    testMs,
  );

  test(
    'open sessions in a storm',
    async () => {
      const attackers = await withSessions(many(5_000));
      for (const attacker of attackers) attacker.read();
      await eventually(() => attackers.every(({ received }) => received > 0), {
        what: 'every session is opened',
        deadlineMs: 60_000,
      });
      await expectService(`${attackers.length} sessions`);
      await destroyed(attackers);
      await expectService('gone again');
    },
    testMs,
  );

  test(
    'close their sockets in every phase of a request',
    async () => {
      const whole = Buffer.concat([helloFrame(), frameOf('create', { path: '/gone', ...anybody })]);
      for (let length = 1; length <= whole.length; length += scale < 1 ? 5 : 1) {
        const attackers = await Attacker.many(server.port, 10);
        for (const attacker of attackers) attacker.send(whole.subarray(0, length));
        await destroyed(attackers);
      }
      await expectService('closed in every phase');
    },
    testMs,
  );
});

describe('others are served, in bounded memory, while clients that never read', () => {
  test(
    'ask again and again for the children of a large znode',
    async () => {
      await (await withChildren('/large', many(100_000))).destroy();
      const attackers = await withSessions(many(500));
      const asking = Array.from({ length: 500 }, () => frameOf('getChildren', { path: '/large', watch: true }));
      for (const attacker of attackers) attacker.send(...asking);
      await expectService('large answers unread');
      await destroyed(attackers);
      const reader = await RawClient.open(server.port);
      const { body } = await reader.request('getChildren', { path: '/large', watch: false });
      expect(body.length).toBeGreaterThan(many(100_000) * 10);
      await reader.destroy();
    },
    testMs,
  );

  test(
    'watch what changes all the time',
    async () => {
      const path = `/${'watched'.repeat(100)}`;
      const writer = await RawClient.open(server.port);
      await writer.create(path);
      const attackers = await withSessions(many(1_000));
      for (const attacker of attackers) attacker.send(frameOf('addWatch', { path, mode: 0 }));
      const change: MultiPart = { op: 'setData', path, data: null, version: -1 };
      for (let i = 0; i < 100; i += 1) {
        expect(
          (
            await writer.request(
              'multi',
              Array.from({ length: 100 }, () => change),
            )
          ).error,
        ).toBe('ok');
      }
      await expectService('notifications unread');
      await destroyed(attackers);
      await writer.destroy();
    },
    testMs,
  );
});

describe('others are served, in bounded memory, while a client', () => {
  test(
    'arms a million watches, and goes',
    async () => {
      const count = many(1_000_000);
      const before = residentBytes(server);
      const watchers = await withSessions(4);
      for (const watcher of watchers) watcher.read();
      for (let at = 0; at < count; at += 10_000) {
        const existWatches = Array.from({ length: 10_000 }, (_, i) => `/watched/node-${at + i}`);
        const lists = { relativeZxid: 0, dataWatches: [], existWatches, childWatches: [] };
        watchers[(at / 10_000) % 4]?.send(frameOf('setWatches', lists));
      }
      const all = async () => (await counted('zk_watch_count')) >= count;
      await eventually(all, { what: 'every watch is armed', deadlineMs: 120_000 });
      await expectService(`${count} watches, ${Math.round((residentBytes(server) - before) / count)} bytes each`);
      await destroyed(watchers);
      await expectService('while they go');
      const gone = async () => (await counted('zk_watch_count')) < count / 2;
      await eventually(gone, { what: 'the watches go', deadlineMs: 120_000 });
    },
    testMs,
  );

  test.each<[string, () => Buffer]>([
    ['a multi of very many parts', () => frameOf('multi', checks(many(55_000)))],
    ['a multi of very many creates', () => frameOf('multi', sequentials(many(15_000)))],
    ['a path of a megabyte', () => frameOf('create', { path: `/${'x'.repeat(1_000_000)}`, ...anybody })],
    ['a path of a hundred thousand names', () => frameOf('create', { path: '/x'.repeat(100_000), ...anybody })],
    ['setWatches with very many paths', () => frameOf('setWatches', lists(many(200_000)))],
    ['a multiRead of very many large parts', () => frameOf('multiRead', reads(many(55_000)))],
  ])(
    'sends %s again and again',
    async (what, frame) => {
      const attackers = await withSessions(3);
      const bytes = frame();
      for (const attacker of attackers) {
        attacker.read();
        attacker.send(...Array.from({ length: many(50) }, () => bytes));
      }
      await expectService(what);
      await destroyed(attackers);
    },
    testMs,
  );

  test(
    'asks for very many ephemerals again and again, and goes',
    async () => {
      const owner = await withChildren('/owned', many(100_000), createFlags.ephemeral);
      const asked = Array.from({ length: 50 }, () => owner.request('getEphemerals', { prefixPath: '/owned' }));
      await expectService('getEphemerals');
      await Promise.all(asked);
      await owner.request('closeSession', {});
      await expectService('ephemerals gone');
    },
    testMs,
  );
});

function checks(count: number): MultiPart[] {
  return Array.from({ length: count }, () => ({ op: 'check', path: '/', version: -1 }));
}

function sequentials(count: number): MultiPart[] {
  const flags = createFlags.ephemeral_sequential;
  return Array.from({ length: count }, () => ({ op: 'create', path: '/s', acl: openAcl, data: null, flags }));
}

function lists(count: number) {
  const dataWatches = Array.from({ length: count }, () => '/');
  return { relativeZxid: 0, dataWatches, existWatches: [], childWatches: [] };
}

function reads(count: number) {
  return Array.from({ length: count }, () => ({ op: 'getChildren', path: '/large', watch: false }) as const);
}
