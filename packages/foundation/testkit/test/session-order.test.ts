import { expect, test } from '@jest/globals';
import { type RegisterAction, type RegisterAnswer, sessionOrderFaults } from '@reeve/testkit';
import type { RegisterOperation } from './simulated-register.ts';

/** What a client did, in the order of the list: read or set a value that was written at `zxid`, as its `version`. */
type Step = readonly [client: string, did: 'reads' | 'sets', key: string, zxid: number, value?: string];

const local: RegisterAction = { op: 'read', freshness: 'local' };

function historyOf(steps: readonly Step[]): readonly RegisterOperation[] {
  return steps.map(([client, did, key, zxid, value = `v${zxid}`], at) => {
    const told = { version: zxid, zxid };
    const answer: RegisterAnswer = did === 'sets' ? { kind: 'written', ...told } : { kind: 'holds', value, ...told };
    const action = did === 'sets' ? ({ op: 'set', value } as const) : local;
    return { client, key, action, answer, calledAt: 2 * at, returnedAt: 2 * at + 1 };
  });
}

test.each<[string, readonly Step[]]>([
  [
    'reads of one client are stale but never go back',
    [
      ['a', 'sets', '/k', 1],
      ['a', 'sets', '/k', 2],
      ['b', 'reads', '/k', 1],
      ['b', 'reads', '/k', 2],
    ],
  ],
  [
    'a client reads an old value that nobody had replaced when it saw a newer one of another key',
    [
      ['a', 'sets', '/k', 1],
      ['a', 'sets', '/l', 2],
      ['b', 'reads', '/l', 2],
      ['b', 'reads', '/k', 1],
    ],
  ],
  [
    'two clients are at different moments',
    [
      ['a', 'sets', '/k', 1],
      ['a', 'sets', '/k', 2],
      ['a', 'reads', '/k', 2],
      ['b', 'reads', '/k', 1],
    ],
  ],
])('nothing is wrong when %s', (_title, steps) => {
  expect(sessionOrderFaults(historyOf(steps))).toEqual([]);
});

test.each<[string, readonly Step[], string]>([
  [
    'a client sees a value and then an older one',
    [
      ['a', 'sets', '/k', 1],
      ['a', 'sets', '/k', 2],
      ['b', 'reads', '/k', 2],
      ['b', 'reads', '/k', 1],
    ],
    'b: read /k "v1" version 1 at 0x1, which 0x2 had replaced, after it had seen 0x2',
  ],
  [
    'a client does not see its own write',
    [
      ['b', 'sets', '/k', 1],
      ['a', 'sets', '/k', 2],
      ['a', 'reads', '/k', 1],
    ],
    'a: read /k "v1" version 1 at 0x1, which 0x2 had replaced, after it had seen 0x2',
  ],
  [
    'a client sees a write but not an earlier one of another key',
    [
      ['a', 'sets', '/k', 1],
      ['a', 'sets', '/k', 2],
      ['a', 'sets', '/l', 3],
      ['b', 'reads', '/l', 3],
      ['b', 'reads', '/k', 1],
    ],
    'b: read /k "v1" version 1 at 0x1, which 0x2 had replaced, after it had seen 0x3',
  ],
  [
    'a write happens before what its client had seen',
    [
      ['b', 'sets', '/k', 5],
      ['a', 'reads', '/k', 5],
      ['a', 'sets', '/l', 4],
    ],
    'a: /l "v4" version 4 at 0x4 is not after 0x5, which it had seen before',
  ],
  [
    'two members give one zxid to different writes',
    [
      ['a', 'reads', '/k', 1, 'x'],
      ['b', 'reads', '/k', 1, 'y'],
    ],
    'two writes are one: /k "x" version 1 at 0x1 and /k "y" version 1 at 0x1',
  ],
])('it is a fault when %s', (_title, steps, fault) => {
  expect(sessionOrderFaults(historyOf(steps))).toEqual([fault]);
});
