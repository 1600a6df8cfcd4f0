import { describe, expect, test } from '@jest/globals';
import { newTaskId, type TaskId, type TaskSpec, type WorkerRecord } from '@reeve/tasks';
import fc from 'fast-check';
import { idOf, limits, Table } from './fixtures.ts';

describe('a plan', () => {
  test('gives tasks to workers that serve their queue and have their handler, and to no other', () => {
    const table = new Table();
    table.worker('other-queue', { queues: ['mail'] });
    table.worker('other-handler', { handlers: ['resize'] });
    table.worker('no-handlers', { runs: ['commands'] });
    table.worker('draining', { phase: 'draining' });
    table.worker('fits');
    table.submit(idOf(1));
    expect(table.plan(10)).toEqual({ fits: [idOf(1)] });
  });

  test('gives commands only to workers that run commands', () => {
    const table = new Table();
    table.worker('handlers-only');
    table.worker('both', { runs: ['handlers', 'commands'] });
    table.submit(idOf(1), { work: { kind: 'command', argv: ['ls'] } });
    expect(table.plan(10)).toEqual({ both: [idOf(1)] });
  });

  test('takes the higher priority first, then the older task', () => {
    const table = new Table();
    table.worker('w', { slots: 3 });
    table.submit(idOf(3));
    table.submit(idOf(1));
    table.submit(idOf(2), { priority: -1 });
    table.submit(idOf(9), { priority: 5 });
    expect(table.plan(10)).toEqual({ w: [idOf(9), idOf(1), idOf(3)] });
  });

  test('takes what came back from a lost worker before the rest of its batch', () => {
    const table = new Table();
    table.worker('lost', { slots: 1 });
    const ids = Array.from({ length: 5 }, (_, i) => newTaskId(7, new Uint8Array(10).fill(i)));
    for (const id of ids) table.submit(id);
    const [first] = table.plan(10).lost as [TaskId];
    table.assign(first, 'lost');
    table.retry(first, 'lost', { attempts: 1, workersLost: 1, notBefore: 0 });
    table.deleted(table.layout.worker('lost'));
    table.worker('next', { slots: 1 });
    expect(table.plan(20)).toEqual({ next: [first] });
  });

  test('spreads tasks over workers by their share of busy slots', () => {
    const table = new Table();
    table.worker('small', { slots: 1 });
    table.worker('large', { slots: 3 });
    for (let n = 1; n <= 4; n += 1) table.submit(idOf(n));
    const given = table.plan(10);
    expect(given.small).toHaveLength(1);
    expect(given.large).toHaveLength(3);
  });

  test('gives single tasks to equal workers in turn', () => {
    const table = new Table();
    table.worker('a');
    table.worker('b');
    const seen: string[] = [];
    for (let n = 1; n <= 4; n += 1) {
      table.submit(idOf(n));
      const [workerId] = Object.keys(table.plan(n)) as [string];
      seen.push(workerId);
      table.assign(idOf(n), workerId);
      table.finish(idOf(n), workerId);
    }
    expect(seen).toEqual(['a', 'b', 'a', 'b']);
  });

  test('leaves a delayed task alone until its time', () => {
    const table = new Table();
    table.worker('w');
    table.submit(idOf(1), { notBefore: 500 });
    expect(table.plan(499)).toEqual({});
    expect(table.board.dueAt).toBe(500);
    expect(table.plan(500)).toEqual({ w: [idOf(1)] });
  });

  test('counts what is reserved or assigned, and goes on when a slot is free', () => {
    const table = new Table();
    table.worker('w', { slots: 1 });
    table.submit(idOf(1));
    table.submit(idOf(2));
    expect(table.plan(10)).toEqual({ w: [idOf(1)] });
    expect(table.plan(11)).toEqual({});
    table.assign(idOf(1), 'w');
    expect(table.plan(12)).toEqual({});
    table.finish(idOf(1), 'w');
    expect(table.plan(13)).toEqual({ w: [idOf(2)] });
  });

  test('plans a task again whose assignment was refused, a moment later', () => {
    const table = new Table();
    table.worker('w');
    table.submit(idOf(1));
    expect(table.plan(10)).toEqual({ w: [idOf(1)] });
    table.board.release(idOf(1), 110);
    expect(table.plan(109)).toEqual({});
    expect(table.plan(110)).toEqual({ w: [idOf(1)] });
  });
});

describe('prefetch', () => {
  /** A worker that has just finished `count` tasks, one after the other in its single slot. */
  function busyTable(count: number): Table {
    const table = new Table();
    table.worker('w', { slots: 1 });
    for (let n = 1; n <= count; n += 1) {
      table.submit(idOf(n));
      table.assign(idOf(n), 'w');
      table.finish(idOf(n), 'w');
    }
    return table;
  }

  test('lets the work of the horizon wait at a worker whose tasks are short', () => {
    const table = busyTable(200);
    for (let n = 1_001; n <= 1_100; n += 1) table.submit(idOf(n));
    // 200 a second, of which 100 ms are 20, beside the one slot.
    expect(table.plan(1_000).w).toHaveLength(21);
  });

  test('is none where tasks are long, so that none waits behind another', () => {
    const table = busyTable(4);
    for (let n = 1_001; n <= 1_100; n += 1) table.submit(idOf(n));
    expect(table.plan(1_000).w).toHaveLength(1);
  });

  test('is none for tasks that may run only once', () => {
    const table = busyTable(200);
    for (let n = 1_001; n <= 1_100; n += 1) table.submit(idOf(n), { repeat: 'once' });
    expect(table.plan(1_000).w).toHaveLength(1);
  });

  test('never exceeds its limit', () => {
    const table = busyTable(5_000);
    for (let n = 10_001; n <= 10_100; n += 1) table.submit(idOf(n));
    expect(table.plan(1_000, { prefetch: { horizonMs: 1_000, tasksMax: 7 } }).w).toHaveLength(8);
  });

  test('fades when nothing finishes any more', () => {
    const table = busyTable(200);
    expect(table.plan(1_000)).toEqual({});
    for (let n = 1_001; n <= 1_100; n += 1) table.submit(idOf(n));
    expect(table.plan(2_100).w).toHaveLength(1);
  });
});

