import { codeOf } from '@reeve/base';
import type { Command } from 'commander';
import { CliError, usageError } from '../cli-error.ts';
import { type Context, withClient } from '../context.ts';
import { type ExitCode, exitCodes } from '../exit-codes.ts';
import { duration } from '../input/duration.ts';
import { wholeNumber } from '../input/numbers.ts';
import { servicePath } from '../input/service-name.ts';
import { withSettings } from '../settings.ts';
import { type Act, examples } from './act.ts';
import { enterBarrier, type RawEnter } from './barrier-enter.ts';
import { untilStopped, withHolding } from './run-holding.ts';

interface RawWait {
  readonly timeout?: number;
}

/** `reeve barrier …`: holds scripts back, or lets several begin together. `line` is what stands after "--". */
export function addBarrier(program: Command, act: Act, line?: readonly string[]): void {
  const barrier = program
    .command('barrier')
    .summary('hold scripts back, or let several begin together')
    .description('A barrier holds back who waits while it is closed, or lets several begin and end together.');
  addPart(barrier, act, { verb: 'close', says: 'Closes a barrier: who waits at it stays until it is opened.' });
  addPart(barrier, act, { verb: 'open', says: 'Opens a barrier: all who wait at it go on.' });
  addWait(barrier, act);
  addEnter(barrier, act, line);
}

interface Part {
  readonly verb: 'open' | 'close';
  readonly says: string;
}

function addPart(barrier: Command, act: Act, { verb, says }: Part): void {
  withSettings(barrier.command(verb).description(says).argument('<name>', 'the barrier'))
    .addHelpText('after', examples(`reeve barrier ${verb} maintenance`))
    .action((name: string, _raw, self: Command) =>
      act(self, async (context) => {
        const path = servicePath(context.settings.root, 'barriers', name);
        const { Barrier } = await import('@reeve/recipes');
        await withClient(context, (client) => new Barrier(client, path)[verb]({ signal: context.signal }));
        return exitCodes.ok;
      }),
    );
}

function addWait(barrier: Command, act: Act): void {
  const wait = barrier
    .command('wait')
    .description('Waits while a barrier is closed; ends at once when it is open, or was never closed.')
    .argument('<name>', 'the barrier')
    .option('-t, --timeout <duration>', 'wait no longer than this; exit code 124 when that is over', duration);
  withSettings(wait)
    .addHelpText('after', examples('reeve barrier wait maintenance && ./nightly.sh'))
    .action((name: string, raw: RawWait, self: Command) => act(self, (context) => waitAt(context, name, raw)));
}

async function waitAt(context: Context, name: string, { timeout }: RawWait): Promise<ExitCode> {
  const path = servicePath(context.settings.root, 'barriers', name);
  const { Barrier } = await import('@reeve/recipes');
  return untilStopped(context, (started) =>
    withClient(context, async (client) => {
      started();
      try {
        await new Barrier(client, path).wait({ signal: context.stop, timeoutMs: timeout });
        return exitCodes.ok;
      } catch (error) {
        if (context.stop.aborted) return exitCodes.interrupted;
        if (codeOf(error) !== 'deadline_exceeded') throw error;
        throw new CliError({ code: 'not_obtained', exitCode: exitCodes.timedOut }, `the barrier "${name}" is closed`);
      }
    }),
  );
}

function addEnter(barrier: Command, act: Act, line: readonly string[] | undefined): void {
  const enter = barrier
    .command('enter')
    .description(
      'Waits until --members have entered, then runs COMMAND, then waits until all of them have ended; ends with the ' +
        'exit code of COMMAND. Without a COMMAND it ends when all are there.',
    )
    .usage('[options] NAME --members COUNT [-- COMMAND [ARG…]]')
    .argument('<name>', 'the barrier')
    .requiredOption('--members <count>', 'how many must be there', wholeNumber({ min: 1, max: 10_000 }))
    .option('-t, --timeout <duration>', 'wait for the others no longer than this; exit code 124 then', duration);
  withSettings(withHolding(enter))
    .addHelpText('after', examples('reeve barrier enter race --members 3 -- ./run.sh'))
    .action((name: string, raw: RawEnter, self: Command) => {
      if (line?.length === 0) throw usageError('there is no command after "--"');
      return act(self, (context) => enterBarrier(context, { name, raw, line }));
    });
}
