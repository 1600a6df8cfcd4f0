import { beforeAll, describe, expect, test } from '@jest/globals';
import { runMaster } from '@reeve/master';
import type { TaskId } from '@reeve/tasks';
import { atTestEnd, eventually, freePort } from '@reeve/testkit';
import { newId, RestartableCoordinator, record, Stage } from './stage.ts';

const coordinator = new RestartableCoordinator();
let nth = 0;

beforeAll(async () => {
  await coordinator.start();
  atTestEnd(() => coordinator.stop());
});

function stage(): Promise<Stage> {
  nth += 1;
  return Stage.open(coordinator, `/fleet-${nth}`);
}

describe('a primary', () => {
  test('gives a task to a worker, and to another when the first is gone', async () => {
    const fleet = await stage();
    await fleet.master('m');
    const first = await fleet.worker('first');
    const taskId = await fleet.submit();
    await first.has(taskId);
    const second = await fleet.worker('second');
    await first.leave();
    await second.has(taskId);
    expect(await second.assignment(taskId)).toEqual({ attempt: 2, workersLost: 1, repeat: 'repeatable' });
    await fleet.isGone(fleet.layout.assignmentsOf('first'));
    await second.end(taskId);
    await fleet.stands(taskId, 'succeeded');
    await fleet.isGone(fleet.layout.retry(taskId));
  });

  test('ends a task that may run only once as lost when its worker is gone', async () => {
    const fleet = await stage();
    await fleet.master('m');
    const worker = await fleet.worker('w');
    const taskId = await fleet.submit({ repeat: 'once' });
    await worker.has(taskId);
    await worker.leave();
    expect(await fleet.stands(taskId, 'lost')).toMatchObject({
      status: { error: { code: 'worker_lost' }, attempts: 1 },
    });
  });

  test('starts the next attempt when it is due, and gives back what was handed back', async () => {
    const fleet = await stage();
    await fleet.master('m');
    const worker = await fleet.worker('w');
    const taskId = await fleet.submit();
    await worker.has(taskId);
    const notBefore = Date.now() + 300;
    await worker.store.finish([{ kind: 'retry', taskId, record: { attempts: 1, workersLost: 0, notBefore } }]);
    await eventually(async () => (await worker.assignment(taskId))?.attempt === 2, { what: 'the second attempt' });
    expect(Date.now()).toBeGreaterThanOrEqual(notBefore);
    await worker.store.handBack([taskId]);
    await worker.has(taskId);
  });

  test('waits with a task until its time, without any event', async () => {
    const fleet = await stage();
    await fleet.master('m');
    const worker = await fleet.worker('w');
    const notBefore = Date.now() + 300;
    const taskId = await fleet.submit({ notBefore });
    await worker.has(taskId);
    expect(Date.now()).toBeGreaterThanOrEqual(notBefore);
  });

  test('gives nothing new to a worker that is leaving', async () => {
    const fleet = await stage();
    await fleet.master('m');
    const leaving = await fleet.worker('leaving');
    const taskId = await fleet.submit();
    await leaving.has(taskId);
    await leaving.store.update({ ...record, phase: 'draining' });
    const staying = await fleet.worker('staying', { slots: 1 });
    await fleet.submit();
    await fleet.submit();
    await eventually(async () => (await staying.store.assigned()).length === 1, { what: 'the other works' });
    await leaving.has(taskId);
    await staying.end((await staying.store.assigned())[0] as TaskId);
    await eventually(async () => (await staying.store.assigned()).length === 1, { what: 'the other works on' });
    await leaving.has(taskId);
  });

  test('cancels what waits, and tells the worker of what runs', async () => {
    const fleet = await stage();
    await fleet.master('m');
    const worker = await fleet.worker('w');
    const running = await fleet.submit();
    const waiting = await fleet.submit({ queue: 'nobody' });
    await worker.has(running);
    await fleet.store.cancel([running, waiting]);
    expect(await fleet.stands(waiting, 'cancelled')).toMatchObject({ status: { attempts: 0 } });
    await eventually(async () => (await worker.assignment(running))?.cancel, { what: 'the worker is told' });
    await worker.end(running, 'cancelled');
    await fleet.stands(running, 'cancelled');
    await fleet.isGone(fleet.layout.cancel(running));
  });

  test('ends a task that nobody can read, and leaves one that a later release has written', async () => {
    const fleet = await stage();
    await fleet.master('m');
    const later = newId();
    const bad = newId();
    await fleet.client.create(fleet.layout.task(later), Buffer.from('{"v":2}'));
    await fleet.client.create(fleet.layout.task(bad), Buffer.from('nonsense'));
    const status = async (taskId: TaskId) => (await fleet.store.readStatuses([taskId]))[0];
    await eventually(async () => (await status(bad))?.kind === 'found', { what: 'the unreadable one is ended' });
    expect(await status(bad)).toMatchObject({ value: { outcome: 'failed', error: { code: 'spec_invalid' } } });
    expect(await status(later)).toEqual({ kind: 'missing' });
  });

  test('deletes the oldest finished tasks beyond the number that is kept', async () => {
    const fleet = await stage();
    await fleet.master('m', { retainFinishedMax: 2 });
    const worker = await fleet.worker('w');
    const ids: TaskId[] = [];
    for (let n = 0; n < 5; n += 1) {
      const taskId = await fleet.submit();
      await worker.has(taskId);
      await worker.end(taskId);
      ids.push(taskId);
    }
    const kinds = async () => (await fleet.store.readStatuses(ids)).map(({ kind }) => kind);
    await eventually(async () => (await kinds()).join() === 'missing,missing,missing,found,found', {
      what: 'three are gone',
    });
    expect(await fleet.store.describe(ids[0] as TaskId)).toBeUndefined();
  });
});

