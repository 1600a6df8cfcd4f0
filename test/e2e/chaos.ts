import { setTimeout as sleep } from 'node:timers/promises';
import type { Random } from '@reeve/base';
import type { Engine } from '@reeve/testkit';
import { type Member, pick } from './fleet.ts';

/** What is done to a fleet, and for how long. */
export interface ChaosOptions {
  readonly engine: Engine;
  readonly members: readonly Member[];
  readonly random: Random;
  readonly durationMs: number;
  /** The session time-out of the fleet: pauses are drawn from below and above it. */
  readonly sessionTimeoutMs: number;
}

type Deed = (options: ChaosOptions) => Promise<string>;

async function killMember({ members, random }: ChaosOptions): Promise<string> {
  const member = pick(members, random);
  await member.kill();
  await sleep(random() * 1_500);
  await member.start();
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

async function killEngine({ engine, random }: ChaosOptions): Promise<string> {
  await engine.kill();
  await sleep(random() * 1_000);
  await engine.start();
  return `killed ${engine.name}`;
}

async function restartEngine({ engine, random }: ChaosOptions): Promise<string> {
  await engine.stop();
  await sleep(random() * 500);
  await engine.start();
  return `restarted ${engine.name}`;
}

// How often each comes up among ten.
const deeds: readonly Deed[] = [
  ...Array<Deed>(4).fill(killMember),
  ...Array<Deed>(4).fill(pauseMember),
  killEngine,
  restartEngine,
];

/**
 * Kills, pauses and restarts at random until the time is up, then sees to it that everything runs again. Says what it
 * did, in order.
 */
export async function wreakHavoc(options: ChaosOptions): Promise<readonly string[]> {
  const done: string[] = [];
  const end = Date.now() + options.durationMs;
  while (Date.now() < end) {
    // The pace of the faults themselves, not a wait for something to happen.
    await sleep(200 + options.random() * 1_300);
    done.push(await pick(deeds, options.random)(options));
  }
  return done;
}
