import { describe, expect, test } from '@jest/globals';
import { startReeveEnsemble } from '@reeve/testkit';
import { HISTORY_DEADLINE_MS, historyFaults, recordHistory, seed, summary } from './ensemble-history.ts';

describe(`clients of an ensemble that is tormented with seed ${seed} (HISTORY_SEED=${seed})`, () => {
  test(
    'see one znode at a time, and never an older one in the same session',
    async () => {
      const recorded = await recordHistory(await startReeveEnsemble({ network: 'breakable' }), 'sync');
      console.info(summary(recorded));
      expect(historyFaults(recorded)).toEqual([]);
    },
    HISTORY_DEADLINE_MS,
  );
});
