import { describe, expect, test } from '@jest/globals';
import {
  checkLinearizable,
  describeWindow,
  type Operation,
  type RegisterAction,
  type RegisterAnswer,
  sequenceCounter,
  type TakeNumber,
  versionedRegister,
} from '@reeve/testkit';
import fc from 'fast-check';
import { type RegisterOperation, simulate } from './simulated-register.ts';

const NEVER = Number.POSITIVE_INFINITY;
const read: RegisterAction = { op: 'read', freshness: 'latest' };
const simulations = fc.record({
  seed: fc.nat(),
  clients: fc.integer({ min: 1, max: 6 }),
  keys: fc.integer({ min: 1, max: 4 }),
  operations: fc.integer({ min: 1, max: 200 }),
  lostPercent: fc.integer({ min: 0, max: 4 }),
});

function verdictOf(history: readonly RegisterOperation[]) {
  return checkLinearizable(history, versionedRegister);
}

function holds(value: string, version: number): RegisterAnswer {
  return { kind: 'holds', value, version };
}

function written(version: number): RegisterAnswer {
  return { kind: 'written', version };
}

/** One operation: who, from when to when, what, and what was answered. */
function did(
  [client, calledAt, returnedAt]: readonly [string, number, number],
  action: RegisterAction,
  answer?: RegisterAnswer,
): RegisterOperation {
  return { client, key: '/k', action, answer, calledAt, returnedAt };
}

const created = did(['c0', 0, 1], { op: 'create', value: 'a' }, written(0));

describe('a history is accepted', () => {
  test('whenever registers that do one thing at a time have made it', () => {
    fc.assert(
      fc.property(simulations, (simulation) => {
        expect(verdictOf(simulate(simulation))).toEqual({ kind: 'linearizable' });
      }),
      { numRuns: 200 },
    );
  });

  test.each<[string, readonly RegisterOperation[]]>([
    [
      'a read sees either value while a write is under way',
      [
        created,
        did(['c1', 2, 9], { op: 'set', value: 'b' }, written(1)),
        did(['c2', 3, 4], read, holds('a', 0)),
        did(['c3', 5, 6], read, holds('b', 1)),
      ],
    ],
    [
      'a write of unknown outcome shows late',
      [
        created,
        did(['c1', 2, NEVER], { op: 'set', value: 'b' }),
        did(['c2', 3, 4], read, holds('a', 0)),
        did(['c2', 50, 51], read, holds('b', 1)),
      ],
    ],
    [
      'a write of unknown outcome never shows',
      [created, did(['c1', 2, 5], { op: 'set', value: 'b' }), did(['c2', 6, 7], { op: 'set', value: 'c' }, written(1))],
    ],
    [
      'a write of unknown outcome takes effect before another that is still under way when it is settled',
      [
        created,
        did(['c1', 2, 5], { op: 'set', value: 'b' }),
        did(['c2', 3, 9], { op: 'set', value: 'c' }, written(1)),
        did(['c3', 10, 11], read, holds('b', 2)),
      ],
    ],
    [
      'a znode that was deleted begins again at version 0',
      [
        created,
        did(['c1', 2, 3], { op: 'delete' }, { kind: 'deleted' }),
        did(['c2', 4, 5], { op: 'create', value: 'b' }, written(0)),
        did(['c1', 6, 7], read, holds('b', 0)),
      ],
    ],
  ])('when %s', (_title, history) => {
    expect(verdictOf(history)).toEqual({ kind: 'linearizable' });
  });
});

describe('a history is refused', () => {
  test.each<[string, readonly RegisterOperation[]]>([
    [
      'a read is stale',
      [created, did(['c1', 2, 3], { op: 'set', value: 'b' }, written(1)), did(['c2', 4, 5], read, holds('a', 0))],
    ],
    [
      'an acknowledged write is lost',
      [
        created,
        did(['c1', 2, 3], { op: 'set', value: 'b' }, written(1)),
        did(['c2', 4, 5], { op: 'set', value: 'c' }, written(1)),
      ],
    ],
    ['an acknowledged creation is lost', [created, did(['c1', 2, 3], read, { kind: 'absent' })]],
    [
      'a write of unknown outcome is seen and then unseen',
      [
        created,
        did(['c1', 2, NEVER], { op: 'set', value: 'b' }),
        did(['c2', 3, 4], read, holds('b', 1)),
        did(['c3', 5, 6], read, holds('a', 0)),
      ],
    ],
    [
      'a write of unknown outcome takes effect twice',
      [
        created,
        did(['c1', 2, NEVER], { op: 'set', value: 'b' }),
        did(['c2', 3, 4], read, holds('b', 1)),
        did(['c2', 5, 6], { op: 'set', value: 'c' }, written(2)),
        did(['c3', 7, 8], read, holds('b', 3)),
      ],
    ],
    [
      'a write takes effect after its fate was settled',
      [
        created,
        did(['c1', 2, 5], { op: 'set', value: 'b' }),
        did(['c2', 6, 7], read, holds('a', 0)),
        did(['c2', 8, 9], read, holds('b', 1)),
      ],
    ],
    [
      'two writes that expect one version both win',
      [
        created,
        did(['c1', 2, 9], { op: 'set', value: 'b', expected: 0 }, written(1)),
        did(['c2', 2, 9], { op: 'set', value: 'c', expected: 0 }, written(1)),
      ],
    ],
    [
      'a value is read before it is written',
      [created, did(['c1', 2, 3], read, holds('b', 1)), did(['c2', 4, 5], { op: 'set', value: 'b' }, written(1))],
    ],
    [
      'two clients see two writes in different orders',
      [
        created,
        did(['c1', 2, 20], { op: 'set', value: 'b' }, written(1)),
        did(['c2', 2, 20], { op: 'set', value: 'c' }, written(2)),
        did(['c3', 3, 4], read, holds('c', 2)),
        did(['c3', 5, 6], read, holds('b', 1)),
      ],
    ],
    ['a value comes from nowhere', [created, did(['c1', 2, 3], read, holds('z', 1))]],
    ['two creations of one znode succeed', [created, did(['c1', 2, 3], { op: 'create', value: 'b' }, written(0))]],
    [
      'a deletion is denied its version although nobody changed it',
      [created, did(['c1', 2, 3], { op: 'delete', expected: 0 }, { kind: 'other_version' })],
    ],
  ])('when %s', (_title, history) => {
    expect(verdictOf(history)).toMatchObject({ kind: 'violated', window: { key: '/k' } });
  });

  test('whenever one answer of a good history is replaced by what was there before an acknowledged write', () => {
    let falsified = 0;
    fc.assert(
      fc.property(simulations, ({ lostPercent: _, ...simulation }) => {
        const history = simulate({ ...simulation, lostPercent: 0 });
        for (const bad of staleVersionsOf(history).slice(0, 3)) {
          falsified += 1;
          expect(verdictOf(bad).kind).toBe('violated');
        }
      }),
    );
    expect(falsified).toBeGreaterThan(50);
  });
});

