import { constants } from 'node:os';
import type { Command } from 'commander';
import { usageError } from '../cli-error.ts';
import type { Context } from '../context.ts';
import type { ExitCode } from '../exit-codes.ts';
import { duration } from '../input/duration.ts';
import { optionValue } from '../input/option-value.ts';
import { addPair } from '../input/pairs.ts';
import { ConfigFile } from '../processes/config-file.ts';
import { DaemonOnConfig } from '../processes/daemon-on-config.ts';
import type { Act } from './act.ts';
import { type RawFollowing, startFollowing, withFollowing } from './config-following.ts';
import { withPlaceAndExamples } from './config-place.ts';
import { commandLine } from './run-holding.ts';

interface RawExec extends RawFollowing {
  readonly out?: string;
  readonly template?: string;
  readonly check?: string;
  readonly signal?: NodeJS.Signals;
  readonly prefix?: string;
  readonly once?: true;
  readonly grace?: number;
}

const GRACE_MS = 10_000;

/** `reeve config exec`: runs a command with values, and again, or tells it, when they change. */
export function addConfigExec(config: Command, act: Act, line: readonly string[] | undefined): void {
  const exec = config
    .command('exec')
    .summary('run a command on values, and again when they change')
    .description(
      'Runs COMMAND with the values of keys in its environment (billing/limits/max in BILLING_LIMITS_MAX), or in a file. When ' +
        'they change, COMMAND is started again, or sent a signal. Ends with the exit code of COMMAND; Ctrl-C ends it.',
    )
    .usage('[options] KEY… -- COMMAND [ARG…]')
    .argument('<keys...>', 'keys, or trees of keys')
    .option('--out <file>', 'write the values into this file: as JSON, or as lines NAME=value when it ends in .env')
    .option('--template <file>', 'what to write into it: a Handlebars template, which sees the keys as objects')
    .option(
      '--check <command>',
      'a command for the shell that must succeed before the file is put in place; {} is its name until then',
    )
    .option(
      '--signal <name>',
      'send this signal when the file has changed, such as HUP, instead of starting COMMAND again',
      optionValue(parseSignal),
    )
    .option('--prefix <text>', 'put this before the names in the environment')
    .option('--once', 'do not follow: run COMMAND on the values of this moment')
    .option('--label <name=value>', 'be one with this label, for roll-outs; may be repeated', addPair)
    .option('--grace <duration>', 'how long COMMAND has to end before it is killed (default: 10s)', duration);
  withPlaceAndExamples(
    withFollowing(exec),
    'reeve config exec billing -- node server.js',
    "reeve config exec web --out nginx.conf --template nginx.hbs --check 'nginx -t -c $PWD/{}' --signal HUP -- nginx -g 'daemon off;'",
    'reeve config exec billing --once -- printenv BILLING_LIMITS_MAX',
  ).action((keys: readonly string[], raw: RawExec, self: Command) =>
    act(self, (context) => execOn(context, { keys, raw, line })),
  );
}

interface ExecLine {
  readonly keys: readonly string[];
  readonly raw: RawExec;
  readonly line: readonly string[] | undefined;
}

async function execOn(context: Context, { keys, raw, line }: ExecLine): Promise<ExitCode> {
  if (raw.out === undefined) {
    const lonely = (['template', 'check', 'signal'] as const).find((option) => raw[option] !== undefined);
    if (lonely !== undefined) throw usageError(`--${lonely} goes with --out`);
  }
  const command = commandLine(line, `reeve config exec ${keys.join(' ')} -- COMMAND`);
  const file =
    raw.out === undefined
      ? undefined
      : await ConfigFile.open({ file: raw.out, template: raw.template, check: raw.check });
  const follower = await startFollowing(context, keys, raw);
  try {
    const daemon = new DaemonOnConfig({
      follower,
      keys,
      line: command,
      file,
      prefix: raw.prefix ?? '',
      onChange: raw.once === true ? 'nothing' : (raw.signal ?? 'restart'),
      graceMs: raw.grace ?? GRACE_MS,
      stop: context.stop,
      note: (text) => process.stderr.write(`reeve: ${text}\n`),
    });
    return await daemon.run();
  } finally {
    await follower.stop();
  }
}

function parseSignal(text: string): NodeJS.Signals {
  const name = `SIG${text.toUpperCase().replace(/^SIG/, '')}`;
  if (Object.hasOwn(constants.signals, name)) return name as NodeJS.Signals;
  throw usageError(`"${text}" is not a signal`, 'Say it like HUP or USR1.');
}
