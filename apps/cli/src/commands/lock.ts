import type { Client } from '@reeve/client';
import type { Lock, Participant } from '@reeve/recipes';
import type { Command } from 'commander';
import { usageError } from '../cli-error.ts';
import { type Context, withClient } from '../context.ts';
import { type ExitCode, exitCodes } from '../exit-codes.ts';
import { servicePath } from '../input/service-name.ts';
import { showParticipants } from '../output/participants.ts';
import { withSettings } from '../settings.ts';
import { type Act, examples } from './act.ts';
import { commandLine, type RawHolding, runHolding, withHolding, withWaiting } from './run-holding.ts';

/** The options of `reeve lock`, as commander gives them. */
interface RawLock extends RawHolding {
  readonly shared?: true;
  readonly who?: true;
  readonly revoke?: true;
}

const help = examples(
  'reeve lock nightly-backup -- ./backup.sh',
  'reeve lock --try report -- ./report.sh        # from cron on several machines: one of them runs it',
  'reeve lock --timeout 30s deploy -- ./deploy.sh',
  'reeve lock --shared catalogue -- ./read.sh    # many at once, while nobody holds it alone',
  'reeve lock --who deploy',
);

/** `reeve lock`: runs a command while a lock is held. `line` is what stands after "--". */
export function addLock(program: Command, act: Act, line: readonly string[] | undefined): void {
  const lock = program
    .command('lock')
    .summary('run a command while a lock is held')
    .description(
      'Waits for a lock and runs COMMAND while it is held; ends with the exit code of COMMAND. COMMAND finds a number in ' +
        'REEVE_FENCE that grows from one holder to the next. When the lock is lost, COMMAND is ended before anybody else ' +
        'can have it, and the exit code is 6.',
    )
    .usage('[options] NAME -- COMMAND [ARG…]')
    .argument('<name>', 'the lock')
    .option('--shared', 'hold it together with others who share it')
    .option('--who', 'say who holds it and who waits for it')
    .option('--revoke', 'ask whoever holds it to give it back');
  withSettings(withHolding(withWaiting(lock)))
    .addHelpText('after', help)
    .action((name: string, raw: RawLock, self: Command) =>
      act(self, (context) => runLock(context, { name, raw, line })),
    );
}

interface LockLine {
  readonly name: string;
  readonly raw: RawLock;
  readonly line: readonly string[] | undefined;
}

async function runLock(context: Context, { name, raw, line }: LockLine): Promise<ExitCode> {
  const path = servicePath(context.settings.root, 'locks', name);
  const { Mutex, ReadWriteLock } = await import('@reeve/recipes');
  if (line !== undefined && (raw.who === true || raw.revoke === true))
    throw usageError('--who and --revoke run no command');
  if (raw.who === true) {
    await withClient(context, async (client) =>
      showParticipants(context.output, await new ReadWriteLock(client, { path }).participants()),
    );
    return exitCodes.ok;
  }
  const lockOn = (client: Client, safetyMs?: number): Lock =>
    raw.shared === true ? new ReadWriteLock(client, { path, safetyMs }).read : new Mutex(client, { path, safetyMs });
  if (raw.revoke === true) return withClient(context, (client) => revoke(context, lockOn(client), name));
  const example = `reeve lock ${name} -- ./backup.sh`;
  return runHolding(context, { what: `the lock "${name}"`, raw, line: commandLine(line, example), on: lockOn });
}

/** Asks whoever holds it to give it back. */
export async function revoke(
  { output }: Context,
  held: { participants(): Promise<readonly Participant[]>; askToRevoke(): Promise<number> },
  name: string,
): Promise<ExitCode> {
  const asked = await held.askToRevoke();
  const words = asked === 0 ? `nobody holds "${name}"` : `asked ${asked} to give "${name}" back`;
  await output.show({ asked }, () => words);
  return exitCodes.ok;
}
