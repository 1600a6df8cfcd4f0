import type { TaskId } from '@reeve/tasks';
import { v7 } from 'uuid';

/** A new task id: a UUID version 7, so ids sort by the time they were made. */
export function newTaskId(): TaskId {
  return v7() as TaskId;
}