const queues = ['default', 'mail'] as const;
const handlers = ['echo', 'resize'] as const;

const arbitraryWorker: fc.Arbitrary<Partial<WorkerRecord>> = fc.record({
  slots: fc.integer({ min: 1, max: 4 }),
  queues: fc.subarray([...queues], { minLength: 1 }),
  handlers: fc.subarray([...handlers]),
  phase: fc.constantFrom('accepting', 'accepting', 'draining'),
});

const arbitraryTask: fc.Arbitrary<Partial<TaskSpec>> = fc.record({
  queue: fc.constantFrom(...queues),
  work: fc.constantFrom(...handlers).map((handler) => ({ kind: 'handler' as const, handler, payload: 0 })),
  priority: fc.integer({ min: -2, max: 2 }),
  notBefore: fc.constantFrom(0, 50, 5_000),
  repeat: fc.constantFrom('repeatable', 'once'),
});

type Scene = {
  readonly workers: Partial<WorkerRecord>[];
  readonly tasks: Partial<TaskSpec>[];
  readonly finished: number;
};

const scenes: fc.Arbitrary<Scene> = fc.record({
  workers: fc.array(arbitraryWorker, { maxLength: 5 }),
  tasks: fc.array(arbitraryTask, { maxLength: 40 }),
  finished: fc.integer({ min: 0, max: 100 }),
});

const NOW = 1_000;

function laid({ workers, tasks, finished }: Scene): Table {
  const table = new Table();
  for (const [i, worker] of workers.entries()) table.worker(`w${i}`, worker);
  for (const [i, task] of tasks.entries()) table.submit(idOf(i + 1), task);
  for (let n = 0; n < finished && workers.length > 0; n += 1) {
    table.submit(idOf(10_000 + n));
    table.assign(idOf(10_000 + n), 'w0');
    table.finish(idOf(10_000 + n), 'w0');
  }
  return table;
}

function seatOf(table: Table, workerId: string) {
  const seat = [...table.board.seats].find(({ worker }) => worker.workerId === workerId);
  if (seat === undefined) throw new TypeError(`no seat of ${workerId}`);
  return seat;
}

const offersTo = (record: WorkerRecord, task: TaskSpec) =>
  record.phase === 'accepting' &&
  record.queues.includes(task.queue) &&
  task.work.kind === 'handler' &&
  record.handlers.includes(task.work.handler);

describe('whatever waits and whoever works, a plan', () => {
  test('never exceeds slots and prefetch, and never slots with a task that may run only once', () => {
    fc.assert(
      fc.property(scenes, (scene) => {
        const table = laid(scene);
        const given = table.plan(NOW);
        for (const [workerId, ids] of Object.entries(given)) {
          const { record, prefetch } = seatOf(table, workerId);
          expect(ids.length).toBeLessThanOrEqual(record.slots + prefetch);
          const last = ids.findLastIndex((id) => table.specs.get(id)?.repeat === 'once');
          expect(last).toBeLessThan(record.slots);
        }
      }),
    );
  });

  test('gives each task at most once, when it is due, to a worker that offers what it needs', () => {
    fc.assert(
      fc.property(scenes, (scene) => {
        const table = laid(scene);
        const given = Object.entries(table.plan(NOW)).flatMap(([workerId, ids]) => ids.map((id) => ({ workerId, id })));
        expect(new Set(given.map(({ id }) => id)).size).toBe(given.length);
        for (const { workerId, id } of given) {
          const spec = table.specs.get(id) as TaskSpec;
          expect(spec.notBefore).toBeLessThanOrEqual(NOW);
          expect(offersTo(seatOf(table, workerId).record, spec)).toBe(true);
        }
      }),
    );
  });

  test('leaves no task behind that a worker with room could run, nor one that goes before another it gave', () => {
    fc.assert(
      fc.property(scenes, (scene) => {
        const table = laid(scene);
        const given = new Set(Object.values(table.plan(NOW)).flat());
        for (const [id, spec] of table.specs) {
          if (given.has(id) || spec.notBefore > NOW || table.picture.task(id)?.phase !== 'waiting') continue;
          for (const seat of table.board.seats) {
            if (offersTo(seat.record, spec)) expect(seat.room(spec.repeat)).toBe(0);
          }
          const worse = [...given].filter((other) => sameNeed(spec, table.specs.get(other) as TaskSpec));
          for (const other of worse)
            expect((table.specs.get(other) as TaskSpec).priority).toBeGreaterThanOrEqual(spec.priority);
        }
      }),
    );
  });

  test('is the same for the same events', () => {
    fc.assert(fc.property(scenes, (scene) => expect(laid(scene).plan(NOW)).toEqual(laid(scene).plan(NOW))));
  });

  test('decides no more than it may', () => {
    const table = laid({ workers: [{ slots: 50 }], tasks: new Array(40).fill({}), finished: 0 });
    table.read();
    const { decisions, room } = table.board.plan({ ...limits, decisionsMax: 7 }, NOW);
    expect(decisions).toHaveLength(7);
    expect(room).toBe('none');
  });
});

function sameNeed(a: TaskSpec, b: TaskSpec): boolean {
  return a.queue === b.queue && a.repeat === b.repeat && JSON.stringify(a.work) === JSON.stringify(b.work);
}
