import { expect, test } from '@jest/globals';
import { eventually, fourLetterWord, RawClient, seededRandom, temporaryDirectory } from '@reeve/testkit';
import { ops, Reader, type WatchEvent } from '@reeve/wire';
import { CrashWriter } from './crash-writer.ts';
import { FuzzClient, type FuzzCounts } from './fuzz-client.ts';
import { killed, openDescriptors, residentBytes, type Serving, serving } from './serving.ts';

const seconds = Number(process.env.REEVE_FUZZ_SECONDS ?? 6);
const attackers = 12;
const residentBytesMax = 900 * 1024 * 1024;
const logCharactersMax = 200_000;
const superCredentials = Buffer.from('super:test');

/** Everything that a server has, stats included, as one who may see it all. */
async function everything(port: number): Promise<string[]> {
  const client = await RawClient.open(port);
  await client.request('auth', { type: 0, scheme: 'digest', auth: superCredentials });
  const lines: string[] = [];
  const waiting = ['/'];
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    const { body } = await client.request('getData', { path, watch: false });
    const names = await client.request('getChildren', { path, watch: false });
    const acl = await client.request('getACL', { path });
    lines.push(`${path} ${body.toString('latin1')} ${acl.body.toString('latin1')}`);
    for (const name of ops.getChildren.reply.decode(new Reader().reset(names.body)).children) {
      waiting.push(path === '/' ? `/${name}` : `${path}/${name}`);
    }
  }
  await client.destroy();
  return lines.sort();
}

/** Follows a znode's children by a watch alone. */
class Follower {
  readonly #client: RawClient;
  readonly #base: string;
  readonly #there = new Set<string>();

  constructor(client: RawClient, base: string) {
    this.#client = client;
    this.#base = base;
  }

  async start(): Promise<void> {
    expect((await this.#client.request('addWatch', { path: this.#base, mode: 1 })).error).toBe('ok');
  }

  /** The children that the events up to now leave. */
  async children(): Promise<string[]> {
    const { error, events } = await this.#client.request('exists', { path: '/', watch: false });
    expect(error).toBe('ok');
    for (const event of events) this.#follow(event);
    return [...this.#there].sort();
  }

  #follow({ type, path }: WatchEvent): void {
    const known = this.#there.has(path) ? 'known' : 'new';
    expect([type, path, known]).toEqual([type, path, type === 'created' ? 'new' : 'known']);
    if (type === 'created') this.#there.add(path);
    if (type === 'deleted') this.#there.delete(path);
  }
}

async function settled(port: number): Promise<void> {
  let before = '';
  let sinceMs = Date.now();
  const quiet = async () => {
    const now = /Zxid: \S+/.exec(await fourLetterWord(port, 'srvr'))?.[0] ?? '';
    if (now !== before) sinceMs = Date.now();
    before = now;
    const ephemerals = /zk_ephemerals_count\t(\d+)/.exec(await fourLetterWord(port, 'mntr'))?.[1];
    return ephemerals === '0' && Date.now() - sinceMs > 1_500;
  };
  await eventually(quiet, { what: 'sessions have expired, and nothing changes any more', deadlineMs: 40_000 });
}

interface Witnesses {
  readonly writer: CrashWriter;
  readonly follower: Follower;
}

/** Attacks for a while; meanwhile others find, again and again, what they wrote and nothing else. */
async function attack({ port }: Serving, random: () => number, witnesses: Witnesses): Promise<FuzzCounts> {
  const counts: FuzzCounts = { connections: 0, frames: 0 };
  const until = Date.now() + seconds * 1_000;
  const over = () => Date.now() > until;
  const fuzzing = Array.from({ length: attackers }, () => new FuzzClient(port, random, counts).runUntil(over));
  while (!over()) {
    await witnesses.writer.write(200);
    const world = await witnesses.writer.verify();
    expect(await witnesses.follower.children()).toEqual([...world.znodes.keys()].sort());
  }
  await Promise.all(fuzzing);
  return counts;
}

test(
  'a coordinator at which frames of all kinds are thrown serves others rightly, and neither dies nor leaks',
  async () => {
    const seed = Number(process.env.REEVE_SEED ?? Math.floor(Math.random() * 2 ** 32));
    const random = seededRandom(seed);
    const config = {
      dataDirectory: temporaryDirectory(),
      snapshotEntries: 5_000,
      tickMs: 500,
      reapIntervalMs: 300,
      extendedTypes: 'enabled',
      fourLetterWords: 'all',
      superDigest: 'super:D/InIHSb7yEEbrWz8b9l71RjZJU=',
    } as const;
    const server = await serving(config);
    const writer = new CrashWriter('/model', random);
    await writer.connect(server.port);
    const descriptors = openDescriptors(server);
    const watcher = await RawClient.open(server.port);
    const follower = new Follower(watcher, '/model');
    await follower.start();
    const counts = await attack(server, random, { writer, follower });
    expect(server.child.running).toBe(true);
    expect(residentBytes(server)).toBeLessThan(residentBytesMax);
    expect(server.child.stderr.length).toBeLessThan(logCharactersMax);
    console.info(`seed ${seed}, ${seconds} s: ${JSON.stringify(counts)}, ${residentBytes(server) >> 20} MiB resident`);
    await Promise.all([writer.destroy(), watcher.destroy()]);
    await settled(server.port);
    await eventually(() => openDescriptors(server) <= descriptors, { what: 'every connection is let go' });
    const before = await everything(server.port);
    expect(before.length).toBeGreaterThan(10);
    expect(await server.child.stop(20_000)).toEqual({ code: 0, signal: null });
    const again = await serving(config);
    expect(await everything(again.port)).toEqual(before);
    await killed(again);
  },
  90_000 + seconds * 1_500,
);
