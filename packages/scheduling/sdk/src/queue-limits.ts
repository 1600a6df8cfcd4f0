import type { Coordination, RequestOptions } from '@reeve/client';
import { ConfigReader, documentAt } from '@reeve/configuration';
import { configPathOf, type Layout, type QueueLimits, queueSettings } from '@reeve/tasks';

/** How many tasks of each queue may be assigned at the same time, where that is limited and can be read. */
export async function readQueueLimits(
  session: Coordination,
  { root }: Layout,
  request: RequestOptions,
): Promise<QueueLimits> {
  const reader = new ConfigReader(session, { path: configPathOf(root) });
  // It is for an explanation, which must not fail for want of it.
  const found = await reader.read('queues', request).catch(() => []);
  const document = documentAt(
    found.map(({ key, value }) => [key, value] as const),
    'queues',
  );
  const settings = queueSettings.safeParse(document ?? {});
  const queues = Object.entries(settings.data ?? {});
  return new Map(queues.flatMap(([queue, { limit }]) => (limit === undefined ? [] : [[queue, limit] as const])));
}
