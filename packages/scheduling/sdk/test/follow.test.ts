import { beforeAll, describe, expect, test } from '@jest/globals';
import { eventually, startFaultProxy } from '@reeve/testkit';
import { newTaskId, type Reeve, type TaskChange } from '../src/index.ts';
import { Stage } from './stage.ts';

let stage: Stage;
let reeve: Reeve;

beforeAll(async () => {
  stage = await Stage.open();
  reeve = await stage.reeve();
});

describe('waiting for a task', () => {
  test('gives the result of one that succeeds later', async () => {
    const task = await reeve.submit('resize');
    const result = task.result();
    await stage.finish([task.taskId], { result: { bytes: 12 } });
    expect(await result).toEqual({ bytes: 12 });
  });

  test('gives the result of one that has succeeded already', async () => {
    const task = await reeve.submit('resize');
    await stage.finish([task.taskId], { result: 7 });
    expect(await task.result()).toBe(7);
  });

  test.each(['failed', 'cancelled', 'lost', 'expired'] as const)(
    'rejects with the status of one that ended %s',
    async (outcome) => {
      const task = await reeve.submit('resize');
      const error = { code: 'handler_failed', message: 'no such file' };
      await stage.finish([task.taskId], { outcome, error });
      await expect(task.result()).rejects.toMatchObject({
        code: `task_${outcome}`,
        message: `task ${task.taskId} ended ${outcome}: no such file`,
        facts: { status: { outcome, error } },
      });
    },
  );

  test('ends with its deadline, and with its signal', async () => {
    const task = await reeve.submit('resize');
    await expect(task.finished({ timeoutMs: 20 })).rejects.toMatchObject({ code: 'deadline_exceeded' });
    const abort = new AbortController();
    const waiting = task.finished({ signal: abort.signal });
    abort.abort();
    await expect(waiting).rejects.toMatchObject({ code: 'aborted' });
  });

  test('can be given up and begun again', async () => {
    const task = await reeve.submit('resize');
    await expect(task.finished({ timeoutMs: 20 })).rejects.toMatchObject({ code: 'deadline_exceeded' });
    const waiting = task.finished();
    await stage.finish([task.taskId]);
    expect((await waiting).outcome).toBe('succeeded');
  });

  test('for hundreds at once gives each its own result', async () => {
    const requests = Array.from({ length: 300 }, (_, payload) => ({ handler: 'count', payload }));
    const tasks = await reeve.submitAll(requests);
    const before = tasks.slice(0, 100);
    await stage.finish(
      before.map(({ taskId }) => taskId),
      { result: 'early' },
    );
    const results = Promise.all(tasks.map((task) => task.result()));
    for (const task of tasks.slice(100)) await stage.finish([task.taskId], { result: task.taskId });
    expect(await results).toEqual(tasks.map((task, at) => (at < 100 ? 'early' : task.taskId)));
  });

  test('is over when the connection is closed', async () => {
    const other = await stage.reeve();
    const task = await other.submit('resize');
    const waiting = Promise.allSettled(Array.from({ length: 20 }, () => task.finished()));
    await other.close();
    for (const one of await waiting) expect(one).toMatchObject({ status: 'rejected', reason: { code: 'closed' } });
  });
});

describe('a lost connection', () => {
  test('does not keep results away that came meanwhile, whether one task is awaited or many', async () => {
    const proxy = await startFaultProxy(stage.port);
    const far = await stage.reeve({ connect: proxy.address });
    const tasks = await far.submitAll(Array.from({ length: 30 }, () => ({ handler: 'count' })));
    const finished = Promise.all(tasks.map((task) => task.finished()));
    await proxy.refuse();
    await stage.finish(tasks.map(({ taskId }) => taskId));
    await proxy.accept();
    expect((await finished).every(({ outcome }) => outcome === 'succeeded')).toBe(true);
  });

  test('for longer than the session lasts is survived with a new session', async () => {
    const proxy = await startFaultProxy(stage.port);
    const far = await stage.reeve({ connect: proxy.address, connectTimeoutMs: 300 });
    const tasks = await far.submitAll(Array.from({ length: 30 }, () => ({ handler: 'count' })));
    const finished = Promise.all(tasks.map((task) => task.finished()));
    const changes = far.watch({ taskIds: tasks.map(({ taskId }) => taskId) });
    expect((await changes.next()).value).toMatchObject({ kind: 'armed' });
    const sessions = await stage.sessions();
    await proxy.refuse();
    await eventually(async () => (await stage.sessions()) < sessions, { what: 'the session expires' });
    await stage.finish(tasks.map(({ taskId }) => taskId));
    await proxy.accept();
    expect((await finished).every(({ outcome }) => outcome === 'succeeded')).toBe(true);
    expect((await changes.next()).value).toMatchObject({ kind: 'armed' });
    await changes.return(undefined);
  });
});

describe('watching', () => {
  test('tells each change of a task in order, with what came of it', async () => {
    const abort = new AbortController();
    const taskId = newTaskId();
    const seen: TaskChange[] = [];
    const watching = (async () => {
      for await (const change of reeve.watch({ taskIds: [taskId], signal: abort.signal })) seen.push(change);
    })();
    await eventually(() => seen.length === 1, { what: 'the watch is armed' });
    await reeve.submit('resize', null, { id: taskId });
    await stage.addWorker('w-watch');
    await stage.assign('w-watch', taskId);
    await stage.client.multi([{ op: 'delete', path: stage.layout.assignment('w-watch', taskId) }]);
    await stage.assign('w-watch', taskId);
    await reeve.task(taskId).cancel();
    await stage.finish([taskId], { outcome: 'cancelled' });
    await stage.client.delete(stage.layout.assignment('w-watch', taskId));
    await reeve.task(taskId).retry();
    await eventually(() => seen.at(-1)?.kind === 'waiting' && seen.length > 6, { what: 'all changes are told' });
    abort.abort();
    await watching;
    expect(seen.map((change) => ('reason' in change ? `${change.kind}: ${change.reason}` : change.kind))).toEqual([
      'armed',
      'waiting: submitted',
      'assigned',
      'waiting: released',
      'assigned',
      'cancel_requested',
      'finished',
      'waiting: redriven',
    ]);
    expect(seen[6]).toMatchObject({ status: { outcome: 'cancelled' } });
  });
});
