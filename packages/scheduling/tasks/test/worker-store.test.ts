import { describe, expect, test } from '@jest/globals';
import { ClientError, type ClientErrorCode, type Coordination, type TransactionPart } from '@reeve/client';
import { type Ending, Layout, type TaskId, WorkerStore } from '@reeve/tasks';
import { idOf } from './fixtures.ts';

const layout = new Layout();

/** The names in a tree and what a multi does to them: the only request that `finish` makes. */
class Names {
  readonly all = new Set<string>();
  /** Paths that may not be written. */
  readonly forbidden = new Set<string>();
  readonly coordination = {
    multi: (parts: readonly TransactionPart[]) => this.#multi(parts),
  } as unknown as Coordination;

  async #multi(parts: readonly TransactionPart[]): Promise<[]> {
    const after = new Set(this.all);
    for (const [failedPart, part] of parts.entries()) {
      const code = this.#refusal(part, after);
      if (code !== undefined) throw new ClientError({ code, failedPart, outcome: 'failed' }, code);
      if (part.op === 'create') after.add(part.path);
      if (part.op === 'delete') after.delete(part.path);
    }
    this.all.clear();
    for (const path of after) this.all.add(path);
    return [];
  }

  #refusal({ op, path }: TransactionPart, names: ReadonlySet<string>): ClientErrorCode | undefined {
    if (this.forbidden.has(path)) return 'no_auth';
    if (op !== 'create') return names.has(path) ? undefined : 'no_node';
    if (!names.has(path.slice(0, path.lastIndexOf('/')))) return 'no_node';
    return names.has(path) ? 'node_exists' : undefined;
  }
}

const [a, b] = [idOf(1), idOf(2)];
const folderOf = (path: string) => path.slice(0, path.lastIndexOf('/'));
const final = (taskId: TaskId): Ending => ({
  kind: 'final',
  taskId,
  status: { outcome: 'succeeded', result: 7, attempts: 1, finishedAt: 5 },
});
const retry = (taskId: TaskId, attempts: number): Ending => ({
  kind: 'retry',
  taskId,
  record: { attempts, workersLost: 0, notBefore: 0 },
});

/** A worker that is on `a` and `b`. */
function busyWorker() {
  const names = new Names();
  for (const taskId of [a, b]) {
    for (const path of [layout.status(taskId), layout.retry(taskId)]) names.all.add(folderOf(path));
    names.all.add(layout.assignment('w', taskId));
  }
  return { names, worker: new WorkerStore(names.coordination, 'w') };
}

describe('what has come of an attempt', () => {
  test.each([
    ['a result', final(a)],
    ['a first failure', retry(a, 1)],
    ['a second failure', retry(a, 2)],
  ])('%s of an assignment that is gone was taken', async (_what, ending) => {
    const { names, worker } = busyWorker();
    names.all.delete(layout.assignment('w', a));
    expect(await worker.finish([ending, final(b)])).toEqual(['taken', 'written']);
  });

  test('a result of a task that has one was taken, and the assignment goes', async () => {
    const { names, worker } = busyWorker();
    names.all.add(layout.status(a));
    expect(await worker.finish([final(a)])).toEqual(['taken']);
    expect(names.all).not.toContain(layout.assignment('w', a));
  });

  test.each([
    ['no retry record is there against expectation', 2, []],
    ['one is there', 1, [layout.retry(a)]],
  ])('a failure is written where %s', async (_what, attempts, there) => {
    const { names, worker } = busyWorker();
    for (const path of there) names.all.add(path);
    expect(await worker.finish([retry(a, attempts)])).toEqual(['written']);
    expect(names.all).toContain(layout.retry(a));
  });

  test.each([
    ['a result', final(a), layout.status(a)],
    ['a first failure', retry(a, 1), layout.retry(a)],
    ['a second failure', retry(a, 2), layout.retry(a)],
  ])('%s whose bucket is missing is refused, kept and written later', async (_what, ending, path) => {
    const { names, worker } = busyWorker();
    names.all.delete(folderOf(path));
    await expect(worker.finish([ending])).rejects.toMatchObject({
      code: 'ending_refused',
      facts: { taskId: a, reason: 'no_node' },
      message: expect.stringContaining(folderOf(path)),
    });
    expect(names.all).toContain(layout.assignment('w', a));
    names.all.add(folderOf(path));
    expect(await worker.finish([ending])).toEqual(['written']);
  });

  test.each([
    ['status', layout.status(a)],
    ['assignment', layout.assignment('w', a)],
  ])('one whose %s may not be written is refused, and the assignment stays', async (_what, path) => {
    const { names, worker } = busyWorker();
    names.forbidden.add(path);
    await expect(worker.finish([final(a)])).rejects.toMatchObject({ facts: { code: 'no_auth' } });
    expect(names.all).toContain(layout.assignment('w', a));
  });
});
