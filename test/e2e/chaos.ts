import { setTimeout as sleep } from 'node:timers/promises';
import type { Random } from '@reeve/base';
import { type Engine, type Ensemble, seededRandom } from '@reeve/testkit';
import { tormentEnsemble } from './ensemble-chaos.ts';
import { type Member, pick } from './fleet.ts';

/** What a fleet stands on: a service of which its faults are a part. */
export interface Ground {
  /** A connect string. */
  readonly address: string;
  /** What is done to it, each as often as it comes up in four or five of the fleet's own. */
  readonly deeds: readonly Deed[];
  /** What goes on beside all others until the time is up; says what it did. */
  torment(options: Pick<ChaosOptions, 'random' | 'durationMs'>): Promise<readonly string[]>;
  stop(): Promise<void>;
}

/** What is done to a fleet, and for how long. */
export interface ChaosOptions {
  readonly ground: Ground;
  readonly members: readonly Member[];
  readonly random: Random;
  readonly durationMs: number;
  /** The session time-out of the fleet: pauses are drawn from below and above it. */
  readonly sessionTimeoutMs: number;
}

/** Does something, undoes it, and says what it was. */
type Deed = (options: ChaosOptions) => Promise<string>;

async function killMember({ members, random }: ChaosOptions): Promise<string> {
  const member = pick(members, random);
  await member.kill();
  await sleep(random() * 1_500);
  member.start();
  return `killed ${member.name}`;
}

async function pauseMember({ members, random, sessionTimeoutMs }: ChaosOptions): Promise<string> {
  const member = pick(members, random);
  const pauseMs = random() * 2 * sessionTimeoutMs;
  member.pause();
  await sleep(pauseMs);
  member.resume();
  return `paused ${member.name} for ${Math.round(pauseMs)} ms`;
}

/** A fleet on one engine, which is killed and restarted in its turn. */
export function onEngine(engine: Engine): Ground {
  return {
    address: engine.address,
    deeds: [
      async ({ random }) => {
        await engine.kill();
        await sleep(random() * 1_000);
        await engine.start();
        return `killed ${engine.name}`;
      },
      async ({ random }) => {
        await engine.stop();
        await sleep(random() * 500);
        await engine.start();
        return `restarted ${engine.name}`;
      },
    ],
    torment: async () => [],
    stop: () => engine.stop(),
  };
}

/** A fleet on an ensemble with a breakable network, to which something is done all the time. */
export function onEnsemble(ensemble: Ensemble, faultMsMax: number): Ground {
  return {
    address: ensemble.connect,
    deeds: [],
    torment: ({ random, durationMs }) => tormentEnsemble({ ensemble, random, durationMs, faultMsMax }),
    stop: () => ensemble.stop(),
  };
}

// How often each comes up beside those of the ground.
const fleetDeeds: readonly Deed[] = [...Array<Deed>(4).fill(killMember), ...Array<Deed>(4).fill(pauseMember)];

/**
 * Kills, pauses and restarts at random until the time is up, then sees to it that everything runs again. Says what it
 * did, in order.
 */
export async function wreakHavoc(options: ChaosOptions): Promise<readonly string[]> {
  const done: string[] = [];
  const { ground, random, durationMs } = options;
  const tormenting = ground.torment({ random: seededRandom(Math.floor(random() * 2 ** 31)), durationMs });
  const deeds = [...fleetDeeds, ...ground.deeds];
  const end = Date.now() + durationMs;
  while (Date.now() < end) {
    // The pace of the faults themselves, not a wait for something to happen.
    await sleep(200 + random() * 1_300);
    done.push(await pick(deeds, random)(options));
  }
  return [...done, ...(await tormenting)];
}
