import { expect, test } from '@jest/globals';
import { heartbeat, tickMs } from '../src/heartbeat.ts';

const timeoutMs = 3_000;
const quiet = { sentAt: 0, receivedAt: 0, pingSentAt: undefined };

test.each([
  [{ ...quiet }, 999, 'nothing'],
  [{ ...quiet }, 1_000, 'ping'],
  [{ ...quiet, sentAt: 900 }, 1_000, 'ping'],
  [{ ...quiet, receivedAt: 900 }, 1_000, 'ping'],
  [{ ...quiet, sentAt: 500, receivedAt: 500 }, 1_499, 'nothing'],
  [{ ...quiet, pingSentAt: 1_000 }, 1_999, 'nothing'],
  [{ ...quiet, pingSentAt: 1_000 }, 2_000, 'cut'],
  [{ ...quiet, sentAt: 1_990 }, 2_000, 'cut'],
] as const)('with the pulse %j at %d the connection needs: %s', (pulse, now, need) => {
  expect(heartbeat(pulse, timeoutMs, now)).toBe(need);
});

test.each([100, 1_000, 4_000, 40_000])('a time-out of %d ms is looked at often enough', (timeout) => {
  expect(tickMs(timeout)).toBeLessThanOrEqual(timeout / 20);
  expect(tickMs(timeout)).toBeGreaterThan(0);
});
