import { beforeAll, describe, expect, test } from '@jest/globals';
import type { ServiceKind } from '@reeve/testkit';
import { barrierDrills } from './barrier-drills.ts';
import type { Drill } from './drill.ts';
import { examine, type Outcome } from './examination.ts';
import { exclusionDrills } from './exclusion-drills.ts';
import { mirrorDrills } from './mirror-drills.ts';
import { partitionDrills } from './partition-drills.ts';
import { TICK_MS } from './party.ts';
import { queueDrills } from './queue-drills.ts';
import { sharedDrills } from './shared-drills.ts';

/** REEVE_SEED repeats the choices of a run, REEVE_STORM_SECONDS makes it longer, REEVE_DRILLS picks drills by a word. */
const { REEVE_SEED, REEVE_STORM_SECONDS = '8', REEVE_DRILLS = '' } = process.env;
const seed = Number(REEVE_SEED ?? Date.now() % 1_000_000);
const stormMs = Number(REEVE_STORM_SECONDS) * 1_000;
const PARTIES = 5;
/** What an examination takes besides its storm, milliseconds, at the very most. */
const OTHERWISE_MS_MAX = 120_000;

/** Examines all recipes on a service of this kind. */
export function examineRecipesOn(kind: ServiceKind): void {
  const drills = allDrills().filter(({ claim }) => claim.includes(REEVE_DRILLS));

  describe(`on ${kind.name}, through a storm with seed ${seed} (REEVE_SEED=${seed} repeats it)`, () => {
    let outcome: Outcome;

    beforeAll(async () => {
      const service = await kind.start({ tickMs: TICK_MS });
      outcome = await examine({ service, drills, seed, stormMs, parties: PARTIES });
      console.info(report(outcome, drills));
    }, stormMs + OTHERWISE_MS_MAX);

    test.each(drills)('$claim', (drill) => {
      expect(drill.violations).toEqual([]);
      expect(drill.deeds).toBeGreaterThan(0);
    });

    test('nothing is left behind, no znode, no watch and no listener', () => {
      expect(outcome.left).toEqual([]);
    });
  });
}

function allDrills(): readonly Drill[] {
  return [
    ...exclusionDrills(),
    ...barrierDrills(),
    ...mirrorDrills(),
    ...partitionDrills(),
    ...queueDrills(),
    ...sharedDrills(),
  ];
}

function report({ deeds, sessions }: Outcome, drills: readonly Drill[]): string {
  const done = drills.map((drill) => `${drill.deeds} times: ${drill.claim}`);
  const isWrong = drills.some(({ violations }) => violations.length > 0);
  const storm = isWrong || REEVE_STORM_SECONDS !== '8' ? deeds : [];
  return [`${deeds.length} deeds of the storm, ${sessions} sessions`, ...done, ...storm].join('\n  ');
}
