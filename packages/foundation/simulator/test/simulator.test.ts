import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { parsePlan, planOfSeed, planText, run } from '@reeve/simulator';
import { scenariosIn } from '@reeve/testkit';

describe('a run', () => {
  test('is the same whenever it is run, to the last bit', () => {
    for (const seed of [3]) expect(run(planOfSeed(seed))).toEqual(run(planOfSeed(seed)));
  });

  test('is another for another seed', () => {
    expect(run(planOfSeed(1)).fingerprint).not.toBe(run(planOfSeed(2)).fingerprint);
  });

  test('is the same from a plan that was written down and read', () => {
    const plan = planOfSeed(5);
    expect(run(parsePlan(planText(plan))).fingerprint).toBe(run(plan).fingerprint);
  });

  test.each([1, 2, 3, 4])('from seed %i breaks no promise', (seed) => {
    const { violations, acknowledged } = run(planOfSeed(seed));
    expect(violations).toEqual([]);
    expect(acknowledged).toBeGreaterThan(0);
  });
});

describe('what was found once stays mended', () => {
  test.each(scenariosIn(join(import.meta.dirname, 'plans')))('%s', (_title, path) => {
    expect(run(parsePlan(readFileSync(path, 'utf8'))).violations).toEqual([]);
  });
});

describe('a plan', () => {
  test('that names a deed which is none is refused with its line', () => {
    expect(() => parsePlan('seed 1\n\n100 explode 3\n')).toThrow(/line 3 .*no deed explode/);
  });

  test('that leaves out what a run needs is refused', () => {
    expect(() => parsePlan('seed 1\n')).toThrow(/does not say participants/);
  });
});
