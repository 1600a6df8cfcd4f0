import { describe, expect, test } from '@jest/globals';
import { isFinal, next, type TaskEvent, type TaskState } from '@reeve/tasks';

type Row = Readonly<Record<TaskEvent, TaskState | undefined>>;

const never = {
  assign: undefined,
  start: undefined,
  hand_back: undefined,
  succeed: undefined,
  fail: undefined,
  retry: undefined,
  worker_lost: undefined,
  give_up: undefined,
  cancel: undefined,
  expire: undefined,
  reject: undefined,
  redrive: undefined,
} as const;

/** Every cell: a state or an event that is added does not compile until it is decided here. */
const table: Readonly<Record<TaskState, Row>> = {
  waiting: { ...never, assign: 'assigned', cancel: 'cancelled', expire: 'expired', reject: 'failed' },
  assigned: {
    ...never,
    start: 'running',
    hand_back: 'waiting',
    worker_lost: 'waiting',
    give_up: 'lost',
    cancel: 'cancelled',
    reject: 'failed',
  },
  running: {
    ...never,
    succeed: 'succeeded',
    fail: 'failed',
    retry: 'waiting',
    worker_lost: 'waiting',
    give_up: 'lost',
    cancel: 'cancelled',
  },
  succeeded: { ...never, redrive: 'waiting' },
  failed: { ...never, redrive: 'waiting' },
  cancelled: { ...never, redrive: 'waiting' },
  lost: { ...never, redrive: 'waiting' },
  expired: { ...never, redrive: 'waiting' },
};

const cells = Object.entries(table).flatMap(([state, row]) =>
  Object.entries(row).map(([event, after]) => ({ state: state as TaskState, event: event as TaskEvent, after })),
);

describe('the life of a task', () => {
  test.each(cells)('$state, $event: $after', ({ state, event, after }) => {
    expect(next(state, event)).toBe(after);
  });

  test('ends in five ways, and only a redrive begins it anew', () => {
    const finals = (Object.keys(table) as TaskState[]).filter(isFinal);
    expect(finals).toEqual(['succeeded', 'failed', 'cancelled', 'lost', 'expired']);
  });
});
