import { beforeAll, describe, expect, test } from '@jest/globals';
import { newTaskId, type Reeve, type TaskHandle } from '../src/index.ts';
import { Stage } from './stage.ts';

let stage: Stage;
let reeve: Reeve;
let tasks: readonly TaskHandle[];

beforeAll(async () => {
  stage = await Stage.open();
  reeve = await stage.reeve();
  const queues = ['default', 'images'];
  tasks = await reeve.submitAll(
    Array.from({ length: 12 }, (_, at) => ({ handler: 'resize', queue: queues[at % 2] ?? '' })),
  );
});

const idsOf = (some: readonly { readonly taskId: string }[]) => some.map(({ taskId }) => taskId);

describe('while nothing runs', () => {
  test('a task waits because no master decides', async () => {
    expect(await tasks[0]?.describe()).toMatchObject({ state: 'waiting', reason: { code: 'no_primary' } });
  });

  test('the overview counts what waits, by queue', async () => {
    expect(await reeve.status()).toMatchObject({
      masters: 0,
      workers: 0,
      tasks: { waiting: 12, running: 0, succeeded: 0 },
      counts: 'exact',
      queues: [
        { queue: 'default', waiting: 6, running: 0 },
        { queue: 'images', waiting: 6, running: 0 },
      ],
      reasons: [{ code: 'no_primary', tasks: 12 }],
    });
  });
});

describe('a list', () => {
  test('gives the newest first, page by page', async () => {
    const newest = idsOf(tasks).reverse();
    const first = await reeve.list({ limit: 5 });
    expect(idsOf(first.tasks)).toEqual(newest.slice(0, 5));
    const second = await reeve.list({ limit: 5, before: first.next });
    expect(idsOf(second.tasks)).toEqual(newest.slice(5, 10));
    const third = await reeve.list({ limit: 5, before: second.next });
    expect(idsOf(third.tasks)).toEqual(newest.slice(10));
    expect(third.next).toBeUndefined();
  });

  test('can be of one queue', async () => {
    const { tasks: found } = await reeve.list({ queue: 'images' });
    expect(idsOf(found)).toEqual(idsOf(tasks.filter((_, at) => at % 2 === 1)).reverse());
  });

  test.each([0, 1_001, 1.5])('of %p tasks is refused', async (limit) => {
    await expect(reeve.list({ limit })).rejects.toMatchObject({ code: 'invalid_argument' });
  });
});

describe('with a primary and a worker', () => {
  const [running, finished, waiting] = [1, 2, 3];

  beforeAll(async () => {
    await stage.addPrimary('m1');
    await stage.addWorker('w1', idsOf([tasks[running]].filter((task) => task !== undefined)) as never);
    await stage.finish([tasks[finished]?.taskId as never], { outcome: 'failed' });
  });

  test('the fleet is listed with roles, and how busy it is', async () => {
    expect(await reeve.masters()).toMatchObject([{ masterId: 'm1', role: 'primary', host: 'box', pid: 8 }]);
    expect(await reeve.workers()).toMatchObject([{ workerId: 'w1', assigned: 1, record: { slots: 2 } }]);
  });

  test('each task says where it stands', async () => {
    expect(await tasks[running]?.describe()).toMatchObject({
      state: 'running',
      assignment: { workerId: 'w1', attempt: 1 },
    });
    expect(await tasks[finished]?.describe()).toMatchObject({ state: 'failed', status: { outcome: 'failed' } });
    expect(await tasks[waiting]?.describe()).toMatchObject({ state: 'waiting', reason: { code: 'queue_not_served' } });
  });

  test('a list can be of one state', async () => {
    expect(idsOf((await reeve.list({ state: 'running' })).tasks)).toEqual([tasks[running]?.taskId]);
    expect(idsOf((await reeve.list({ state: 'failed' })).tasks)).toEqual([tasks[finished]?.taskId]);
    expect((await reeve.list({ state: 'succeeded' })).tasks).toEqual([]);
    expect((await reeve.list({ state: 'waiting' })).tasks).toHaveLength(10);
  });

  test('the overview says who decides, what runs, and why the others wait', async () => {
    expect(await reeve.status()).toMatchObject({
      primary: { masterId: 'm1', epoch: 1 },
      workers: 1,
      slots: 2,
      tasks: { waiting: 10, running: 1, failed: 1 },
      reasons: [
        { code: 'next_in_line', tasks: 5 },
        { code: 'queue_not_served', tasks: 5 },
      ],
    });
  });
});

describe('changing a task', () => {
  test('that nobody knows is refused', async () => {
    const task = reeve.task(newTaskId());
    await expect(task.describe()).rejects.toMatchObject({ code: 'task_unknown' });
    await expect(task.cancel()).rejects.toMatchObject({ code: 'task_unknown' });
    await expect(task.retry()).rejects.toMatchObject({ code: 'task_unknown' });
    expect(() => reeve.task('x')).toThrow('"x" is not a task id');
  });

  test('cancelling leaves a wish, and is refused when it is finished', async () => {
    const task = await reeve.submit('resize');
    await task.cancel();
    await task.cancel();
    expect(await task.describe()).toMatchObject({ cancel: 'requested', reason: { code: 'cancel_requested' } });
    await stage.finish([task.taskId], { outcome: 'cancelled' });
    await expect(task.cancel()).rejects.toMatchObject({ code: 'task_finished' });
  });

  test('retrying makes a finished task wait again, and is refused before', async () => {
    const task = await reeve.submit('resize');
    await expect(task.retry()).rejects.toMatchObject({ code: 'task_not_finished' });
    await stage.finish([task.taskId], { outcome: 'lost' });
    await task.retry();
    expect(await task.describe()).toMatchObject({ state: 'waiting' });
  });
});
