import { setTimeout as sleep } from 'node:timers/promises';
import { invariant, type Random } from '@reeve/base';
import type { Ensemble, EnsembleMember, PeerNetwork } from '@reeve/testkit';
import { pick } from './fleet.ts';

/** What is done to an ensemble, and for how long. */
export interface EnsembleChaosOptions {
  /** One with a breakable network. */
  readonly ensemble: Ensemble;
  readonly random: Random;
  readonly durationMs: number;
  /** Up to how long a fault lasts: longer than members and sessions bear silence. */
  readonly faultMsMax: number;
}

interface Stage {
  readonly members: readonly EnsembleMember[];
  readonly network: PeerNetwork;
  readonly random: Random;
  /** The leader every second time, any member otherwise. */
  victim(): Promise<EnsembleMember>;
  /** Lets a fault last for some time. */
  linger(): Promise<void>;
}

/** Does something to the ensemble, undoes it, and says what it was. */
type Deed = (stage: Stage) => Promise<string>;

const kill: Deed = async ({ victim, linger }) => {
  const member = await victim();
  await member.kill();
  await linger();
  await member.start();
  return `killed ${member.name}`;
};

const killMost: Deed = async ({ members, random, linger }) => {
  const spared = pick(members, random);
  const killed = members.filter((member) => member !== spared);
  await Promise.all(killed.map((member) => member.kill()));
  await linger();
  await Promise.all(killed.map((member) => member.start()));
  return `killed all but ${spared.name}`;
};

const killAll: Deed = async ({ members }) => {
  await Promise.all(members.map((member) => member.kill()));
  await Promise.all(members.map((member) => member.start()));
  return 'killed everyone';
};

const restart: Deed = async ({ victim }) => {
  const member = await victim();
  await member.stop();
  await member.start();
  return `restarted ${member.name}`;
};

const pause: Deed = async ({ victim, linger }) => {
  const member = await victim();
  member.pause();
  await linger();
  member.resume();
  return `paused ${member.name}`;
};

const isolate: Deed = async ({ victim, network, linger }) => {
  const member = await victim();
  await network.isolate(member.id);
  await linger();
  return `isolated ${member.name}`;
};

const cut: Deed = async ({ members, random, network, linger }) => {
  const [one, other] = twoOf(members, random);
  await network.cut(one.id, other.id);
  await linger();
  return `cut ${one.name} from ${other.name}`;
};

const silence: Deed = async ({ victim, members, random, network, linger }) => {
  const member = await victim();
  const others = members.filter((other) => other !== member);
  const unheard = random() < 0.5;
  for (const other of others) {
    network.silence(unheard ? { from: member.id, to: other.id } : { from: other.id, to: member.id });
  }
  await linger();
  return `${member.name} ${unheard ? 'was not heard' : 'heard nothing'}`;
};

const delay: Deed = async ({ members, random, network, linger }) => {
  const [one, other] = twoOf(members, random);
  const delayMs = Math.round(random() * 200);
  network.delay(one.id, other.id, { delayMs });
  await linger();
  return `held back ${delayMs} ms between ${one.name} and ${other.name}`;
};

// How often each comes up.
const deeds: readonly Deed[] = [
  ...Array<Deed>(4).fill(kill),
  ...Array<Deed>(3).fill(pause),
  ...Array<Deed>(2).fill(isolate),
  ...Array<Deed>(2).fill(silence),
  ...[cut, delay, restart, killMost, killAll],
];

/** Breaks members and their network at random until the time is up, and mends everything after each deed. */
export async function tormentEnsemble(options: EnsembleChaosOptions): Promise<readonly string[]> {
  const { ensemble, random, durationMs, faultMsMax } = options;
  const { members, network } = ensemble;
  invariant(network !== undefined, 'the ensemble has a breakable network');
  const victim = async () => (random() < 0.5 ? ensemble.leader() : pick(members, random));
  // How long a fault lasts is a part of it, not a wait for something to happen.
  const linger = () => sleep(random() * faultMsMax);
  const done: string[] = [];
  const start = Date.now();
  while (Date.now() - start < durationMs) {
    const at = ((Date.now() - start) / 1_000).toFixed(1);
    const deed = await pick(deeds, random)({ members, network, random, victim, linger });
    await network.heal();
    done.push(`${at} s: ${deed}`);
    await sleep(random() * 1_000);
  }
  await Promise.all(members.map((member) => member.serving()));
  return done;
}

function twoOf<T>(all: readonly T[], random: Random): readonly [T, T] {
  const one = pick(all, random);
  return [
    one,
    pick(
      all.filter((other) => other !== one),
      random,
    ),
  ];
}
