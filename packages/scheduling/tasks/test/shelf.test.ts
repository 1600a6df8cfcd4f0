import { describe, expect, test } from '@jest/globals';
import { idOf, Table } from './fixtures.ts';

const DAY = 86_400_000;
const retention = { retainFinishedMs: DAY, retainFinishedMax: 3 };

/** A table with `count` tasks, submitted at 1, 2, …, all finished. */
function finished(count: number): Table {
  const table = new Table();
  table.worker('w');
  for (let n = 1; n <= count; n += 1) {
    table.submit(idOf(n));
    table.assign(idOf(n), 'w');
    table.finish(idOf(n), 'w');
  }
  return table;
}

const idsOf = (views: readonly { taskId: string }[]) => views.map(({ taskId }) => taskId);

describe('finished tasks', () => {
  test('are kept for their time', () => {
    const table = finished(2);
    const { shelf } = table.board;
    expect(shelf.take(DAY - 1, retention, 10)).toEqual({ expired: [], unsure: [] });
    expect(idsOf(shelf.take(DAY, retention, 10).expired)).toEqual([idOf(1), idOf(2)]);
  });

  test('beyond the number that is kept go earlier, the oldest first', () => {
    const table = finished(5);
    expect(idsOf(table.board.shelf.take(10, retention, 10).expired)).toEqual([idOf(1), idOf(2)]);
  });

  test('go in bounded portions', () => {
    const table = finished(9);
    expect(table.board.shelf.take(10, retention, 4).expired).toHaveLength(4);
    expect(table.board.shelf.count).toBe(9);
  });

  test('that were redriven meanwhile stay', () => {
    const table = finished(2);
    table.deleted(table.layout.status(idOf(1)));
    expect(idsOf(table.board.shelf.take(DAY, retention, 10).expired)).toEqual([idOf(2)]);
    expect(table.board.shelf.count).toBe(1);
  });

  test('that a new primary finds are asked for when they finished, since they may have waited long', () => {
    const table = finished(2);
    const { shelf } = table.takeOver(DAY);
    const { expired, unsure } = shelf.take(2 * DAY, retention, 10);
    expect(expired).toEqual([]);
    expect(idsOf(unsure)).toEqual([idOf(1), idOf(2)]);
    for (const [i, view] of unsure.entries()) shelf.learn(view, i === 0 ? 5 : 2 * DAY);
    expect(idsOf(shelf.take(2 * DAY, retention, 10).expired)).toEqual([idOf(1)]);
    expect(idsOf(shelf.take(3 * DAY, retention, 10).expired)).toEqual([idOf(2)]);
  });
});
