import { describe, test } from '@jest/globals';
import { startReeveCoordinator } from '@reeve/testkit';
import { onEngine } from './chaos.ts';
import { SESSION_TIMEOUT_MS, SURVIVAL_DEADLINE_MS, seed, survive } from './survival.ts';

describe(`chaos with seed ${seed} (CHAOS_SEED=${seed} repeats its choices)`, () => {
  test(
    "on Reeve's coordinator every task ends once, and a task to be run once is never started twice",
    async () => survive(onEngine(await startReeveCoordinator({ tickMs: SESSION_TIMEOUT_MS / 4 }))),
    SURVIVAL_DEADLINE_MS,
  );
});
