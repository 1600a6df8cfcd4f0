import { setTimeout as sleep } from 'node:timers/promises';
import type { Random } from '@reeve/base';
import { type Service, seededRandom } from '@reeve/testkit';
import type { Party } from './party.ts';
import { SESSION_MS } from './party.ts';

/** What may be done to the connections of one party, for a time. */
const harms = {
  cut: async ({ network }) => {
    for (const proxy of network) proxy.cut();
  },
  'cut in the middle of frames': async ({ network }, { random, forAWhile }) => {
    for (const proxy of network) proxy.cutRandomly({ seed: Math.floor(random() * 1e9), bytesMax: 3_000 });
    for (const proxy of network) proxy.cut();
    await forAWhile(1_500);
    for (const proxy of network) proxy.cutRandomly({ seed: 0, bytesMax: 0 });
  },
  delay: async ({ network }, { random, forAWhile }) => {
    for (const proxy of network) proxy.delay(5 + Math.floor(random() * 120));
    await forAWhile(1_500);
    for (const proxy of network) proxy.delay(0);
  },
  'lose answers, then cut': async ({ network }, { forAWhile }) => {
    for (const proxy of network) proxy.stall('to_client');
    await forAWhile(SESSION_MS / 4);
    for (const proxy of network) proxy.cut();
    for (const proxy of network) proxy.resume();
  },
  'be silent one way': async ({ network }, { random, forAWhile }) => {
    for (const proxy of network) proxy.stall(random() < 0.5 ? 'to_client' : 'to_server');
    await forAWhile(SESSION_MS);
    for (const proxy of network) proxy.resume();
  },
  'be silent': async ({ network }, { forAWhile }) => {
    for (const proxy of network) proxy.stall();
    await forAWhile(SESSION_MS * 2);
    for (const proxy of network) proxy.resume();
  },
  // A port that nobody listens on for a time may be somebody else's afterwards: so this one cuts instead of refusing.
  'be away for longer than a session lives': async ({ network }, { forAWhile }) => {
    for (const proxy of network) proxy.cutRandomly({ seed: 0, bytesMax: 1 });
    for (const proxy of network) proxy.cut();
    await sleep(SESSION_MS * 1.5);
    await forAWhile(SESSION_MS);
    for (const proxy of network) proxy.cutRandomly({ seed: 0, bytesMax: 0 });
  },
} as const satisfies Readonly<Record<string, (party: Party, means: Means) => Promise<void>>>;

/** What may be done to one server. */
const blows = {
  kill: async (service, { random, forAWhile }) => {
    const victim = await victimIn(service, random);
    await victim.kill();
    await forAWhile(500);
    await victim.start();
  },
  pause: async (service, { random, forAWhile }) => {
    const victim = await victimIn(service, random);
    victim.pause();
    await forAWhile(SESSION_MS * 1.5);
    victim.resume();
  },
} as const satisfies Readonly<Record<string, (service: Service, means: Means) => Promise<void>>>;

interface Means {
  readonly random: Random;
  /** Waits for a time drawn by chance, so many milliseconds at most. */
  forAWhile(msMax: number): Promise<void>;
}

/** What storms over whom, and until when. */
export interface StormOptions {
  readonly service: Service;
  readonly parties: readonly Party[];
  readonly seed: number;
  readonly durationMs: number;
  /** Milliseconds between two blows at a server, on average. */
  readonly blowEveryMs: number;
}

/** Harms every party's network and strikes the servers at random moments; when it resolves, all is well again. */
export async function storm(options: StormOptions): Promise<readonly string[]> {
  const { service, parties, seed, durationMs, blowEveryMs } = options;
  const began = Date.now();
  const deeds: string[] = [];
  const rage = async <T>(whom: T, name: string, { deedsOf, everyMs, seed }: Rage<T>) => {
    const random = seededRandom(seed);
    const means: Means = { random, forAWhile: (msMax) => sleep(random() * msMax) };
    const deck: string[] = [];
    for (;;) {
      await means.forAWhile(2 * everyMs);
      const at = Date.now() - began;
      if (at >= durationMs) return;
      // Dealt like cards: none comes twice before all have come.
      if (deck.length === 0) deck.push(...Object.keys(deedsOf));
      const [what = ''] = deck.splice(Math.floor(random() * deck.length), 1);
      deeds.push(`${(at / 1_000).toFixed(1)} s, ${name}: ${what}`);
      await deedsOf[what]?.(whom, means);
    }
  };
  await Promise.all([
    ...parties.map((party, at) => rage(party, party.name, { deedsOf: harms, everyMs: 700, seed: seed + at + 1 })),
    rage(service, 'a server', { deedsOf: blows, everyMs: blowEveryMs, seed }),
  ]);
  return deeds;
}

interface Rage<T> {
  readonly deedsOf: Readonly<Record<string, (whom: T, means: Means) => Promise<void>>>;
  readonly everyMs: number;
  readonly seed: number;
}

async function victimIn(service: Service, random: Random) {
  return random() < 0.6 ? service.leader() : pick(service.members, random);
}

/** One of `choices`, by chance. */
export function pick<T>(choices: readonly T[], random: Random): T {
  return choices[Math.floor(random() * choices.length)] as T;
}
