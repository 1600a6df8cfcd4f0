import { describe, expect, test } from '@jest/globals';
import type { Overview, TaskId, TaskReport } from '@reeve/sdk';
import { formatReport } from '../src/commands/get-task.ts';
import { formatOverview } from '../src/commands/status.ts';
import type { DemoResult } from '../src/demo/demo.ts';
import { renderResult } from '../src/demo/view.ts';
import { colorsFor } from '../src/output/colors.ts';
import { type Column, renderTable } from '../src/output/table.ts';

const colors = colorsFor({ isTTY: false, env: {} });
const output = { colors, width: undefined };
const now = new Date(2026, 1, 3, 4, 5, 6).getTime();

describe('a table', () => {
  const columns: readonly Column<readonly [string, string, string]>[] = [
    { head: 'NAME', text: ([name]) => name },
    { head: 'SIZE', text: ([, size]) => size, align: 'right' },
    { head: 'NOTE', text: ([, , note]) => note },
  ];
  const rows = [
    ['a', '1', 'short'],
    ['longer', '1000', 'a note of several\nlines and many words'],
  ] as const;

  test('has headings, and one line for each row', () => {
    expect(renderTable(columns, rows, output).split('\n')).toEqual([
      'NAME    SIZE  NOTE',
      'a          1  short',
      'longer  1000  a note of several lines and many words',
    ]);
  });

  test('is cut to the width of the terminal in its last column', () => {
    expect(renderTable(columns, rows, { colors, width: 30 }).split('\n')).toEqual([
      'NAME    SIZE  NOTE',
      'a          1  short',
      'longer  1000  a note of sever…',
    ]);
  });
});

describe('the colours', () => {
  test.each<[boolean, Record<string, string>, boolean]>([
    [true, {}, true],
    [false, {}, false],
    [true, { NO_COLOR: '1' }, false],
    [true, { NO_COLOR: '' }, true],
    [false, { FORCE_COLOR: '1' }, true],
    [true, { TERM: 'dumb' }, false],
    [true, { NO_COLOR: '1', FORCE_COLOR: '1' }, false],
  ])('on a terminal: %p, with %j: %p', (isTTY, env, expected) => {
    expect(colorsFor({ isTTY, env }).isColorSupported).toBe(expected);
  });
});

describe('the overview', () => {
  const overview: Overview = {
    primary: { masterId: 'm1', host: 'box', pid: 1, since: now - 90_000, epoch: 3 },
    masters: 2,
    workers: 1,
    slots: 4,
    tasks: { waiting: 1_200, running: 4, succeeded: 7, failed: 1, cancelled: 0, lost: 0, expired: 0 },
    counts: 'exact',
    queues: [{ queue: 'default', waiting: 1_200, running: 4 }],
    oldestWaitingSince: now - 5_000,
    reasons: [{ code: 'slots_busy', message: 'all 4 slots are busy', tasks: 200 }],
  };

  test('says who decides, who works, what waits and why', () => {
    expect(formatOverview(overview, output, now).split('\n')).toEqual([
      'primary  m1, epoch 3, for 1m 30s',
      'masters  2',
      'workers  1, 4 of 4 slots busy',
      'tasks    1,200 waiting  4 running  7 succeeded  1 failed  oldest for 5.0 s',
      'waiting  200 ×  all 4 slots are busy',
      '',
      'QUEUE    WAITING  RUNNING',
      'default    1,200        4',
    ]);
  });

  test('marks what is estimated', () => {
    expect(formatOverview({ ...overview, counts: 'estimated' }, output, now)).toContain(
      '1,200 waiting  4 running  ~7 succeeded  ~1 failed',
    );
  });

  test('of nothing is short', () => {
    const { primary: _primary, oldestWaitingSince: _since, ...rest } = overview;
    const tasks = { waiting: 0, running: 0, succeeded: 0, failed: 0, cancelled: 0, lost: 0, expired: 0 };
    const nothing = { ...rest, masters: 0, workers: 0, slots: 0, tasks, queues: [], reasons: [] };
    expect(formatOverview(nothing, output, now).split('\n')).toEqual([
      'primary  none',
      'masters  0',
      'workers  0, 0 of 0 slots busy',
      'tasks    none',
    ]);
  });
});

