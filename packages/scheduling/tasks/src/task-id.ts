import { invariant } from '@reeve/base';
import type { TaskId } from './task.ts';

/** How many random bytes `newTaskId` needs. */
export const TASK_ID_RANDOM_BYTES = 10;

/** The first 48 bits, with the hyphen among them. */
const TIME_CHARACTERS = 13;
const HYPHEN = 0x2d;
const DIGIT_0 = 0x30;
const LETTER_A = 0x61;

const pattern = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

/**
 * A new task id: a UUID version 7 (RFC 9562, section 5.7) of the time in milliseconds and 74 of the random bits.
 *
 * @param random `TASK_ID_RANDOM_BYTES` bytes, uniformly random
 */
export function newTaskId(now: number, random: Uint8Array): TaskId {
  invariant(random.length >= TASK_ID_RANDOM_BYTES, 'a task id needs 10 random bytes');
  const time = now.toString(16).padStart(12, '0');
  const low = Buffer.from(random).toString('hex', 0, TASK_ID_RANDOM_BYTES);
  const variant = ((random[2] as number) & 0x3f) | 0x80;
  return `${time.slice(0, 8)}-${time.slice(8)}-7${low.slice(1, 4)}-${variant.toString(16)}${low.slice(6, 8)}-${low.slice(8)}` as TaskId;
}

/** Whether `text` is a task id as `newTaskId` makes them. */
export function isTaskId(text: string): text is TaskId {
  return pattern.test(text);
}

/** When the submitter made the id, milliseconds since the epoch by its clock. */
export function timeOf(taskId: TaskId): number {
  let time = 0;
  // Digit by digit: a primary that takes over does this for every task there is.
  for (let at = 0; at < TIME_CHARACTERS; at += 1) {
    const code = taskId.charCodeAt(at);
    if (code !== HYPHEN) time = time * 16 + (code < LETTER_A ? code - DIGIT_0 : code - LETTER_A + 10);
  }
  return time;
}
