import type { Client } from '@reeve/client';
import type { Command } from 'commander';
import { usageError } from '../cli-error.ts';
import { type Context, withClient } from '../context.ts';
import { type ExitCode, exitCodes } from '../exit-codes.ts';
import { wholeNumber } from '../input/numbers.ts';
import { servicePath } from '../input/service-name.ts';
import { showParticipants } from '../output/participants.ts';
import { withSettings } from '../settings.ts';
import { type Act, examples } from './act.ts';
import { revoke } from './lock.ts';
import { commandLine, type RawHolding, runHolding, withHolding, withWaiting } from './run-holding.ts';

const LEASES_MAX = 1_000_000;

/** The options of `reeve semaphore`, as commander gives them. */
interface RawSemaphore extends RawHolding {
  readonly leases?: number;
  readonly resize?: number;
  readonly who?: true;
  readonly revoke?: true;
}

const help = examples(
  'reeve semaphore import --leases 3 -- ./import.sh a.csv',
  'reeve semaphore import --leases 3 --try -- ./import.sh a.csv',
  'reeve semaphore import --resize 5        # from now on, for all, whatever their --leases',
  'reeve semaphore import --who',
);

/** `reeve semaphore`: runs a command while one of so many leases is held. `line` is what stands after "--". */
export function addSemaphore(program: Command, act: Act, line: readonly string[] | undefined): void {
  const semaphore = program
    .command('semaphore')
    .summary('run a command, but only so many at a time')
    .description(
      'Waits for one of so many leases and runs COMMAND while it is held; ends with the exit code of COMMAND. When the ' +
        'lease is lost, COMMAND is ended before anybody else can have it, and the exit code is 6.',
    )
    .usage('[options] NAME --leases COUNT -- COMMAND [ARG…]')
    .argument('<name>', 'the semaphore')
    .option('--leases <count>', 'how many may run at once (default: 1); all should say the same', leases)
    .option('--resize <count>', 'set, for all and for good, how many may run at once', leases)
    .option('--who', 'say who holds a lease and who waits for one')
    .option('--revoke', 'ask everybody who holds a lease to give it back');
  withSettings(withHolding(withWaiting(semaphore)))
    .addHelpText('after', help)
    .action((name: string, raw: RawSemaphore, self: Command) =>
      act(self, (context) => runSemaphore(context, { name, raw, line })),
    );
}

interface SemaphoreLine {
  readonly name: string;
  readonly raw: RawSemaphore;
  readonly line: readonly string[] | undefined;
}

async function runSemaphore(context: Context, { name, raw, line }: SemaphoreLine): Promise<ExitCode> {
  const path = servicePath(context.settings.root, 'semaphores', name);
  const { Semaphore } = await import('@reeve/recipes');
  const on = (client: Client, safetyMs?: number) => new Semaphore(client, { path, leases: raw.leases ?? 1, safetyMs });
  const { who, resize } = raw;
  if (who === true || resize !== undefined || raw.revoke === true) {
    if (line !== undefined) throw usageError('--who, --resize and --revoke run no command');
    return withClient(context, async (client) => {
      const semaphore = on(client);
      if (resize !== undefined) await semaphore.resize(resize);
      if (raw.revoke === true) return revoke(context, semaphore, name);
      if (who === true) await showParticipants(context.output, await semaphore.participants());
      else await context.output.show({ leases: resize }, () => `${resize} may hold "${name}" at once`);
      return exitCodes.ok;
    });
  }
  const example = `reeve semaphore ${name} --leases 3 -- ./import.sh`;
  return runHolding(context, { what: `a lease of "${name}"`, raw, line: commandLine(line, example), on });
}

const leases = wholeNumber({ min: 1, max: LEASES_MAX });
