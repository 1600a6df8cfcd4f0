import type { TaskRequest } from '@reeve/sdk';
import type { Command } from 'commander';
import { usageError } from '../cli-error.ts';
import { type Context, withReeve } from '../context.ts';
import { type ExitCode, exitCodes } from '../exit-codes.ts';
import { duration } from '../input/duration.ts';
import { readPayload } from '../input/json-input.ts';
import { addPair, type Pairs } from '../input/pairs.ts';
import { withSettings } from '../settings.ts';
import { type Act, examples } from './act.ts';
import { awaitTask } from './await-task.ts';
import { submitFrom } from './submit-from.ts';
import { type RawTaskOptions, submitOptionsOf, withTaskOptions } from './task-options.ts';

/** The options of `reeve submit`, as commander gives them. */
interface RawSubmit extends RawTaskOptions {
  readonly payload?: string;
  readonly shell?: string;
  readonly cwd?: string;
  readonly env?: Pairs;
  readonly from?: string;
  readonly wait?: true;
  readonly waitTimeout?: number;
}

/** What the command line asks for: options, the words before "--", and those after it where there is one. */
export interface SubmitLine {
  readonly raw: RawSubmit;
  readonly words: readonly string[];
  readonly command: readonly string[] | undefined;
}

const help = examples(
  `reeve submit resize --payload '{"file": "a.png", "width": 200}' --wait`,
  'reeve submit resize --payload @order.json --queue images --retries 3 --timeout 5m',
  'reeve submit --once -- convert a.png a.jpg',
  `reeve submit --shell 'ls "$0" | wc -l' --wait -- /tmp`,
  'reeve submit --from tasks.ndjson --wait',
  'make-tasks | reeve submit --from - --json > ids.ndjson',
);

/** `reeve submit`: one task for a handler, one command, or a file of them. `command` is what stands after "--". */
export function addSubmit(program: Command, act: Act, command: readonly string[] | undefined): void {
  const submitCommand = program
    .command('submit')
    .summary('submit a task, a command, or a file of them')
    .description('Submits a task and prints its id. From then on it will be done, whatever crashes.')
    .usage('[options] HANDLER | -- COMMAND [ARG…] | --from FILE')
    .argument('[handler...]', 'the handler to run')
    .option('-p, --payload <json>', 'what the handler is given: JSON, @FILE, or - for standard input')
    .option('--shell <line>', 'run a line by /bin/sh; what follows "--" becomes $0, $1, …')
    .option('--cwd <directory>', 'directory of the command, at the worker')
    .option('--env <name=value>', 'a variable for the command; may be repeated', addPair)
    .option('--from <file>', 'submit each line of a file (- for standard input): JSON objects with the same names')
    .option('-w, --wait', 'wait until it is done, and print its result; exit code 1 unless it succeeded')
    .option('--wait-timeout <duration>', 'wait no longer than this; exit code 124 when that is over', duration);
  withSettings(withTaskOptions(submitCommand))
    .addHelpText('after', help)
    .action((words: readonly string[], raw: RawSubmit, self: Command) =>
      act(self, (context) => submit(context, { raw, words, command })),
    );
}

async function submit(context: Context, line: SubmitLine): Promise<ExitCode> {
  const { raw } = line;
  const isWaiting = raw.wait === true || raw.waitTimeout !== undefined;
  const wait = isWaiting ? { signal: context.signal, timeoutMs: raw.waitTimeout } : undefined;
  if (raw.from !== undefined) return submitFrom(context, fileOf(line), wait);
  const request = await requestOf(line, process.stdin);
  return withReeve(context, async (reeve) => {
    const [task] = await reeve.submitAll([request], { signal: context.signal });
    if (task === undefined) return exitCodes.failed;
    if (wait !== undefined) return awaitTask(context, { task, wait });
    await context.output.show({ taskId: task.taskId }, () => task.taskId);
    return exitCodes.ok;
  });
}

/** The one task that a command line asks for. Throws `usage` when it asks for none, or for several things at once. */
export async function requestOf(
  { raw, words, command }: SubmitLine,
  stdin: NodeJS.ReadableStream,
): Promise<TaskRequest> {
  const options = submitOptionsOf(raw);
  const [handler, ...more] = words;
  if (more.length > 0)
    throw usageError(`"${more[0]}" is one word too many`, 'A command goes after "--": reeve submit -- ls -l');
  if (command === undefined && raw.shell === undefined) {
    if (handler === undefined)
      throw usageError('nothing to submit', 'Name a handler, or a command after "--"; see reeve submit --help.');
    refuse(raw, ['cwd', 'env'], 'is for commands, not for handlers');
    const payload = raw.payload === undefined ? null : await readPayload(raw.payload, stdin);
    return { ...options, handler, payload };
  }
  if (handler !== undefined)
    throw usageError(`"${handler}" is a handler, but there is a command as well`, 'Submit one of them.');
  if (command?.length === 0) throw usageError('there is no command after "--"');
  refuse(raw, ['payload'], 'is for handlers, not for commands');
  return {
    ...options,
    argv: command ?? [],
    ...(raw.shell === undefined ? {} : { shell: raw.shell }),
    ...(raw.cwd === undefined ? {} : { cwd: raw.cwd }),
    ...(raw.env === undefined ? {} : { env: raw.env }),
  };
}

/** The file of tasks; whatever says how one task runs stands in its lines. */
function fileOf({ raw, words, command }: SubmitLine): string {
  if (words.length > 0 || command !== undefined) throw usageError('--from takes the place of a handler or command');
  const single = ['payload', 'shell', 'cwd', 'env', 'id', 'queue', 'priority', 'delay', 'timeout'] as const;
  refuse(
    raw,
    [...single, 'retries', 'backoff', 'once'],
    'cannot be combined with --from: say it in the lines of the file',
  );
  return raw.from ?? '-';
}

function refuse(raw: RawSubmit, names: readonly (keyof RawSubmit)[], why: string): void {
  const name = names.find((option) => raw[option] !== undefined);
  if (name !== undefined) throw usageError(`--${name} ${why}`);
}
