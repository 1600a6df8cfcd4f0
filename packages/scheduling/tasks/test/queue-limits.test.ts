import { describe, expect, test } from '@jest/globals';
import { platformSchemas, queueSettings, settingsOfWorker, workerSettings } from '@reeve/tasks';
import { idOf, limits, specOf, Table } from './fixtures.ts';

const NOW = 100;
const only = (limit: number) => new Map([['default', limit]]);

describe('a limited queue', () => {
  test('has no more tasks assigned than its limit, whatever room there is', () => {
    const table = new Table();
    table.worker('w', { slots: 10 });
    table.board.limitQueues(only(2));
    for (let n = 1; n <= 5; n += 1) table.submit(idOf(n));
    expect(table.plan(NOW)).toEqual({ w: [idOf(1), idOf(2)] });
    expect(table.plan(NOW)).toEqual({});
    for (const n of [1, 2]) table.assign(idOf(n), 'w');
    expect(table.plan(NOW)).toEqual({});
    table.finish(idOf(1), 'w');
    expect(table.plan(NOW)).toEqual({ w: [idOf(3)] });
  });

  test('leaves its workers to other queues', () => {
    const table = new Table();
    table.worker('w', { slots: 3, queues: ['default', 'mail'] });
    table.board.limitQueues(only(1));
    for (let n = 1; n <= 3; n += 1) table.submit(idOf(n));
    table.submit(idOf(9), { queue: 'mail', priority: -5 });
    expect(table.plan(NOW)).toEqual({ w: [idOf(1), idOf(9)] });
  });

  test('is one, however many handlers its tasks are for', () => {
    const table = new Table();
    table.worker('w', { slots: 9, handlers: ['echo', 'resize'] });
    table.board.limitQueues(only(3));
    const other = { kind: 'handler' as const, handler: 'resize', payload: null };
    for (let n = 1; n <= 8; n += 1) table.submit(idOf(n), n % 2 === 0 ? { work: other } : {});
    expect(table.plan(NOW)).toEqual({ w: [idOf(1), idOf(2), idOf(3)] });
  });

  test('takes more when its limit is raised or taken away, and gives nothing back when it is lowered', () => {
    const table = new Table();
    table.worker('w', { slots: 10 });
    table.board.limitQueues(only(1));
    for (let n = 1; n <= 6; n += 1) table.submit(idOf(n));
    expect(table.plan(NOW)).toEqual({ w: [idOf(1)] });
    table.board.limitQueues(only(3));
    expect(table.plan(NOW)).toEqual({ w: [idOf(2), idOf(3)] });
    table.board.limitQueues(only(2));
    for (const n of [1, 2, 3]) table.assign(idOf(n), 'w');
    table.finish(idOf(1), 'w');
    expect(table.plan(NOW)).toEqual({});
    table.board.limitQueues(new Map());
    expect(table.plan(NOW)).toEqual({ w: [idOf(4), idOf(5), idOf(6)] });
  });

  test('with a limit of 0 is held', () => {
    const table = new Table();
    table.worker('w');
    table.board.limitQueues(only(0));
    table.submit(idOf(1));
    expect(table.plan(NOW)).toEqual({});
  });

  test('counts again what was not written', () => {
    const table = new Table();
    table.worker('w');
    table.board.limitQueues(only(1));
    table.submit(idOf(1));
    expect(table.plan(NOW)).toEqual({ w: [idOf(1)] });
    table.board.release(idOf(1), NOW + 1);
    expect(table.plan(NOW + 1)).toEqual({ w: [idOf(1)] });
  });

  test('that is limited while tasks run counts those too', () => {
    const table = new Table();
    table.worker('w', { slots: 10 });
    for (let n = 1; n <= 2; n += 1) table.submit(idOf(n));
    table.plan(NOW);
    for (const n of [1, 2]) table.assign(idOf(n), 'w');
    table.board.limitQueues(only(3));
    for (let n = 3; n <= 5; n += 1) table.submit(idOf(n));
    expect(table.plan(NOW)).toEqual({ w: [idOf(3)] });
  });

  test('counts what an earlier primary has assigned, as soon as it knows the queue of it; before that as its own', () => {
    const table = new Table();
    table.worker('w', { slots: 10, queues: ['default', 'mail'] });
    for (const [n, queue] of [
      [1, 'default'],
      [2, 'mail'],
    ] as const) {
      table.submit(idOf(n), { queue });
      table.assign(idOf(n), 'w');
    }
    const board = table.takeOver();
    table.worker('w', { slots: 10, queues: ['default', 'mail'] });
    board.limitQueues(only(2));
    for (const n of [3, 4]) table.submit(idOf(n));
    expect(table.plan(NOW)).toEqual({});
    const uncounted = board.takeUncounted(10);
    expect(uncounted.map(({ taskId }) => taskId)).toEqual([idOf(1), idOf(2)]);
    expect(board.takeUncounted(10)).toEqual([]);
    expect(table.plan(NOW)).toEqual({});
    for (const candidate of uncounted) {
      const value = table.specs.get(candidate.taskId) ?? specOf({});
      board.learnQueue(candidate, { spec: { kind: 'found', value, czxid: 1, ctime: 1, version: 0 } });
    }
    expect(table.plan(NOW)).toEqual({ w: [idOf(3)] });
    table.finish(idOf(1), 'w');
    expect(board.plan(limits, NOW).decisions).toMatchObject([{ taskId: idOf(4) }]);
  });
});

describe('the settings of the platform', () => {
  test('are those of the fleet, and before that those of the worker', () => {
    const settings = { builds: { slots: 4, logLevel: 'warn' as const }, 'host-1': { slots: 8 } };
    expect(settingsOfWorker(settings, { name: 'host-1', fleet: 'builds' })).toEqual({ slots: 8, logLevel: 'warn' });
    expect(settingsOfWorker(settings, { name: 'host-2', fleet: 'other' })).toEqual({});
  });

  test.each([
    ['a limit that is no number', queueSettings, { default: { limit: 'many' } }],
    ['a setting that is not known', queueSettings, { default: { limits: 1 } }],
    ['no slots', workerSettings, { w: { slots: 0 } }],
    ['no queues', workerSettings, { w: { queues: [] } }],
    ['a level that is none', workerSettings, { w: { logLevel: 'loud' } }],
  ])('refuse %s', (_what, schema, value) => {
    expect(schema.safeParse(value).success).toBe(false);
  });

  test('are told as JSON Schemas', () => {
    expect(platformSchemas.queues).toMatchObject({
      type: 'object',
      additionalProperties: { additionalProperties: false },
    });
  });
});
