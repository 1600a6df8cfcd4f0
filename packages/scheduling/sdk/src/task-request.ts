import { type RetryPolicy, specDefaults, type TaskId, type TaskSpec, type Work } from '@reeve/tasks';
import { ReeveError } from './reeve-error.ts';

/** When, where and how often a task runs. */
export interface SubmitOptions {
  /** The id of the task, made by `newTaskId()`; a new one unless given. Submitting one id twice makes one task. */
  readonly id?: string;
  /** The queue it waits in: letters, digits, `.`, `_`, `-`, at most 128; `default` unless given. */
  readonly queue?: string;
  /** Higher goes first; -1000 … 1000, 0 unless given. */
  readonly priority?: number;
  /** Milliseconds before which it does not start; 0 unless given. */
  readonly delayMs?: number;
  /** The most milliseconds one attempt may run; no limit unless given. */
  readonly timeoutMs?: number;
  /** How often it is tried again after a failure; 0 … 1000, 0 unless given, always 0 for `once`. */
  readonly retries?: number;
  /** The wait before the first retry, milliseconds, doubled for each further one; 1000 unless given. */
  readonly backoffMs?: number;
  /** The longest wait before a retry, milliseconds; 60000 unless given. */
  readonly backoffMaxMs?: number;
  /** `once`: never started twice, whatever happens; it ends `lost` when its worker is lost. */
  readonly repeat?: 'repeatable' | 'once';
}

/** A task for a handler, by name. */
export interface HandlerRequest extends SubmitOptions {
  readonly handler: string;
  /** Anything that JSON can carry; null unless given. */
  readonly payload?: unknown;
}

/** A task that runs a command, without a shell unless `shell` is given. */
export interface CommandRequest extends SubmitOptions {
  /** The program and its arguments; with `shell`, the arguments `$0 $1 …` of the line. */
  readonly argv: readonly string[];
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** A line for `/bin/sh -c`. */
  readonly shell?: string;
}

/** A task to submit: for a handler, or a command. The id, unless given, is made when it is submitted. */
export type TaskRequest = HandlerRequest | CommandRequest;

const QUEUE = /^[A-Za-z0-9._-]{1,128}$/;
const TASK_ID = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const RETRIES_MAX = 1_000;
const PRIORITY_MAX = 1_000;

/** The specification of a new task, with every default filled in. Throws `invalid_task` when something is not legal. */
export function specOf(task: TaskRequest, now: number): TaskSpec {
  return {
    work: workOf(task),
    queue: queueOf(task.queue ?? specDefaults.queue),
    priority: within(task.priority ?? specDefaults.priority, {
      name: 'priority',
      min: -PRIORITY_MAX,
      max: PRIORITY_MAX,
    }),
    notBefore: task.delayMs === undefined || task.delayMs === 0 ? 0 : now + duration(task.delayMs, 'delayMs'),
    timeoutMs: duration(task.timeoutMs ?? specDefaults.timeoutMs, 'timeoutMs'),
    retry: retryOf(task),
    repeat: task.repeat ?? specDefaults.repeat,
    submittedAt: now,
  };
}

/** `text` as a task id. Throws `invalid_task` when it is none. */
export function taskIdOf(text: string): TaskId {
  if (TASK_ID.test(text)) return text as TaskId;
  throw invalid(`"${text}" is not a task id`, 'A task id is a UUID version 7 in lower case, as submit prints it.');
}

function workOf(task: TaskRequest): Work {
  if ('handler' in task) {
    if (task.handler === '') throw invalid('the name of the handler is empty');
    return { kind: 'handler', handler: task.handler, payload: task.payload ?? null };
  }
  if (task.argv.length === 0 && task.shell === undefined) throw invalid('the command is empty');
  return {
    kind: 'command',
    argv: task.argv,
    ...(task.cwd === undefined ? {} : { cwd: task.cwd }),
    ...(task.env === undefined ? {} : { env: task.env }),
    ...(task.shell === undefined ? {} : { shell: task.shell }),
  };
}

function queueOf(queue: string): string {
  if (QUEUE.test(queue)) return queue;
  throw invalid(`"${queue}" is not a queue`, 'Use letters, digits, ".", "_" and "-", at most 128.');
}

function retryOf(task: TaskRequest): RetryPolicy {
  const { retries = 0, backoffMs, backoffMaxMs } = task;
  if (retries === 0 && backoffMs === undefined && backoffMaxMs === undefined) return specDefaults.retry;
  if (task.repeat === 'once' && retries > 0)
    throw invalid('a task that runs once cannot have retries', 'Leave one of the two out.');
  return {
    attemptsMax: within(retries, { name: 'retries', min: 0, max: RETRIES_MAX }) + 1,
    backoffMs: duration(backoffMs ?? specDefaults.retry.backoffMs, 'backoffMs'),
    backoffMaxMs: duration(backoffMaxMs ?? specDefaults.retry.backoffMaxMs, 'backoffMaxMs'),
  };
}

function duration(ms: number, name: string): number {
  return within(ms, { name, min: 0, max: Number.MAX_SAFE_INTEGER });
}

function within(value: number, bounds: { readonly name: string; readonly min: number; readonly max: number }): number {
  const { name, min, max } = bounds;
  if (Number.isInteger(value) && value >= min && value <= max) return value;
  throw invalid(`${name} is ${value}, but must be a whole number between ${min} and ${max}`);
}

function invalid(message: string, advice?: string): ReeveError {
  return new ReeveError({ code: 'invalid_task', ...(advice === undefined ? {} : { advice }) }, message);
}
