import { describe, expect, test } from '@jest/globals';
import { type Folder, Layout, type Phase, Picture, type TaskId } from '@reeve/tasks';
import fc from 'fast-check';
import { idOf } from './fixtures.ts';

const layout = new Layout('/reeve');
const id = idOf(1);
const bucket = Number.parseInt(id.slice(-2), 16);

function pictureOf(...paths: readonly string[]): Picture {
  const picture = new Picture(layout);
  for (const path of paths) picture.apply({ type: 'created', path });
  return picture;
}

describe('the phase of a task', () => {
  test.each<[Phase, readonly string[]]>([
    ['waiting', [layout.task(id)]],
    ['assigned', [layout.task(id), layout.assignment('w', id)]],
    ['finished', [layout.task(id), layout.status(id)]],
    ['finished', [layout.task(id), layout.status(id), layout.assignment('w', id)]],
    ['waiting', [layout.task(id), layout.retry(id), layout.cancel(id)]],
    ['absent', [layout.cancel(id)]],
  ])('%s follows from what exists: %j', (phase, paths) => {
    expect(pictureOf(...paths).task(id)?.phase).toBe(phase);
  });

  test('is told at each change, with the one before', () => {
    const picture = pictureOf();
    const told: string[] = [];
    picture.listener = { ...picture.listener, taskChanged: (view, before) => told.push(`${before} ${view.phase}`) };
    picture.apply({ type: 'created', path: layout.task(id) });
    picture.apply({ type: 'created', path: layout.assignment('w', id) });
    picture.apply({ type: 'created', path: layout.status(id) });
    picture.apply({ type: 'deleted', path: layout.assignment('w', id) });
    expect(told).toEqual(['absent waiting', 'waiting assigned', 'assigned finished', 'finished finished']);
  });
});

describe('a picture', () => {
  test('forgets a task and a worker when nothing of them is left', () => {
    const paths = [layout.task(id), layout.worker('w'), layout.assignmentsOf('w'), layout.assignment('w', id)];
    const picture = pictureOf(...paths);
    for (const path of paths.toReversed()) picture.apply({ type: 'deleted', path });
    expect([...picture.tasks()]).toEqual([]);
    expect(picture.workers.size).toBe(0);
  });

  test('takes no notice of what is not ours', () => {
    const foreign = [
      '/reeve',
      '/reeve/tasks',
      '/reeve/tasks/ab',
      '/reeve/locks/a/b',
      '/other/tasks/ab/x',
      '/reevetasks/a/b',
    ];
    const elsewhere = `/reeve/tasks/${id.endsWith('00') ? '01' : '00'}/${id}`;
    const picture = pictureOf(...foreign, elsewhere, '/reeve/tasks/ab/not-an-id');
    picture.list({ kind: 'task', bucket: bucket === 0 ? 1 : 0 }, [id]);
    expect([...picture.tasks()]).toEqual([]);
  });

  test('tells when a task has two assignments, and keeps to the first until it goes', () => {
    const picture = pictureOf(layout.task(id), layout.assignment('a', id));
    const twice: string[] = [];
    picture.listener = { ...picture.listener, assignedTwice: (_, workerId) => twice.push(workerId) };
    picture.apply({ type: 'created', path: layout.assignment('b', id) });
    expect(twice).toEqual(['b']);
    expect(picture.task(id)?.workerId).toBe('a');
    picture.apply({ type: 'deleted', path: layout.assignment('a', id) });
    expect(picture.task(id)?.workerId).toBe('b');
  });

  test('has every worker that lives or has left something behind', () => {
    const picture = pictureOf(layout.worker('lives'), layout.assignmentsOf('gone'), layout.assignment('gone', id));
    expect([...picture.workers.values()].map(({ workerId, alive }) => [workerId, alive])).toEqual([
      ['lives', true],
      ['gone', false],
    ]);
  });

  test('tells again of what was there before a list, for it may have been written meanwhile', () => {
    const picture = pictureOf(layout.worker('w'), layout.task(id), layout.retry(id));
    const told: string[] = [];
    picture.listener = {
      ...picture.listener,
      workerChanged: (worker, what) => told.push(`${worker.workerId} ${what}`),
      retryWritten: (view) => told.push(view.taskId),
    };
    picture.list({ kind: 'worker' }, ['w']);
    picture.list({ kind: 'retry', bucket }, [id]);
    expect(told).toEqual(['w written', id]);
  });
});

const ids = [1, 2, 3, 4, 5, 6].map(idOf);
const workers = ['a', 'b'];
const places = [
  ...ids.flatMap((taskId) => [layout.task(taskId), layout.status(taskId), layout.retry(taskId), layout.cancel(taskId)]),
  ...workers.flatMap((workerId) => [layout.worker(workerId), layout.assignmentsOf(workerId)]),
  ...workers.flatMap((workerId) => ids.map((taskId) => layout.assignment(workerId, taskId))),
];

/** Every folder, with its children among `paths`. */
function listings(paths: ReadonlySet<string>): readonly { folder: Folder; names: string[] }[] {
  const children = (folder: string) =>
    [...paths].filter((path) => path.startsWith(`${folder}/`)).map((path) => path.slice(folder.length + 1));
  const direct = (folder: string) => children(folder).filter((name) => !name.includes('/'));
  const ofBucket = (['task', 'status', 'retry', 'cancel'] as const).flatMap((kind) =>
    ids.map((taskId) => {
      const path = layout[kind](taskId).slice(0, -taskId.length - 1);
      return { folder: { kind, bucket: Number.parseInt(taskId.slice(-2), 16) }, names: direct(path) };
    }),
  );
  const ofWorkers = workers.map((workerId) => ({
    folder: { kind: 'assignment' as const, workerId },
    names: direct(layout.assignmentsOf(workerId)),
  }));
  return [
    { folder: { kind: 'assignments' }, names: direct(layout.assignments) },
    { folder: { kind: 'worker' }, names: direct(layout.workers) },
    ...ofWorkers,
    ...ofBucket,
  ];
}

function shown(picture: Picture): unknown {
  const tasks = [...picture.tasks()].map((view) => {
    const { taskId, asked, finished, retried, cancelWanted, workerId } = view;
    return { taskId, asked, finished, retried, cancelWanted, isAssigned: workerId !== undefined };
  });
  const seen = [...picture.workers.values()].map(({ workerId, alive, hasFolder, tasks: owned }) => {
    return { workerId, alive, hasFolder, owned: [...owned].toSorted() };
  });
  return {
    tasks: tasks.toSorted((a, b) => (a.taskId < b.taskId ? -1 : 1)),
    workers: seen.toSorted((a, b) => (a.workerId < b.workerId ? -1 : 1)),
  };
}

describe('whatever a picture showed before', () => {
  const sets = fc.subarray(places).map((paths) => new Set(paths));

  test('after all folders were listed it shows what they hold', () => {
    fc.assert(
      fc.property(sets, sets, (before, after) => {
        const picture = pictureOf(...before);
        for (const { folder, names } of listings(after)) picture.list(folder, names as TaskId[]);
        expect(shown(picture)).toEqual(shown(pictureOf(...after)));
      }),
    );
  });
});