/** The candidate that is first in line. */
async function leaderPath({ client, layout }: Stage): Promise<string> {
  const [first] = [...(await client.getChildren(layout.masters))].toSorted();
  return `${layout.masters}/${first}`;
}

describe('masters', () => {
  test('follow each other: a backup takes over at once from a primary that stops', async () => {
    const fleet = await stage();
    const first = await fleet.master('first');
    const second = await fleet.master('second');
    await eventually(() => first.role === 'primary', { what: 'the first leads' });
    expect(second.role).toBe('backup');
    const taskId = await fleet.submit();
    await first.stop();
    expect(first.role).toBe('away');
    await eventually(() => second.role === 'primary', { what: 'the second leads' });
    const worker = await fleet.worker('w');
    await worker.has(taskId);
  });

  test('outlive their coordinator, and know what happened in between', async () => {
    const fleet = await stage();
    const master = await fleet.master('m');
    const worker = await fleet.worker('w');
    const roles: string[] = [];
    master.onRole((role) => roles.push(role));
    const before = await fleet.submit();
    await worker.has(before);
    await coordinator.stop();
    await eventually(() => master.role === 'away', { what: 'it is out of touch' });
    await coordinator.start();
    await worker.end(before);
    const after = await fleet.submit();
    await worker.has(after);
    expect(roles).toEqual(['away', 'primary']);
    expect((await fleet.client.exists(fleet.layout.primary))?.version).toBe(2);
  });

  test('stand again when their candidate was deleted', async () => {
    const fleet = await stage();
    const master = await fleet.master('m');
    await eventually(() => master.role === 'primary', { what: 'it leads' });
    await fleet.client.delete(await leaderPath(fleet));
    await eventually(async () => (await fleet.client.exists(fleet.layout.primary))?.version === 2, {
      what: 'a second term',
    });
    expect(master.role).toBe('primary');
  });

  test('stop although their coordinator ends at the same moment, or is gone', async () => {
    const fleet = await stage();
    const masters = [await fleet.master('first'), await fleet.master('second')];
    await Promise.all([coordinator.stop(), masters[0]?.stop()]);
    await eventually(() => masters[1]?.role === 'away', { what: 'the second is out of touch' });
    await masters[1]?.stop();
    await coordinator.start();
    expect(masters.map(({ role }) => role)).toEqual(['away', 'away']);
  });

  test('say why they cannot start', async () => {
    const connect = `127.0.0.1:${await freePort()}`;
    await expect(runMaster({ connect, sessionTimeoutMs: 300 })).rejects.toMatchObject({ code: 'unreachable' });
    await expect(runMaster({ connect, lookahead: 0 })).rejects.toMatchObject({
      code: 'invalid_option',
      facts: { option: 'lookahead', value: 0 },
    });
  });
});
