import type { TaskSpec, WorkerRecord } from './task.ts';

/** What a worker must offer to be given a task: the queue, and the handler or the right to run commands. */
export interface Need {
  readonly queue: string;
  /** The handler's name; undefined for a command. */
  readonly handler: string | undefined;
  readonly repeat: TaskSpec['repeat'];
}

/** What `spec` needs of a worker. */
export function needOf(spec: TaskSpec): Need {
  const handler = spec.work.kind === 'handler' ? spec.work.handler : undefined;
  return { queue: spec.queue, handler, repeat: spec.repeat };
}

/** Whether a worker that says this of itself may run such a task, as far as it has room. */
export function offers(record: WorkerRecord, need: Need): boolean {
  if (!record.queues.includes(need.queue)) return false;
  if (need.handler === undefined) return record.runs.includes('commands');
  return record.runs.includes('handlers') && record.handlers.includes(need.handler);
}
