import { expect, test } from '@jest/globals';
import { EventHub } from '../src/index.ts';

test('who iterates is told everything once and in order, however far it is behind now and then', async () => {
  const hub = new EventHub<number>('/e', { waitingMax: 1_000 });
  const read = hub[Symbol.asyncIterator]();
  const heard: (number | undefined)[] = [];
  let told = 0;
  for (const [tells, takes] of [
    [1_000, 1],
    [1, 999],
    [400, 1],
    [600, 1_000],
    [5, 5],
  ] as const) {
    for (let n = 0; n < tells; n += 1) hub.tell(told++);
    for (let n = 0; n < takes; n += 1) heard.push((await read.next()).value);
  }
  expect(heard).toEqual(Array.from({ length: told }, (_, n) => n));
});

test('who falls further behind than it may reads what it has, and is told then', async () => {
  const hub = new EventHub<number>('/e', { waitingMax: 2 });
  const read = hub[Symbol.asyncIterator]();
  for (const event of [1, 2, 3]) hub.tell(event);
  expect([(await read.next()).value, (await read.next()).value]).toEqual([1, 2]);
  await expect(read.next()).rejects.toMatchObject({ code: 'events_overflow' });
});
