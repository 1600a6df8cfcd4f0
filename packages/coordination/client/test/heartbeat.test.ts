import { expect, test } from '@jest/globals';
import { heartbeat, tickMs } from '../src/heartbeat.ts';

const timeoutMs = 3_000;
const quiet = { sentAt: 0, receivedAt: 0, pingSentAt: undefined, deadline: 3_000 };

test.each([
  [{ ...quiet }, 999, 'nothing'],
  [{ ...quiet }, 1_000, 'ping'],
  [{ ...quiet, sentAt: 900 }, 1_000, 'ping'],
  [{ ...quiet, receivedAt: 900 }, 1_000, 'ping'],
  [{ ...quiet, sentAt: 500, receivedAt: 500 }, 1_499, 'nothing'],
  [{ ...quiet, pingSentAt: 1_000 }, 1_999, 'nothing'],
  [{ ...quiet, pingSentAt: 1_000 }, 2_000, 'cut'],
  [{ ...quiet, pingSentAt: 1_000, receivedAt: 1_500 }, 2_000, 'nothing'],
  [{ ...quiet, pingSentAt: 1_000, receivedAt: 1_500 }, 2_500, 'cut'],
] as const)('with the pulse %j at %d the connection needs: %s', (pulse, now, need) => {
  expect(heartbeat(pulse, timeoutMs, now)).toBe(need);
});

test('a process that was held up asks before it gives the server up', () => {
  expect(heartbeat(quiet, timeoutMs, 2_900)).toBe('ping');
});

test('a process that was held up for longer than its session may last gives the connection up at once', () => {
  expect(heartbeat(quiet, timeoutMs, 3_000)).toBe('cut');
  expect(heartbeat({ ...quiet, sentAt: 2_990, receivedAt: 2_990 }, timeoutMs, 3_000)).toBe('cut');
});

test.each([100, 1_000, 4_000, 40_000])('a time-out of %d ms is looked at often enough', (timeout) => {
  expect(tickMs(timeout)).toBeLessThanOrEqual(timeout / 20);
  expect(tickMs(timeout)).toBeGreaterThan(0);
});
