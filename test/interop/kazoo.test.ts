import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { startReeveCoordinator } from '@reeve/testkit';
import { CASE_DEADLINE_MS, type ForeignCases } from './foreign-cases.ts';
import { requireKazoo, startKazoo } from './kazoo.ts';

requireKazoo();

/** Most of the suite waits; each process has a server of its own, because some tests stop it. */
const PROCESSES = 5;

/** All that talk to one server, but for those of SASL. */
const cases = readFileSync(new URL('./kazoo/cases.txt', import.meta.url), 'utf8')
  .trim()
  .split('\n');

describe("kazoo's own tests pass with Reeve as the server:", () => {
  let shares: readonly ForeignCases[];

  beforeAll(async () => {
    const starting = Array.from({ length: PROCESSES }, async (_, n) => {
      const engine = await startReeveCoordinator({ tickMs: 2_000, config: ['reconfigEnabled=true'] });
      return startKazoo(
        engine,
        cases.filter((_, i) => i % PROCESSES === n),
      );
    });
    shares = await Promise.all(starting);
  }, CASE_DEADLINE_MS);

  test.each(cases.map((name, i) => [name, i] as const))(
    '%s',
    async (name, i) => expect(await shares[i % PROCESSES]?.outcome(name)).toBe('passed'),
    CASE_DEADLINE_MS,
  );
});
