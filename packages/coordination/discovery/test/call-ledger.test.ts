import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { CallLedger } from '../src/picker/call-ledger.ts';

const backoff = { baseMs: 1_000, factor: 2, ceilingMs: 8_000, jitter: 0 };

describe('the ledger of calls', () => {
  test('leaves one out that has failed, longer each time it fails right after', () => {
    const ledger = new CallLedger({ backoff });
    let now = 0;
    const times: (number | undefined)[] = [];
    for (let i = 0; i < 5; i += 1) {
      ledger.called('a');
      times.push(ledger.answered('a', 'failed', now));
      expect(ledger.isEjected('a', now)).toBe(true);
      now += times.at(-1) ?? 0;
      expect(ledger.isEjected('a', now)).toBe(false);
    }
    expect(times).toEqual([1_000, 2_000, 4_000, 8_000, 8_000]);
  });

  test('counts many calls that fail together as one failure', () => {
    const ledger = new CallLedger({ backoff });
    for (let i = 0; i < 50; i += 1) ledger.called('a');
    const times = Array.from({ length: 50 }, () => ledger.answered('a', 'failed', 0));
    expect(times.filter((ms) => ms !== undefined)).toEqual([1_000]);
    expect(ledger.inFlight('a')).toBe(0);
  });

  test('begins anew with the shortest time after a success', () => {
    const ledger = new CallLedger({ backoff });
    const call = (outcome: 'ok' | 'failed', now: number) => {
      ledger.called('a');
      return ledger.answered('a', outcome, now);
    };
    expect([call('failed', 0), call('failed', 1_000), call('ok', 3_000), call('failed', 3_001)]).toEqual([
      1_000,
      2_000,
      undefined,
      1_000,
    ]);
  });

  test('does not take an answer from before the failure for a recovery', () => {
    const ledger = new CallLedger({ backoff });
    for (let i = 0; i < 3; i += 1) ledger.called('a');
    ledger.answered('a', 'failed', 0);
    ledger.answered('a', 'ok', 10);
    expect(ledger.isEjected('a', 20)).toBe(true);
    expect(ledger.answered('a', 'failed', 1_000)).toBe(2_000);
  });

  test('waits for as many failures in a row as it is told', () => {
    const ledger = new CallLedger({ failures: 3, backoff });
    const outcomes = ['failed', 'failed', 'ok', 'failed', 'failed', 'unknown', 'failed'] as const;
    const times = outcomes.map((outcome) => {
      ledger.called('a');
      return ledger.answered('a', outcome, 0);
    });
    expect(times.map((ms) => ms !== undefined)).toEqual([false, false, false, false, false, false, true]);
  });

  test('knows nothing any more of one that is gone, not even when a call to it ends later', () => {
    const ledger = new CallLedger({ backoff });
    ledger.called('a');
    ledger.called('a');
    ledger.answered('a', 'failed', 0);
    ledger.forget('a');
    expect([ledger.isEjected('a', 1), ledger.inFlight('a'), ledger.answered('a', 'failed', 1)]).toEqual([
      false,
      0,
      undefined,
    ]);
  });

  test('never counts fewer than no calls under way', () => {
    const step = fc.constantFrom('call', 'ok', 'failed', 'unknown', 'forget');
    fc.assert(
      fc.property(fc.array(step), (steps) => {
        const ledger = new CallLedger();
        for (const [now, what] of steps.entries()) {
          if (what === 'call') ledger.called('a');
          else if (what === 'forget') ledger.forget('a');
          else ledger.answered('a', what, now);
          expect(ledger.inFlight('a')).toBeGreaterThanOrEqual(0);
        }
      }),
    );
  });
});
