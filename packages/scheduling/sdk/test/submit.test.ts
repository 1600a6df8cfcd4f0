import { beforeAll, describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import { connect, handler, newTaskId, type Reeve, type TaskHandle, type TaskRequest } from '../src/index.ts';
import { Stage } from './stage.ts';

let stage: Stage;
let reeve: Reeve;

beforeAll(async () => {
  stage = await Stage.open();
  reeve = await stage.reeve();
});

const resize = handler({
  name: 'resize',
  payload: z.object({ file: z.string(), width: z.number().optional() }),
  run: ({ file }) => ({ file, bytes: 1 }),
});

describe('submitting', () => {
  test('a task by its handler stores what was asked, with every default', async () => {
    const task: TaskHandle<{ file: string; bytes: number }> = await reeve.submit(resize, { file: 'a.png' });
    const { spec, state } = await task.describe();
    expect(state).toBe('waiting');
    expect(spec).toMatchObject({
      work: { kind: 'handler', handler: 'resize', payload: { file: 'a.png' } },
      queue: 'default',
      priority: 0,
      timeoutMs: 0,
      repeat: 'repeatable',
      retry: { attemptsMax: 1 },
    });
  });

  test('a task with options stores them', async () => {
    const options = { queue: 'images', priority: 5, timeoutMs: 100, retries: 3, backoffMs: 10, delayMs: 60_000 };
    const { spec } = await (await reeve.submit('resize', null, options)).describe();
    expect(spec).toMatchObject({
      queue: 'images',
      priority: 5,
      timeoutMs: 100,
      retry: { attemptsMax: 4, backoffMs: 10 },
    });
    expect(spec.notBefore).toBe(spec.submittedAt + 60_000);
  });

  test('a command stores its words, directory and variables', async () => {
    const task = await reeve.submitCommand(['ls', '-l'], { cwd: '/tmp', env: { A: '1' }, repeat: 'once' });
    const { spec } = await task.describe();
    expect(spec).toMatchObject({
      work: { kind: 'command', argv: ['ls', '-l'], cwd: '/tmp', env: { A: '1' } },
      repeat: 'once',
    });
  });

  test('a payload that does not fit its handler is refused before anything is sent', async () => {
    // @ts-expect-error: the type of the payload follows from the schema.
    const submitting = reeve.submit(resize, { file: 7 });
    await expect(submitting).rejects.toMatchObject({
      code: 'invalid_task',
      message: expect.stringContaining('file: '),
    });
  });

  test.each<[TaskRequest, string]>([
    [{ handler: '' }, 'the name of the handler is empty'],
    [{ handler: 'a', queue: 'no spaces' }, '"no spaces" is not a queue'],
    [{ handler: 'a', priority: 1_001 }, 'priority is 1001'],
    [{ handler: 'a', timeoutMs: -1 }, 'timeoutMs is -1'],
    [{ handler: 'a', delayMs: Number.NaN }, 'delayMs is NaN'],
    [{ handler: 'a', retries: 1.5 }, 'retries is 1.5'],
    [{ handler: 'a', retries: 1, repeat: 'once' }, 'runs once cannot have retries'],
    [{ argv: [] }, 'the command is empty'],
    [{ handler: 'a', id: 'x' }, '"x" is not a task id'],
  ])('%j is refused: %s', async (request, message) => {
    await expect(reeve.submitAll([request])).rejects.toMatchObject({
      code: 'invalid_task',
      message: expect.stringContaining(message),
    });
  });

  test('a payload that is too large is refused with advice', async () => {
    const submitting = reeve.submit('resize', 'x'.repeat(2_000_000));
    await expect(submitting).rejects.toMatchObject({ code: 'invalid_task', message: expect.stringContaining('bytes') });
  });

  test('one id twice makes one task', async () => {
    const id = newTaskId();
    await reeve.submit('resize', { file: 'a' }, { id });
    await reeve.submit('resize', { file: 'a' }, { id });
    const { tasks } = await reeve.list({ limit: 1_000 });
    expect(tasks.filter(({ taskId }) => taskId === id)).toHaveLength(1);
  });

  test('an id that another task has is refused', async () => {
    const id = newTaskId();
    await reeve.submit('resize', { file: 'a' }, { id });
    await expect(reeve.submit('resize', { file: 'b' }, { id })).rejects.toMatchObject({
      code: 'task_exists',
      facts: { taskId: id },
    });
  });

  test('below a root where no master has ever run is refused', async () => {
    const elsewhere = await stage.reeve({ root: '/elsewhere' });
    await expect(elsewhere.submit('resize')).rejects.toMatchObject({ code: 'not_initialised' });
  });
});

describe('submitting many', () => {
  test('gives the handles in the order of the requests, batch by batch', async () => {
    const requests = Array.from({ length: 25 }, (_, at) => ({ handler: 'count', payload: at }));
    const sizes: number[] = [];
    const taskIds: string[] = [];
    for await (const tasks of reeve.submitMany(requests, { batchMax: 10 })) {
      sizes.push(tasks.length);
      taskIds.push(...tasks.map(({ taskId }) => taskId));
    }
    expect(sizes).toEqual([10, 10, 5]);
    const specs = await Promise.all(taskIds.map((taskId) => reeve.task(taskId).describe()));
    expect(specs.map(({ spec }) => spec.work)).toEqual(
      requests.map(({ payload }) => ({ kind: 'handler', handler: 'count', payload })),
    );
  });

  test('submits all that came before a stream failed, and then fails as the stream did', async () => {
    async function* stream(): AsyncGenerator<TaskRequest> {
      for (let at = 0; at < 12; at += 1) yield { handler: 'count', payload: at };
      throw new TypeError('the source is broken');
    }
    let submitted = 0;
    const submitting = async () => {
      for await (const tasks of reeve.submitMany(stream(), { batchMax: 5 })) submitted += tasks.length;
    };
    await expect(submitting()).rejects.toThrow('the source is broken');
    expect(submitted).toBe(12);
  });

  test('asks the stream for no more than a few batches ahead', async () => {
    let asked = 0;
    function* stream(): Generator<TaskRequest> {
      for (; asked < 1_000; asked += 1) yield { handler: 'count' };
    }
    for await (const _tasks of reeve.submitMany(stream(), { batchMax: 10 })) break;
    expect(asked).toBeLessThanOrEqual(50);
  });
});

describe('connecting', () => {
  test('where nobody listens is refused with the address and what to do', async () => {
    const connecting = connect({ connect: '127.0.0.1:1', connectTimeoutMs: 300 });
    await expect(connecting).rejects.toMatchObject({
      code: 'unreachable',
      message: 'no coordinator answers at 127.0.0.1:1',
      facts: { advice: expect.stringContaining('reeve up') },
    });
  });

  test('with an address that is none is refused', async () => {
    await expect(connect({ connect: 'a b' })).rejects.toMatchObject({ code: 'invalid_argument' });
  });
});