/** For each read: the history in which it saw what another write had replaced before it began. */
function staleVersionsOf(history: readonly RegisterOperation[]): readonly (readonly RegisterOperation[])[] {
  return history.flatMap((late, position) => {
    if (late.answer?.kind !== 'holds') return [];
    const earlier = history.filter(({ key, returnedAt }) => key === late.key && returnedAt < late.calledAt);
    const replaced = earlier.find((old) => old.answer?.kind === 'holds' && isReplaced(old, earlier));
    if (replaced === undefined) return [];
    return [history.toSpliced(position, 1, { ...late, answer: replaced.answer })];
  });
}

/** Whether a write began after this was read, and has returned. */
function isReplaced(old: RegisterOperation, earlier: readonly RegisterOperation[]): boolean {
  return earlier.some(({ answer, calledAt }) => answer?.kind === 'written' && calledAt > old.returnedAt);
}

test('ten thousand operations of twenty clients on fifty keys are checked', () => {
  const history = simulate({ seed: 4, clients: 20, keys: 50, operations: 10_000, lostPercent: 1 });
  expect(verdictOf(history).kind).toBe('linearizable');
});

describe('what is shown of a violation', () => {
  const calm = Array.from({ length: 400 }, (_, n) =>
    did(['c1', 10 + 4 * n, 12 + 4 * n], { op: 'set', value: `v${n}` }, written(n + 1)),
  );
  const stale = [
    created,
    ...calm,
    did(['c4', 1_600, 2_000], read, holds('v399', 400)),
    did(['c3', 1_700, 1_710], read, holds('v399', 400)),
    did(['c2', 1_720, 1_730], read, holds('v398', 399)),
    did(['c1', 1_740, 1_750], { op: 'set', value: 'after' }, written(401)),
  ];

  test('is the shortest part that contradicts itself', () => {
    const verdict = verdictOf(stale);
    if (verdict.kind !== 'violated') throw new RangeError('the history should be refused');
    expect(describeWindow(verdict.window, versionedRegister)).toBe(
      [
        '/k is not linearizable: no order of these operations explains their answers',
        '    called  returned  client',
        '       0.0      10.0  c3        read latest → "v399" version 400',
        '      20.0      30.0  c2        read latest → "v398" version 399   <- nothing explains this',
        'before the last of them returned it could be: "v399" version 400',
      ].join('\n'),
    );
  });
});

describe('a counter', () => {
  const take = (client: string, calledAt: number, answer: number | undefined): Operation<TakeNumber, number> => {
    const returnedAt = answer === undefined ? NEVER : calledAt + 5;
    return { client, key: '/seq', action: { op: 'take' }, answer, calledAt, returnedAt };
  };

  test.each<[string, readonly (readonly [number, number | undefined])[], string]>([
    [
      'gives each number once, in any order among those that ask at once',
      [
        [0, 1],
        [1, 0],
        [10, 2],
      ],
      'linearizable',
    ],
    [
      'may have given a number to one who got no answer',
      [
        [0, 0],
        [10, undefined],
        [20, 2],
      ],
      'linearizable',
    ],
    [
      'never gives a number twice',
      [
        [0, 0],
        [10, 0],
      ],
      'violated',
    ],
    [
      'never goes back',
      [
        [0, 1],
        [2, 0],
        [10, 3],
        [20, 2],
      ],
      'violated',
    ],
    [
      'never leaves out a number that nobody can have got',
      [
        [0, 0],
        [10, 2],
      ],
      'violated',
    ],
  ])('%s', (_title, takes, kind) => {
    const history = takes.map(([calledAt, answer], n) => take(`c${n}`, calledAt, answer));
    expect(checkLinearizable(history, sequenceCounter).kind).toBe(kind);
  });
});
