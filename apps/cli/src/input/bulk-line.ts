import { messageOf } from '@reeve/base';
import type { SubmitOptions, TaskRequest } from '@reeve/sdk';
import { z } from 'zod';
import { CliError } from '../cli-error.ts';
import { exitCodes } from '../exit-codes.ts';
import { parseDuration } from './duration.ts';

/** Where a line came from. */
export interface LinePlace {
  readonly source: string;
  /** Counted from 1. */
  readonly line: number;
}

// A number is milliseconds, as in the SDK; a string is what `--delay` takes.
const duration = z.union([z.int(), z.string()]).transform((value, context) => {
  if (typeof value === 'number') return value;
  try {
    return parseDuration(value);
  } catch (error) {
    context.issues.push({ code: 'custom', message: messageOf(error), input: value });
    return z.NEVER;
  }
});

const settings = {
  id: z.string().optional(),
  queue: z.string().optional(),
  priority: z.int().optional(),
  delay: duration.optional(),
  timeout: duration.optional(),
  retries: z.int().optional(),
  backoff: duration.optional(),
  once: z.boolean().optional(),
};
const handlerLine = z.strictObject({ handler: z.string().min(1), payload: z.unknown().optional(), ...settings });
const commandLine = z.strictObject({
  argv: z.array(z.string()).optional(),
  shell: z.string().optional(),
  cwd: z.string().optional(),
  env: z.record(z.string(), z.string()).optional(),
  ...settings,
});
type Settings = Pick<z.infer<typeof handlerLine>, keyof typeof settings>;

/**
 * The task that one line of a file of tasks asks for: `{"handler": …, "payload": …}` or `{"argv": […]}`, with `queue`,
 * `priority`, `delay`, `timeout`, `retries`, `backoff`, `once` and `id` where wanted. Throws `input_invalid`, naming the place.
 */
export function parseBulkLine(text: string, place: LinePlace): TaskRequest {
  const value = parseJson(text, place);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw wrong(place, 'is no JSON object');
  if ('handler' in value) {
    const { handler, payload, ...rest } = checked(handlerLine, value, place);
    return { handler, ...(payload === undefined ? {} : { payload }), ...optionsOf(rest) };
  }
  if (!('argv' in value) && !('shell' in value)) throw wrong(place, 'has neither "handler" nor "argv" nor "shell"');
  const { argv = [], shell, cwd, env, ...rest } = checked(commandLine, value, place);
  return defined({ argv, shell, cwd, env, ...optionsOf(rest) });
}

function parseJson(text: string, place: LinePlace): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    throw wrong(place, `is not JSON: ${messageOf(error)}`);
  }
}

function checked<T>(schema: z.ZodType<T>, value: unknown, place: LinePlace): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [first] = parsed.error.issues;
  const where = first === undefined || first.path.length === 0 ? '' : `"${first.path.join('.')}": `;
  throw wrong(place, `is wrong: ${where}${first?.message ?? 'unknown reason'}`);
}

function optionsOf({ delay, timeout, backoff, once, ...same }: Settings): SubmitOptions {
  const repeat = once === true ? ('once' as const) : undefined;
  return defined({ ...same, delayMs: delay, timeoutMs: timeout, backoffMs: backoff, repeat });
}

type Defined<T> = { [K in keyof T]: Exclude<T[K], undefined> };

/** `object` without the fields that are undefined. */
function defined<T extends object>(object: T): Defined<T> {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as Defined<T>;
}

function wrong(place: LinePlace, what: string): CliError {
  const advice = 'Each line is one task: {"handler": "resize", "payload": {…}} or {"argv": ["ls", "-l"]}.';
  const facts = { code: 'input_invalid', exitCode: exitCodes.usage, advice } as const;
  return new CliError(facts, `${place.source}: line ${place.line} ${what}`);
}
