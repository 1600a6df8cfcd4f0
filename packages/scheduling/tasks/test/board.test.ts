import { describe, expect, test } from '@jest/globals';
import type { Chore } from '@reeve/tasks';
import { idOf, limits, Table } from './fixtures.ts';

const [a, b, c] = [idOf(1), idOf(2), idOf(3)];

function choresOf(table: Table): readonly string[] {
  return table.board.takeChores(100).map(describeChore);
}

function describeChore(chore: Chore): string {
  const name = { [a]: 'a', [b]: 'b', [c]: 'c' }[chore.view.taskId];
  return 'workerId' in chore ? `${chore.kind} ${name} ${chore.workerId}` : `${chore.kind} ${name}`;
}

describe('the chores of a primary', () => {
  test('what a dead worker had is moved, all of it', () => {
    const table = new Table();
    table.worker('w');
    for (const taskId of [a, b]) {
      table.submit(taskId);
      table.assign(taskId, 'w');
    }
    expect(choresOf(table)).toEqual([]);
    table.deleted(table.layout.worker('w'));
    expect(choresOf(table)).toEqual(['move a w', 'move b w']);
  });

  test('an assignment to a worker that is gone already is moved as well', () => {
    const table = new Table();
    table.worker('w');
    table.submit(a);
    table.plan(1);
    table.deleted(table.layout.worker('w'));
    table.assign(a, 'w');
    expect(choresOf(table)).toEqual(['move a w']);
  });

  test('a primary that takes over finds what another has left', () => {
    const table = new Table();
    table.worker('w');
    for (const taskId of [a, b, c]) table.submit(taskId);
    table.assign(a, 'w');
    table.created(table.layout.cancel(b));
    table.finish(c, 'w');
    table.created(table.layout.retry(c));
    table.deleted(table.layout.worker('w'));
    table.takeOver();
    expect(choresOf(table).toSorted()).toEqual(['end_waiting b', 'move a w', 'tidy c']);
  });

  test('a waiting task that nobody wants any more is ended, and not planned', () => {
    const table = new Table();
    table.worker('w');
    table.submit(a);
    table.read();
    table.created(table.layout.cancel(a));
    expect(table.plan(1)).toEqual({});
    expect(choresOf(table)).toEqual(['end_waiting a']);
  });

  test('a task that is being assigned is not ended before it is known whether it was', () => {
    const table = new Table();
    table.worker('w');
    table.submit(a);
    expect(table.plan(1)).toEqual({ w: [a] });
    table.created(table.layout.cancel(a));
    expect(choresOf(table)).toEqual([]);
    table.assign(a, 'w');
    expect(choresOf(table)).toEqual(['relay_cancel a w']);
  });

  test('the wish to cancel is relayed once for each assignment', () => {
    const table = new Table();
    table.worker('w');
    table.submit(a);
    table.assign(a, 'w');
    table.created(table.layout.cancel(a));
    const [chore] = table.board.takeChores(1);
    if (chore !== undefined) table.board.done(chore);
    table.board.sweep();
    expect(choresOf(table)).toEqual([]);
  });

  test('a wish that comes too late, or for nothing, is tidied away', () => {
    const table = new Table();
    table.worker('w');
    table.submit(a);
    table.assign(a, 'w');
    table.finish(a, 'w');
    table.board.takeChores(10);
    table.created(table.layout.cancel(a));
    table.created(table.layout.cancel(b));
    expect(choresOf(table)).toEqual(['tidy a', 'tidy b']);
  });

  test('an assignment that outlives its task is left to the sweep, for it goes with the same write', () => {
    const table = new Table();
    table.worker('w');
    table.submit(a);
    table.assign(a, 'w');
    table.created(table.layout.status(a));
    expect(choresOf(table)).toEqual([]);
    table.board.sweep();
    expect(choresOf(table)).toEqual(['tidy a']);
  });

  test('one that was refused comes up again at the next sweep, as long as there is a reason', () => {
    const table = new Table();
    table.submit(a);
    table.created(table.layout.cancel(a));
    const [chore] = table.board.takeChores(1);
    expect(choresOf(table)).toEqual([]);
    if (chore !== undefined) table.board.done(chore);
    table.board.sweep();
    expect(choresOf(table)).toEqual(['end_waiting a']);
  });

  test('folders of dead workers are told when they are empty', () => {
    const table = new Table();
    table.worker('w');
    table.submit(a);
    table.assign(a, 'w');
    table.deleted(table.layout.worker('w'));
    expect(table.board.emptyFolders()).toEqual([]);
    table.deleted(table.layout.assignment('w', a));
    expect(table.board.emptyFolders()).toEqual(['w']);
  });
});

