import { describe, test } from '@jest/globals';
import { startReeveEnsemble } from '@reeve/testkit';
import { onEnsemble } from './chaos.ts';
import { SESSION_TIMEOUT_MS, SURVIVAL_DEADLINE_MS, seed, survive } from './survival.ts';

describe(`chaos with seed ${seed} (CHAOS_SEED=${seed} repeats its choices)`, () => {
  test(
    'on three members that are killed, paused and cut off every task ends once, and a task to be run once is never started twice',
    async () => {
      const ensemble = await startReeveEnsemble({ tickMs: SESSION_TIMEOUT_MS / 4, network: 'breakable' });
      await survive(onEnsemble(ensemble, 2 * SESSION_TIMEOUT_MS));
    },
    SURVIVAL_DEADLINE_MS,
  );
});
