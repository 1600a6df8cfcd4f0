import { describe, expect, test } from '@jest/globals';
import { type BusyWorker, explainWaiting, type WaitingTask } from '@reeve/tasks';
import { specOf, workerOf } from './fixtures.ts';

const NOW = Date.UTC(2030, 0, 1);
const idle = { record: workerOf({}), assigned: 0 };
const busy = { record: workerOf({ slots: 2 }), assigned: 2 };
const plain = { spec: specOf({}) };
const command = { spec: specOf({ work: { kind: 'command', argv: ['ls'] } }) };
const retried = { spec: specOf({}), retry: { attempts: 1, workersLost: 0, notBefore: NOW + 1_000 } };

describe('why a task waits', () => {
  test.each<[string, WaitingTask, readonly BusyWorker[], string]>([
    ['cancel_requested', { ...plain, cancel: 'requested' }, [idle], 'it is about to be cancelled'],
    ['not_due', { spec: specOf({ notBefore: NOW + 1_000 }) }, [idle], 'it starts at 2030-01-01T00:00:01.000Z'],
    ['not_due', retried, [idle], 'attempt 2 starts at 2030-01-01T00:00:01.000Z'],
    ['no_worker', plain, [], 'no worker is there'],
    ['queue_not_served', { spec: specOf({ queue: 'mail' }) }, [idle], 'no worker serves queue mail'],
    [
      'handler_not_loaded',
      plain,
      [{ record: workerOf({ handlers: [] }), assigned: 0 }],
      'no worker of queue default has handler echo',
    ],
    ['commands_not_run', command, [idle], 'no worker of queue default runs commands'],
    [
      'workers_draining',
      plain,
      [{ record: workerOf({ phase: 'draining' }), assigned: 0 }],
      'every worker that could run it is leaving',
    ],
    ['slots_busy', plain, [busy, busy], 'all 4 slots are busy'],
    ['slots_busy', plain, [{ record: workerOf({ slots: 1 }), assigned: 3 }], 'the only slot is busy'],
    ['queue_limited', { ...plain, limit: 2 }, [busy, idle], 'queue default is limited to 2 at a time'],
    ['queue_limited', { ...plain, limit: 0 }, [idle], 'queue default is held: its limit is 0'],
    ['slots_busy', { ...plain, limit: 2 }, [busy, busy], 'all 4 slots are busy'],
    ['next_in_line', plain, [busy, idle], 'a slot is free: it is about to be assigned'],
  ])('%s', (code, task, workers, message) => {
    expect(explainWaiting(task, workers, NOW)).toEqual({ code, message });
  });
});
