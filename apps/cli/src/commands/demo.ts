import { type Command, Option } from 'commander';
import type { Context } from '../context.ts';
import { type ExitCode, exitCodes } from '../exit-codes.ts';
import { withOutputOptions } from '../settings.ts';
import { type Act, examples } from './act.ts';

/** `reeve demo`: real work on this machine while its processes are killed. */
export function addDemo(program: Command, act: Act): void {
  const command = program
    .command('demo')
    .summary('watch it survive kill -9 of everything')
    .description(
      'Starts all of Reeve on this machine, works through some hundred text files, kills the primary, a worker and the ' +
        'coordinator meanwhile, and compares the results with a direct computation. Leaves nothing behind.',
    )
    .option('--files <directory>', 'work on the text files below this directory');
  command.addOption(
    new Option('--coordinators <count>', 'one alone, or an ensemble of so many').choices(['1', '3', '5']).default('1'),
  );
  withOutputOptions(command)
    .addHelpText('after', examples('reeve demo', 'reeve demo --coordinators 3', 'reeve demo --files ~/notes'))
    .action((raw: DemoInput, self: Command) => act(self, (context) => demo(context, raw)));
}

interface DemoInput {
  readonly files?: string;
  readonly coordinators: string;
}

async function demo({ output, stop }: Context, { files: directory, coordinators }: DemoInput): Promise<ExitCode> {
  const [{ runDemo }, { DemoView }, { holds }] = await Promise.all([
    import('../demo/demo.ts'),
    import('../demo/view.ts'),
    import('../demo/evidence.ts'),
  ]);
  const terminal = process.stdout.isTTY === true && output.format === 'text' ? process.stdout : undefined;
  const view = new DemoView(output, terminal);
  try {
    const result = await runDemo({
      directory,
      coordinators: Number(coordinators),
      signal: stop,
      begin: (plan) => view.begin(plan),
      tell: (event) => view.show(event),
    });
    view.end();
    await view.result(result);
    return holds(result.evidence) ? exitCodes.ok : exitCodes.failed;
  } finally {
    view.end();
  }
}
