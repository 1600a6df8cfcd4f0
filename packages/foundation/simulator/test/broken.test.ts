import { describe, expect, test } from '@jest/globals';
import { planOfSeed, run, variants } from '@reeve/simulator';

/**
 * For each broken variant a seed whose run catches it, and the promise that it breaks. `npm run sim -- --broken NAME`
 * finds others: docs/simulator.md says how many runs that takes.
 */
const caught: readonly (readonly [variant: string, seed: number])[] = [
  ['forgets-epochs', 13],
  ['acknowledges-before-fsync', 1],
  ['epoch-before-log', 3],
  ['loses-synced-entries', 7],
  ['skips-truncation', 1],
  ['keeps-snapshots-in-memory', 2],
  ['commits-alone', 1],
  ['establishes-alone', 1],
  ['answers-its-own-pings', 2],
  ['keeps-ephemerals', 1],
  ['keeps-its-own-secret', 1],
  ['clock-runs-ahead', 1],
];

describe('a member that is broken on purpose is caught', () => {
  test.each(caught)('when it %s', (variant, seed) => {
    const sabotage = variants.get(variant)?.();
    expect(sabotage).toBeDefined();
    const { violations } = run(planOfSeed(seed), sabotage === undefined ? {} : { sabotage });
    expect(violations.length).toBeGreaterThan(0);
  });

  test('every variant has its seed', () => {
    expect(caught.map(([variant]) => variant).sort()).toEqual([...variants.keys()].sort());
  });

  test.each(caught)('and the same run is sound without what makes it %s', (_variant, seed) => {
    expect(run(planOfSeed(seed)).violations).toEqual([]);
  });
});