describe('a task', () => {
  const report: TaskReport = {
    taskId: '01a1f9e9-b8ed-7347-b153-56354a4d05b1' as TaskId,
    state: 'failed',
    spec: {
      work: { kind: 'command', argv: ['make', 'all'] },
      queue: 'builds',
      priority: 5,
      notBefore: 0,
      timeoutMs: 60_000,
      retry: { attemptsMax: 3, backoffMs: 1_000, backoffMaxMs: 60_000 },
      repeat: 'repeatable',
      submittedAt: now - 60_000,
    },
    status: {
      outcome: 'failed',
      attempts: 3,
      workerId: 'w1',
      startedAt: now - 12_000,
      finishedAt: now - 10_000,
      error: {
        code: 'command_failed',
        message: '"make" exited with code 2',
        exitCode: 2,
        stdout: 'one\ntwo\n',
        stderr: '',
      },
    },
  };

  test('is shown with what was asked and what came of it', () => {
    expect(formatReport(report, output, now).split('\n')).toEqual([
      'task       01a1f9e9-b8ed-7347-b153-56354a4d05b1',
      'state      failed  command_failed: "make" exited with code 2, took 2.0 s, 3 attempts',
      'command    make all',
      'queue      builds, priority 5',
      'submitted  2026-02-03 04:04:06 (1m 00s ago)',
      'policy     3 attempts, 1.0 s apart at first, 1m 00s each',
      'attempts   3',
      'finished   2026-02-03 04:04:56 (10.0 s ago)',
      'worker     w1',
      'stdout     one',
      '           two',
    ]);
  });

  test('that waits says why, and what earlier attempts left behind', () => {
    const { status: _status, ...rest } = report;
    const lastError = { code: 'handler_failed', message: 'no luck' };
    const retry = { attempts: 2, workersLost: 1, notBefore: now + 5_000, lastError };
    const reason = { code: 'not_due', message: 'attempt 3 starts soon' };
    const lines = formatReport({ ...rest, state: 'waiting', retry, reason, cancel: 'requested' }, output, now).split(
      '\n',
    );
    expect(lines).toContain('state      waiting  attempt 3 starts soon');
    expect(lines).toContain('cancel     requested');
    expect(lines).toContain('attempts   2, 1 ended with their worker, the last failed: no luck');
  });
});

describe('the result of the demo', () => {
  const result: DemoResult = {
    evidence: {
      asked: 600,
      done: 600,
      lost: 0,
      finishedTwice: 0,
      wrong: 0,
      totals: { tasks: { lines: 10, words: 20 }, direct: { lines: 10, words: 20 } },
      attempts: 605,
      repeated: 5,
      fencesBroken: 0,
    },
    recovery: { failoverMs: 2_050, reassignmentMs: 2_400, reassigned: 3, outageMs: 700 },
    tookMs: 21_000,
  };

  test('says what was counted and how long recovery took, with its bound', () => {
    expect(renderResult(result, output).split('\n')).toEqual([
      'tasks done      600 of 600',
      'lost            0',
      'finished twice  0',
      'wrong results   0  (tasks: 10 lines, 20 words; computed directly: 10 lines, 20 words)',
      'attempts        605 started; 5 because a kill had ended the one before',
      'fences broken   0',
      'fail-over       2,050 ms  (bound: 2,300 ms, time-out + 300 ms)',
      'reassignment    2,400 ms  (bound: 2,300 ms, time-out + 300 ms)  of 3 tasks',
      'coordinator     away for 700 ms',
      '',
      'Nothing was lost, and nothing was done twice. (21.0 s)',
    ]);
  });

  test.each([{ done: 599 }, { lost: 1 }, { finishedTwice: 1 }, { wrong: 1 }, { fencesBroken: 1 }])(
    'with %j is no success',
    (different) => {
      const evidence = { ...result.evidence, ...different };
      expect(renderResult({ ...result, evidence }, output)).toContain('Something is different');
    },
  );
});
