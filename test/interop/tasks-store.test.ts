import { beforeAll, describe, expect, test } from '@jest/globals';
import { type Client, connect } from '@reeve/client';
import {
  type Ending,
  endAttempt,
  endOfLostWorker,
  initialise,
  Layout,
  newTaskId,
  Picture,
  PrimaryStore,
  RECORD_BYTES_MAX,
  type ScheduleError,
  specDefaults,
  type TaskId,
  type TaskSpec,
  type TaskStatus,
  TaskStore,
  type TaskView,
  WorkerStore,
} from '@reeve/tasks';
import { atTestEnd, type Engine, engineKinds, eventually } from '@reeve/testkit';

const succeeded: TaskStatus = { outcome: 'succeeded', result: 7, attempts: 1, finishedAt: 5 };
const once = { attempt: 1, workersLost: 0, repeat: 'once' } as const;
const repeatable = { attempt: 1, workersLost: 0, repeat: 'repeatable' } as const;

function specOf(different: Partial<TaskSpec> = {}): TaskSpec {
  return { work: { kind: 'handler', handler: 'echo', payload: 1 }, ...specDefaults, submittedAt: 1, ...different };
}

function newIds(count: number): TaskId[] {
  return Array.from({ length: count }, () => newTaskId(Date.now(), crypto.getRandomValues(new Uint8Array(10))));
}

