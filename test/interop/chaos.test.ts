import { describe, test } from '@jest/globals';
import { startApacheZooKeeper } from '@reeve/testkit';
import { onEngine } from '../e2e/chaos.ts';
import { SESSION_TIMEOUT_MS, SURVIVAL_DEADLINE_MS, seed, survive } from '../e2e/survival.ts';

describe(`chaos with seed ${seed} (CHAOS_SEED=${seed} repeats its choices)`, () => {
  test(
    'on Apache ZooKeeper every task ends once, and a task to be run once is never started twice',
    async () => survive(onEngine(await startApacheZooKeeper({ tickMs: SESSION_TIMEOUT_MS / 4 }))),
    SURVIVAL_DEADLINE_MS,
  );
});
