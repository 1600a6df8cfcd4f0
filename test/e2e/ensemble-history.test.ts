import { describe, expect, test } from '@jest/globals';
import { startReeveEnsemble } from '@reeve/testkit';
import {
  HISTORY_DEADLINE_MS,
  historyFaults,
  type RegisterHistory,
  recordHistory,
  seed,
  summary,
} from './ensemble-history.ts';

/** Histories in which one client was told something else than it was. */
const falsified: readonly (readonly [what: string, falsify: (history: RegisterHistory) => RegisterHistory])[] = [
  [
    'the last read of a value is given the value of the first',
    (history) => {
      const reads = history.filter(({ answer }) => answer?.kind === 'holds');
      const [first, last] = [reads[0], reads.at(-1)];
      return history.map((operation) => (operation === last ? { ...operation, answer: first?.answer } : operation));
    },
  ],
  [
    'a write whose value was read is left out',
    (history) => {
      const read = history.findLast(({ answer }) => answer?.kind === 'holds')?.answer;
      const value = read?.kind === 'holds' ? read.value : '';
      return history.filter(({ action }) => !('value' in action && action.value === value));
    },
  ],
  [
    'a write that expected another version is said to have won',
    (history) => {
      const loser = history.findLast(({ action, answer }) => action.op === 'set' && answer?.kind === 'other_version');
      const version = loser?.action.op === 'set' ? (loser.action.expected ?? 0) + 1 : 0;
      return history.map((one) => (one === loser ? { ...one, answer: { kind: 'written', version } } : one));
    },
  ],
];

describe(`clients of an ensemble that is tormented with seed ${seed} (HISTORY_SEED=${seed})`, () => {
  test(
    'see one znode at a time and never an older one in the same session, and any other story is refused',
    async () => {
      const recorded = await recordHistory(await startReeveEnsemble({ network: 'breakable' }));
      console.info(summary(recorded));
      expect(historyFaults(recorded)).toEqual([]);
      for (const [what, falsify] of falsified) {
        const faults = historyFaults({ ...recorded, registers: falsify(recorded.registers) });
        expect([what, faults.length]).not.toEqual([what, 0]);
      }
    },
    HISTORY_DEADLINE_MS,
  );
});