describe('a task that comes back', () => {
  test('waits for the time that its retry record says, and counts its attempts', () => {
    const table = new Table();
    table.worker('w');
    table.submit(a);
    table.plan(1);
    table.assign(a, 'w');
    table.retry(a, 'w', { attempts: 1, workersLost: 0, notBefore: 900 });
    expect(table.plan(899)).toEqual({});
    table.board.takeChores(10);
    const { decisions } = table.board.plan(limits, 900);
    expect(decisions).toMatchObject([{ taskId: a, assignment: { attempt: 2, workersLost: 0 } }]);
  });

  test('is planned at once when its worker has handed it back', () => {
    const table = new Table();
    table.worker('w');
    table.submit(a);
    table.plan(1);
    table.assign(a, 'w');
    table.deleted(table.layout.assignment('w', a));
    expect(table.plan(2)).toEqual({ w: [a] });
  });

  test('begins from its first attempt after a redrive', () => {
    const table = new Table();
    table.worker('w');
    table.submit(a);
    table.assign(a, 'w');
    table.retry(a, 'w', { attempts: 1, workersLost: 0, notBefore: 0 });
    table.assign(a, 'w');
    table.finish(a, 'w');
    table.deleted(table.layout.retry(a));
    table.deleted(table.layout.status(a));
    expect(table.board.counts.finished).toBe(0);
    table.read();
    expect(table.board.plan(limits, 5).decisions).toMatchObject([{ taskId: a, assignment: { attempt: 1 } }]);
  });
});

describe('reading ahead', () => {
  test('takes the oldest tasks first', () => {
    const table = new Table();
    for (const n of [30, 10, 20]) table.submit(idOf(n));
    expect(table.board.takeUnread(2, 100).map(({ taskId }) => taskId)).toEqual([idOf(10), idOf(20)]);
  });

  test('stops when enough is ready for the workers that are there', () => {
    const table = new Table();
    table.worker('w', { slots: 1 });
    for (let n = 1; n <= 10; n += 1) table.submit(idOf(n));
    table.plan(50);
    table.submit(idOf(60));
    table.plan(60);
    expect(table.board.counts).toMatchObject({ unread: 0, served: 10 });
    table.submit(idOf(70));
    expect(table.board.takeUnread(10, 10)).toEqual([]);
    expect(table.board.takeUnread(10, 11)).toHaveLength(1);
  });

  test('is modest as long as there is no worker at all', () => {
    const table = new Table();
    for (let n = 1; n <= 30; n += 1) table.submit(idOf(n));
    table.read();
    table.plan(50);
    table.submit(idOf(60));
    expect(table.board.takeUnread(10, 30)).toEqual([]);
    table.worker('w', { queues: ['mail'] });
    expect(table.board.takeUnread(10, 30)).toHaveLength(1);
  });

  test('goes on while workers have room that nothing read so far suits', () => {
    const table = new Table();
    table.worker('w', { queues: ['mail'] });
    table.worker('busy', { slots: 1 });
    for (let n = 1; n <= 20; n += 1) table.submit(idOf(n));
    table.submit(idOf(99), { queue: 'mail' });
    for (const candidate of table.board.takeUnread(20, 100)) {
      const value = table.specs.get(candidate.taskId);
      if (value === undefined) continue;
      table.board.learnTask(candidate, { spec: { kind: 'found', value, czxid: 1, ctime: 1, version: 0 } });
    }
    table.board.plan(limits, 100);
    // 19 tasks are ready that only the busy worker serves; the other one has nothing to do.
    expect(table.board.takeUnread(20, 5).map(({ taskId }) => taskId)).toEqual([idOf(99)]);
  });

  test('does not wait for a task that went away while it was read', () => {
    const table = new Table();
    table.worker('w');
    table.submit(a);
    const [candidate] = table.board.takeUnread(1, 100);
    table.deleted(table.layout.task(a));
    if (candidate !== undefined) table.board.learnTask(candidate, { spec: { kind: 'missing' } });
    expect(table.board.counts).toMatchObject({ unread: 0, ready: 0 });
  });
});

describe('the order of what is known', () => {
  test('tells of second assignments once', () => {
    const table = new Table();
    table.worker('w');
    table.worker('x');
    table.submit(a);
    table.assign(a, 'w');
    table.assign(a, 'x');
    expect(table.board.takeAssignedTwice()).toEqual([a]);
    expect(table.board.takeAssignedTwice()).toEqual([]);
  });
});
