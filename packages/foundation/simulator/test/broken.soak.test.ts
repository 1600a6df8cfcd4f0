import { describe, expect, test } from '@jest/globals';
import { planOfSeed, run, variants } from '@reeve/simulator';

/** From seed 1 on; docs/simulator.md says how many each really took. */
const RUNS_MAX = 60;
const TIMEOUT_MS = 120_000;

describe(`within ${RUNS_MAX} runs a member is caught that`, () => {
  test.each([...variants])(
    '%s',
    (_name, variant) => {
      const seeds = Array.from({ length: RUNS_MAX }, (_, position) => position + 1);
      const caught = seeds.find((seed) => run(planOfSeed(seed), { sabotage: variant() }).violations.length > 0);
      expect(caught).toBeDefined();
    },
    TIMEOUT_MS,
  );
});
