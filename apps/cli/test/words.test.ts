import { describe, expect, test } from '@jest/globals';
import type { TaskSpec, TaskStatus } from '@reeve/sdk';
import { count, describeStatus, describeWork, formatTime } from '../src/output/words.ts';

const spec = (work: TaskSpec['work']): TaskSpec => ({
  work,
  queue: 'default',
  priority: 0,
  notBefore: 0,
  timeoutMs: 0,
  retry: { attemptsMax: 1, backoffMs: 1, backoffMaxMs: 1 },
  repeat: 'repeatable',
  submittedAt: 0,
});

describe('what a task runs', () => {
  test.each<[TaskSpec['work'], string]>([
    [{ kind: 'handler', handler: 'resize', payload: { w: 1 } }, 'resize {"w":1}'],
    [{ kind: 'handler', handler: 'resize', payload: null }, 'resize'],
    [{ kind: 'command', argv: ['ls', '-l', 'a b', "it's"] }, `ls -l 'a b' 'it'\\''s'`],
    [{ kind: 'command', argv: ['x'], shell: 'echo $0 | wc' }, 'echo $0 | wc'],
  ])('%j reads %s', (work, text) => {
    expect(describeWork(spec(work))).toBe(text);
  });
});

describe('what came of a task', () => {
  const status: TaskStatus = { outcome: 'succeeded', attempts: 1, startedAt: 1_000, finishedAt: 3_500 };
  test.each<[TaskStatus, string]>([
    [status, 'took 2.5 s'],
    [{ ...status, attempts: 3 }, 'took 2.5 s, 3 attempts'],
    [
      { outcome: 'lost', attempts: 1, finishedAt: 1, error: { code: 'worker_lost', message: 'gone' } },
      'worker_lost: gone',
    ],
    [{ outcome: 'cancelled', attempts: 0, finishedAt: 1 }, ''],
  ])('%j reads %s', (given, text) => {
    expect(describeStatus(given)).toBe(text);
  });
});

test('a moment is told by the clock and by its distance', () => {
  const at = new Date(2026, 1, 3, 4, 5, 6).getTime();
  expect(formatTime(at, at + 90_000)).toBe('2026-02-03 04:05:06 (1m 30s ago)');
  expect(formatTime(at, at - 5_000)).toBe('2026-02-03 04:05:06 (in 5.0 s)');
});

test('a count has its noun in the right number, and thousands apart', () => {
  expect([count(1, 'task'), count(0, 'task'), count(12_345, 'task')]).toEqual(['1 task', '0 tasks', '12,345 tasks']);
});
