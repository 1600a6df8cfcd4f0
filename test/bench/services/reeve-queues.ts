import { codeOf } from '@reeve/base';
import { Queue } from '@reeve/recipes';
import type { LoadTold, Sessions } from './load-told.ts';

const MS_PER_S = 1000;
/** Puts that one producer has under way. */
const PUTS_AT_ONCE = 1_000;

/** All is put, and then all is taken and acknowledged, each consumer so many items at a time. */
export async function queueing(sessions: Sessions, { path, items, bytes, consumers, atOnce }: LoadTold) {
  const queues = (await sessions(consumers)).map((client) => new Queue(client, { path }));
  const data = Buffer.alloc(bytes);
  const putMs = performance.now();
  for (let put = 0; put < items; put += PUTS_AT_ONCE) {
    await queues[0]?.putMany(Array<Buffer>(Math.min(PUTS_AT_ONCE, items - put)).fill(data));
  }
  const takeMs = performance.now();
  let taken = 0;
  const consume = async (queue: Queue) => {
    try {
      for (;;) {
        const item = await queue.take({ timeoutMs: 0 });
        await item.done();
        taken += 1;
      }
    } catch (error) {
      if (codeOf(error) !== 'deadline_exceeded') throw error;
    }
  };
  while (taken < items)
    await Promise.all(queues.flatMap((queue) => Array.from({ length: atOnce }, () => consume(queue))));
  const endMs = performance.now();
  await Promise.all(queues.map((queue) => queue.stop()));
  return { putPerS: (items / (takeMs - putMs)) * MS_PER_S, takePerS: (items / (endMs - takeMs)) * MS_PER_S };
}
