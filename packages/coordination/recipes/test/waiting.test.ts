import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test } from '@jest/globals';
import { reasonOf, unless, untilUnwanted } from '../src/index.ts';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

const never = new Promise<void>(() => undefined);

test('a wait ends when its time is up, however much garbage was collected meanwhile', async () => {
  const { signal: others } = new AbortController();
  const waits = [
    () => ({ timeoutMs: 50 }),
    () => ({ timeoutMs: 50, signal: others }),
    () => ({ signal: AbortSignal.timeout(50) }),
  ];
  const direct = waits.map((options) => unless(untilUnwanted(options(), others), '/w', never));
  const nested = waits.map((options) =>
    unless(untilUnwanted({ signal: untilUnwanted(options()) }, others), '/w', never),
  );
  setImmediate(collectGarbage);
  const ends = await Promise.allSettled([...direct, ...nested]);
  expect(ends.map((end) => end.status === 'rejected' && end.reason.code)).toEqual(ends.map(() => 'deadline_exceeded'));
});

test('who waits for one reason alone is given that', () => {
  const caller = new AbortController();
  const wanted = untilUnwanted({ signal: caller.signal });
  caller.abort();
  expect([wanted.aborted, reasonOf(wanted, '/w').code]).toEqual([true, 'aborted']);
});