describe.each(engineKinds)('tasks as znodes of $name', ({ start }) => {
  let engine: Engine;
  let client: Client;
  let layout: Layout;
  let store: TaskStore;
  let nth = 0;

  async function open(): Promise<Client> {
    const opened = await connect({ servers: engine.address, sessionTimeoutMs: 4_000 });
    atTestEnd(() => opened.close());
    return opened;
  }

  beforeAll(async () => {
    engine = await start();
    client = await open();
  }, 60_000);

  async function freshRoot(): Promise<void> {
    nth += 1;
    layout = new Layout(`/tasks-store/${nth}`);
    store = new TaskStore(client, layout);
    await initialise(client, layout);
  }

  async function submitted(count = 1, different: Partial<TaskSpec> = {}): Promise<readonly TaskId[]> {
    const ids = newIds(count);
    await store.submit(ids.map((taskId) => ({ taskId, spec: specOf(different) })));
    return ids;
  }

  async function takeOver(masterId = 'm'): Promise<PrimaryStore> {
    const candidatePath = await client.create(`${layout.masters}/candidate-`, null, { mode: 'ephemeral_sequential' });
    const record = { masterId, host: 'h', pid: 1, since: 1 };
    return PrimaryStore.takeOver(client, { layout, record, candidatePath });
  }

  async function registered(workerId = 'w'): Promise<WorkerStore> {
    const worker = new WorkerStore(client, workerId, layout);
    const offer = { slots: 1, queues: ['default'], handlers: ['echo'], runs: ['handlers'] as const };
    const self = { host: 'h', pid: 1, phase: 'accepting' as const, labels: {}, fleet: 'f', startedAt: 1 };
    await worker.register({ ...offer, ...self });
    return worker;
  }

  async function assigned(count: number, assignment: typeof once | typeof repeatable = repeatable) {
    const primary = await takeOver();
    const worker = await registered();
    const ids = await submitted(count);
    await primary.assign(ids.map((taskId) => ({ taskId, workerId: 'w', assignment })));
    return { primary, worker, ids };
  }

  const final = (taskId: TaskId): Ending => ({ kind: 'final', taskId, status: succeeded });

  describe('the folders', () => {
    test('are made by many masters at once, and left as they are afterwards', async () => {
      layout = new Layout(`/tasks-store/many/deep-${engine.port}`);
      await Promise.all([1, 2, 3].map(async () => initialise(await open(), layout)));
      expect(await client.getChildren(layout.root)).toHaveLength(8);
      expect(await client.getChildren(layout.tasks)).toHaveLength(256);
      await initialise(client, layout);
    });
  });

  describe('submitting', () => {
    test('happens once for each id, however often it is repeated', async () => {
      await freshRoot();
      const ids = newIds(40);
      const tasks = ids.map((taskId) => ({ taskId, spec: specOf() }));
      await store.submit(tasks.slice(10, 20));
      await store.submit(tasks);
      await store.submit(tasks);
      expect((await store.readSpecs(ids)).every(({ kind }) => kind === 'found')).toBe(true);
    });

    test('takes more tasks than one write holds', async () => {
      await freshRoot();
      const ids = await submitted(1_200);
      expect(await client.getAllChildrenNumber(layout.tasks)).toBe(256 + ids.length);
    });

    test('is refused where no master has made the folders', async () => {
      const nowhere = new TaskStore(client, new Layout('/tasks-store/nowhere'));
      const [taskId = '' as TaskId] = newIds(1);
      await expect(nowhere.submit([{ taskId, spec: specOf() }])).rejects.toMatchObject({ code: 'not_initialised' });
      await expect(nowhere.cancel([taskId])).rejects.toMatchObject({ code: 'not_initialised' });
    });

    test('is refused for an id that would lie in no bucket', async () => {
      await freshRoot();
      const taskId = 'my-task' as TaskId;
      const invalid = { code: 'task_id_invalid', facts: { taskId } };
      await expect(store.submit([{ taskId, spec: specOf() }])).rejects.toMatchObject(invalid);
      await expect(store.cancel([taskId])).rejects.toMatchObject(invalid);
      expect(await store.describe(taskId)).toBeUndefined();
    });

    test('is refused as a whole when a specification is too large', async () => {
      await freshRoot();
      const [small = '' as TaskId, large = '' as TaskId] = newIds(2);
      const payload = 'x'.repeat(RECORD_BYTES_MAX);
      const work = { kind: 'handler', handler: 'echo', payload } as const;
      const tasks = [
        { taskId: small, spec: specOf() },
        { taskId: large, spec: specOf({ work }) },
      ];
      await expect(store.submit(tasks)).rejects.toMatchObject({ code: 'spec_too_large', facts: { taskId: large } });
      expect(await store.describe(small)).toBeUndefined();
    });
  });

  describe('an attempt', () => {
    test('is read with what it asks and its fencing token', async () => {
      await freshRoot();
      const { worker, ids } = await assigned(1);
      expect(await worker.assigned()).toEqual(ids);
      const [task] = await worker.read(ids);
      const { czxid } = (await client.getData(layout.assignment('w', ids[0] as TaskId))).stat;
      expect(task?.assignment).toMatchObject({ kind: 'found', value: repeatable, czxid });
      expect(task?.spec).toMatchObject({ kind: 'found', value: specOf() });
    });

    test('ends once: an assignment that was taken away keeps its worker from writing anything', async () => {
      await freshRoot();
      const { worker, ids } = await assigned(5);
      const taken = ids[2] as TaskId;
      await client.delete(layout.assignment('w', taken));
      expect(await worker.finish(ids.map(final))).toEqual(['written', 'written', 'taken', 'written', 'written']);
      expect(await store.describe(taken)).toMatchObject({ state: 'waiting' });
      expect(await worker.finish(ids.map(final))).toEqual(ids.map(() => 'taken'));
      expect(await store.describe(ids[0] as TaskId)).toMatchObject({ state: 'succeeded', status: succeeded });
    });

    test('shows what has come of it before its assignment goes, so a mirror never takes it for waiting', async () => {
      await freshRoot();
      const { worker, ids } = await assigned(20);
      const phases: string[] = [];
      const picture = new Picture(layout);
      for (const taskId of ids) {
        picture.apply({ type: 'created', path: layout.task(taskId) });
        picture.apply({ type: 'created', path: layout.assignment('w', taskId) });
      }
      picture.listener = { ...picture.listener, taskChanged: (view) => phases.push(view.phase) };
      const watch = await client.watch(layout.root, 'persistent_recursive', (event) => picture.apply(event));
      await worker.finish(ids.map(final));
      await eventually(() => phases.length === 2 * ids.length, { what: 'all events have come' });
      expect(new Set(phases)).toEqual(new Set(['finished']));
      await watch.close();
    });

    test('leaves a retry record when it failed, a first or a further one, and waits again', async () => {
      await freshRoot();
      const { primary, worker, ids } = await assigned(1);
      const taskId = ids[0] as TaskId;
      for (const attempt of [1, 2]) {
        const record = { attempts: attempt, workersLost: 0, notBefore: 5, lastError: { code: 'x', message: 'y' } };
        expect(await worker.finish([{ kind: 'retry', taskId, record }])).toEqual(['written']);
        expect(await store.describe(taskId)).toMatchObject({ state: 'waiting', retry: record });
        const assignment = { ...repeatable, attempt: attempt + 1 };
        await primary.assign([{ taskId, workerId: 'w', assignment }]);
      }
    });

    test('writes its retry record where none was expected, and where one was', async () => {
      await freshRoot();
      const { worker, ids } = await assigned(2);
      const [a, b] = ids as [TaskId, TaskId];
      await client.create(layout.retry(a), null);
      const record = { attempts: 1, workersLost: 0, notBefore: 0 };
      const endings: Ending[] = [
        { kind: 'retry', taskId: a, record },
        { kind: 'retry', taskId: b, record: { ...record, attempts: 2 } },
      ];
      expect(await worker.finish(endings)).toEqual(['written', 'written']);
      expect(await store.describe(b)).toMatchObject({ state: 'waiting', retry: { attempts: 2 } });
    });

    test('fails when its result is too large to be kept', async () => {
      await freshRoot();
      const { worker, ids } = await assigned(1);
      const taskId = ids[0] as TaskId;
      const attempt = { taskId, workerId: 'w', assignment: repeatable };
      const result = 'x'.repeat(RECORD_BYTES_MAX);
      await worker.finish([endAttempt(attempt, { kind: 'succeeded', result }, { now: 5, random: () => 0 })]);
      expect(await store.describe(taskId)).toMatchObject({
        state: 'failed',
        status: { error: { code: 'result_invalid' } },
      });
    });

    test('that was never started can be handed back, more than once', async () => {
      await freshRoot();
      const { worker, ids } = await assigned(3);
      await worker.handBack(ids.slice(1));
      await worker.handBack(ids.slice(1));
      expect(await worker.assigned()).toEqual(ids.slice(0, 1));
      expect(await store.describe(ids[1] as TaskId)).toMatchObject({ state: 'waiting' });
    });
  });

  describe('a primary', () => {
    test('raises the epoch, and all writes of an earlier one are refused', async () => {
      await freshRoot();
      const first = await takeOver('first');
      const second = await takeOver('second');
      expect(second.epoch).toBe(first.epoch + 1);
      const worker = await registered();
      const [taskId = '' as TaskId] = await submitted(1);
      const ending = { ending: final(taskId), workerId: 'w' };
      const deposed = { code: 'deposed', facts: { epoch: first.epoch } };
      await expect(first.assign([{ taskId, workerId: 'w', assignment: once }])).rejects.toMatchObject(deposed);
      await expect(first.end([ending])).rejects.toMatchObject(deposed);
      await expect(first.endWaiting([{ taskId, status: succeeded, wish: 'none' }])).rejects.toMatchObject(deposed);
      await expect(first.removeFolders(['w'])).rejects.toMatchObject(deposed);
      expect(await worker.assigned()).toEqual([]);
      expect(await store.describe(taskId)).toMatchObject({ state: 'waiting' });
    });

    test('takes over only while its candidate is there', async () => {
      await freshRoot();
      const candidatePath = `${layout.masters}/candidate-gone`;
      const record = { masterId: 'm', host: 'h', pid: 1, since: 1 };
      await expect(PrimaryStore.takeOver(client, { layout, record, candidatePath })).rejects.toMatchObject({
        code: 'no_node',
      });
      expect((await client.exists(layout.primary))?.version).toBe(0);
    });

    test('assigns all but those whose worker is gone or who are assigned already', async () => {
      await freshRoot();
      const { primary, ids } = await assigned(1);
      const [a, b] = (await submitted(2)) as [TaskId, TaskId];
      const decisions = [
        { taskId: a, workerId: 'gone', assignment: once },
        { taskId: ids[0] as TaskId, workerId: 'w', assignment: once },
        { taskId: b, workerId: 'w', assignment: once },
      ];
      const refusals = await primary.assign(decisions);
      expect(refusals.map((refusal) => refusal?.code)).toEqual(['no_node', 'node_exists', undefined]);
      expect(await store.describe(b)).toMatchObject({ state: 'running', assignment: { workerId: 'w', attempt: 1 } });
    });

    test('moves what a lost worker had: the repeatable waits again, what runs once is lost and says why', async () => {
      await freshRoot();
      const { primary, worker, ids } = await assigned(2);
      const [a, b] = ids as [TaskId, TaskId];
      const endings = [
        endOfLostWorker({ taskId: a, workerId: 'w', assignment: repeatable }, 9),
        endOfLostWorker({ taskId: b, workerId: 'w', assignment: once }, 9),
      ];
      await primary.end(endings.map((ending) => ({ ending, workerId: 'w' })));
      expect(await store.describe(a)).toMatchObject({ state: 'waiting', retry: { attempts: 1, workersLost: 1 } });
      expect(await store.describe(b)).toMatchObject({ state: 'lost', status: { error: { code: 'worker_lost' } } });
      expect(await worker.finish(ids.map(final))).toEqual(['taken', 'taken']);
    });

    test('relays the wish to cancel to the worker, once', async () => {
      await freshRoot();
      const { primary, worker, ids } = await assigned(1);
      await store.cancel(ids);
      await store.cancel(ids);
      const keys = ids.map((taskId) => ({ taskId, workerId: 'w' }));
      await primary.relayCancels(keys);
      await primary.relayCancels(keys);
      const [read] = await worker.readAssignments(ids);
      expect(read).toMatchObject({ kind: 'found', value: { ...repeatable, cancel: 'requested' }, version: 1 });
      expect(await store.describe(ids[0] as TaskId)).toMatchObject({ state: 'running', cancel: 'requested' });
    });

    test('ends a waiting task with its wish to cancel', async () => {
      await freshRoot();
      const primary = await takeOver();
      const ids = await submitted(2);
      await store.cancel(ids);
      const status = { ...succeeded, outcome: 'cancelled' as const };
      await primary.endWaiting(ids.map((taskId) => ({ taskId, status, wish: 'there' })));
      expect(await store.describe(ids[1] as TaskId)).toMatchObject({ state: 'cancelled' });
      expect(await client.getChildren(`${layout.cancels}/${ids[0]?.slice(-2)}`)).toEqual([]);
    });

    test('sweeps finished tasks with all that is left of them, and leaves those that were redriven meanwhile', async () => {
      await freshRoot();
      const { primary, worker, ids } = await assigned(2);
      await worker.finish(ids.map(final));
      const picture = new Picture(layout);
      const views = ids.map((taskId) => {
        picture.apply({ type: 'created', path: layout.task(taskId) });
        picture.apply({ type: 'created', path: layout.status(taskId) });
        return picture.task(taskId) as TaskView;
      });
      await store.redrive(ids[0] as TaskId);
      await primary.sweep(views);
      expect(await store.describe(ids[0] as TaskId)).toMatchObject({ state: 'waiting' });
      expect(await store.describe(ids[1] as TaskId)).toBeUndefined();
      expect(await client.exists(layout.status(ids[1] as TaskId))).toBeUndefined();
    });

    test('removes the folder of a worker that is gone, unless something is in it', async () => {
      await freshRoot();
      const { primary } = await assigned(1);
      await registered('empty');
      await primary.removeFolders(['w', 'empty', 'never-there']);
      expect(await client.getChildren(layout.assignments)).toEqual(['w']);
    });
  });

  describe('a redrive', () => {
    const code = async (promise: Promise<void>) =>
      promise.then(
        () => 'done',
        (error: ScheduleError) => error.code,
      );

    test('makes a finished task wait again from its first attempt, and refuses any other', async () => {
      await freshRoot();
      const { worker, ids } = await assigned(2);
      const [a, b] = ids as [TaskId, TaskId];
      await worker.finish([{ kind: 'retry', taskId: a, record: { attempts: 1, workersLost: 0, notBefore: 0 } }]);
      expect(await code(store.redrive(a))).toBe('task_not_finished');
      expect(await code(store.redrive(b))).toBe('task_not_finished');
      await client.create(layout.status(a), null);
      expect(await code(store.redrive(a))).toBe('done');
      const found = await store.describe(a);
      expect(found).toMatchObject({ state: 'waiting' });
      expect(found).not.toHaveProperty('retry');
      expect(await code(store.redrive(newIds(1)[0] as TaskId))).toBe('task_unknown');
    });
  });
});
