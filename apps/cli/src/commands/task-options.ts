import type { SubmitOptions } from '@reeve/sdk';
import type { Command } from 'commander';
import { usageError } from '../cli-error.ts';
import { duration } from '../input/duration.ts';
import { wholeNumber } from '../input/numbers.ts';

/** When, where and how often, as commander gives it. */
export interface RawTaskOptions {
  readonly id?: string;
  readonly queue?: string;
  readonly priority?: number;
  readonly delay?: number;
  readonly timeout?: number;
  readonly retries?: number;
  readonly backoff?: number;
  readonly once?: true;
}

/** Adds the options that say when, where and how often a task runs. */
export function withTaskOptions(command: Command): Command {
  return command
    .option('-q, --queue <name>', 'queue to wait in (default: "default")')
    .option(
      '--priority <number>',
      'higher goes first, -1000 to 1000 (default: 0)',
      wholeNumber({ min: -1000, max: 1000 }),
    )
    .option('--delay <duration>', 'do not start before this time has passed, such as 30s', duration)
    .option('--timeout <duration>', 'the most time that one attempt may take (default: no limit)', duration)
    .option('--retries <number>', 'try again so often after a failure (default: 0)', wholeNumber({ min: 0, max: 1000 }))
    .option('--backoff <duration>', 'wait before the first retry; doubles each time (default: 1s)', duration)
    .option('--once', 'never start it twice, whatever happens: it ends "lost" if its worker is lost')
    .option('--id <id>', 'a task id of your own (UUID version 7): submitting it again changes nothing');
}

/** What the options mean to the SDK. */
export function submitOptionsOf(raw: RawTaskOptions): SubmitOptions {
  if (raw.once === true && (raw.retries ?? 0) > 0) throw usageError('--once and --retries contradict each other');
  return {
    ...(raw.id === undefined ? {} : { id: raw.id }),
    ...(raw.queue === undefined ? {} : { queue: raw.queue }),
    ...(raw.priority === undefined ? {} : { priority: raw.priority }),
    ...(raw.delay === undefined ? {} : { delayMs: raw.delay }),
    ...(raw.timeout === undefined ? {} : { timeoutMs: raw.timeout }),
    ...(raw.retries === undefined ? {} : { retries: raw.retries }),
    ...(raw.backoff === undefined ? {} : { backoffMs: raw.backoff }),
    ...(raw.once === true ? { repeat: 'once' } : {}),
  };
}
