import type { TaskId } from '@reeve/tasks';
import type { Schema } from './schema.ts';

/** What an attempt knows of itself. */
export interface TaskContext {
  readonly taskId: TaskId;
  readonly queue: string;
  /** Which attempt this is, counted from 1. */
  readonly attempt: number;
  readonly workerId: string;
  /**
   * The fencing token of this attempt (the czxid of its assignment): it only grows from attempt to attempt. Hand it to
   * whatever you write to, and let that refuse a smaller one than it has seen.
   */
  readonly fence: number;
  /** Fires when the task was cancelled, its time is up, or the worker can no longer be sure that it still owns it. */
  readonly signal: AbortSignal;
}

/** The parts of a handler, as given to `handler()`. */
export interface HandlerParts<Input, Payload, Result> {
  /** What tasks call it by; the name of the export unless given. Needed to submit by the handler itself. */
  readonly name?: string;
  /** Checks (and may transform) the payload before the attempt runs; a task that does not fit fails at once. */
  readonly payload?: Schema<Input, Payload>;
  /** Checks what `run` returned before it is recorded. */
  readonly result?: Schema<unknown, unknown>;
  /** Runs one attempt. What it returns is recorded as JSON; what it throws is recorded as the attempt's error. */
  run(payload: Payload, context: TaskContext): Result | Promise<Result>;
}

// Registered, so that handlers are known across two copies of this package.
const mark = Symbol.for('reeve.handler');

/** User code that runs attempts; made by `handler()`. */
export interface Handler<Input = unknown, Payload = unknown, Result = unknown>
  extends HandlerParts<Input, Payload, Result> {
  readonly [mark]: true;
}

interface Named {
  readonly name: string;
}

/** A handler that has a name of its own, so that it can be submitted by reference. */
export type NamedHandler<Input, Payload, Result> = Handler<Input, Payload, Result> & Named;

/**
 * Declares a handler; the types of payload and result follow from its parts.
 *
 * @example
 * export const resize = handler({
 *   name: 'resize',
 *   payload: z.object({ file: z.string(), width: z.number() }),
 *   run: async ({ file, width }, { signal }) => ({ bytes: await shrink(file, width, signal) }),
 * });
 */
export function handler<Input, Payload, Result>(
  parts: HandlerParts<Input, Payload, Result> & Named & { readonly payload: Schema<Input, Payload> },
): NamedHandler<Input, Payload, Result>;
export function handler<Payload, Result>(
  parts: HandlerParts<Payload, Payload, Result> & Named,
): NamedHandler<Payload, Payload, Result>;
export function handler<Input, Payload, Result>(
  parts: HandlerParts<Input, Payload, Result>,
): Handler<Input, Payload, Result>;
export function handler<Input, Payload, Result>(
  parts: HandlerParts<Input, Payload, Result>,
): Handler<Input, Payload, Result> {
  return { ...parts, [mark]: true };
}

/** Whether a value was made by `handler()`. */
export function isHandler(value: unknown): value is Handler {
  return typeof value === 'object' && value !== null && (value as Partial<Handler>)[mark] === true;
}

/**
 * The handlers of a loaded module, by name: each export made by `handler()` (by its `name`, else that of the export)
 * and each exported function (by the name of its export). `default` counts only when it names itself.
 */
export function handlersOf(module: Readonly<Record<string, unknown>>): ReadonlyMap<string, Handler> {
  const found = new Map<string, Handler>();
  for (const [key, value] of Object.entries(module)) {
    const one = typeof value === 'function' ? handler({ run: value as Handler['run'] }) : value;
    if (!isHandler(one)) continue;
    const name = one.name ?? key;
    if (name !== 'default') found.set(name, one);
  }
  return found;
}

/**
 * Throw this from a handler when trying again cannot help: the task ends `failed` at once, whatever its retry policy.
 *
 * @example
 * throw new DoNotRetry(`there is no file ${file}`);
 */
export class DoNotRetry extends Error {
  override readonly name = 'DoNotRetry';
  /** How a worker knows it, also across two copies of this package or the border of a process. */
  readonly code = 'do_not_retry';
}
