import { zabDefaults } from '@reeve/zab';
import { Chance } from './chance.ts';
import { faultsOf } from './faults.ts';
import type { Plan, Setup } from './plan.ts';
import { workload } from './workload.ts';

/** What may be fixed instead of being drawn from the seed. */
export interface Wanted {
  readonly members?: number | undefined;
  readonly minutes?: number | undefined;
}

const MINUTE_MS = 60_000;

/** The run that a seed stands for. */
export function planOfSeed(seed: number, { members, minutes }: Wanted = {}): Plan {
  const chance = new Chance(seed, 'setup');
  const participants = chance.one([3, 3, 3, 5]);
  const observers = chance.one([0, 0, 1]);
  const setup: Setup = {
    seed,
    participants: members ?? participants,
    observers: members === undefined ? observers : 0,
    clients: chance.whole(2, 4),
    lastsMs: minutes === undefined ? chance.whole(5_000, 30_000) : minutes * MINUTE_MS,
    syncMs: chance.one([1, 3, 10]),
    recentEntriesMax: chance.one([3, 30, 1_000]),
    learnerBacklogBytesMax: chance.one([4_000, 1_000_000]),
    counterRollAt: chance.one([30, zabDefaults.counterRollAt]),
  };
  const deeds = [...workload(setup), ...faultsOf(setup)].sort((a, b) => a.atMs - b.atMs);
  return { setup, deeds };
}
