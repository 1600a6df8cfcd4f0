import { readFileSync } from 'node:fs';
import { codeOf } from '@reeve/base';
import { Command, CommanderError } from 'commander';
import { type CliError, interrupted, usageError } from './cli-error.ts';
import { type Act, examples, type Work } from './commands/act.ts';
import { contextOf } from './context.ts';
import { type ExitCode, exitCodes } from './exit-codes.ts';
import { colorsFor } from './output/colors.ts';
import { hasParent, tellParent } from './processes/parent.ts';
import { formatReport, reportOf } from './report-error.ts';
import { withPlace } from './settings.ts';

const exitCodesHelp = `
Exit codes:
  0  done                       5    understood and refused
  1  a task did not succeed     6    what was held was lost
  2  wrong usage                124  not in time
  3  there is no such thing     130  interrupted
  4  no coordinator answers     126, 127  a command behind "--" cannot be run
`;

/** Runs `reeve` with these arguments and says what to exit with. `stop` fires at the first signal to stop. */
export async function run(argv: readonly string[], stop: AbortSignal): Promise<ExitCode> {
  let exitCode: ExitCode = exitCodes.ok;
  const act: Act = async (command: Command, work: Work) => {
    exitCode = (await work(contextOf(command.optsWithGlobals(), stop))) ?? exitCodes.ok;
  };
  try {
    const { own, command } = splitCommand(argv);
    const program = await buildProgram(act, own, command);
    if (own.length === 0) program.outputHelp();
    else await parse(program, own);
    return exitCode;
  } catch (error) {
    // Who has given up waiting was told to.
    return fail(stop.aborted && codeOf(error) === 'aborted' ? interrupted() : error, argv);
  }
}

/** Adds commands to the program. `line` is what stands after "--", where a command takes a command line. */
type Add = (program: Command, act: Act, line?: readonly string[]) => void;

interface Group {
  readonly heading: string;
  readonly commands: readonly { readonly names: readonly string[]; readonly load: () => Promise<Add> }[];
}

/** Every command. Each is loaded when it is asked for: a process that starts is not to wait for the others. */
const groups: readonly Group[] = [
  {
    heading: 'Run Reeve:',
    commands: [
      { names: ['up'], load: async () => (await import('./commands/up.ts')).addUp },
      { names: ['coordinator'], load: async () => (await import('./commands/coordinator.ts')).addCoordinator },
      { names: ['master'], load: async () => (await import('./commands/master.ts')).addMaster },
      { names: ['worker'], load: async () => (await import('./commands/worker.ts')).addWorker },
      { names: ['migrate'], load: async () => (await import('./commands/migrate.ts')).addMigrate },
    ],
  },
  {
    heading: 'Use it:',
    commands: [
      { names: ['submit'], load: async () => (await import('./commands/submit.ts')).addSubmit },
      { names: ['tasks'], load: async () => (await import('./commands/tasks.ts')).addTasks },
      { names: ['status'], load: async () => (await import('./commands/status.ts')).addStatus },
      { names: ['workers', 'masters'], load: async () => (await import('./commands/fleet.ts')).addFleet },
    ],
  },
  {
    heading: 'Coordinate:',
    commands: [
      { names: ['lock'], load: async () => (await import('./commands/lock.ts')).addLock },
      { names: ['semaphore'], load: async () => (await import('./commands/semaphore.ts')).addSemaphore },
      { names: ['elect'], load: async () => (await import('./commands/elect.ts')).addElect },
      { names: ['queue'], load: async () => (await import('./commands/queue.ts')).addQueue },
      { names: ['barrier'], load: async () => (await import('./commands/barrier.ts')).addBarrier },
      { names: ['config'], load: async () => (await import('./commands/config.ts')).addConfig },
      { names: ['service'], load: async () => (await import('./commands/service.ts')).addService },
      { names: ['znode'], load: async () => (await import('./commands/znode.ts')).addZnode },
    ],
  },
  {
    heading: 'See it survive:',
    commands: [{ names: ['demo'], load: async () => (await import('./commands/demo.ts')).addDemo }],
  },
];

/** The command line, with the one command that it names; with all of them when it names none that is known. */
async function buildProgram(act: Act, own: readonly string[], line?: readonly string[]): Promise<Command> {
  const program = new Command('reeve')
    .description('Runs tasks on many machines: none is lost, each is finished once.')
    .configureOutput({ writeErr: () => {} })
    .exitOverride()
    .showSuggestionAfterError()
    .addHelpText('after', examples('reeve up', 'reeve submit --wait -- echo hello', 'reeve status') + exitCodesHelp);
  withPlace(program);
  const named = own[0] ?? '';
  const isKnown = groups.some(({ commands }) => commands.some(({ names }) => names.includes(named)));
  // Behind a command it is the command's: `reeve znode set --version 3`.
  if (!isKnown) program.version(version(), '-V, --version');
  for (const { heading, commands } of groups) {
    program.commandsGroup(heading);
    for (const { names, load } of commands) if (!isKnown || names.includes(named)) (await load())(program, act, line);
  }
  return program;
}

/** Commands behind whose "--" stands a command line of its own, whose options are none of ours. */
const linesBehind = ['submit', 'lock', 'elect', 'semaphore', 'config', 'service', 'queue', 'barrier', 'create'];

/** Separates our own arguments from the command line behind "--". */
function splitCommand(argv: readonly string[]): { own: readonly string[]; command?: readonly string[] } {
  const dashes = argv.indexOf('--');
  if (dashes < 0 || !linesBehind.some((name) => argv.slice(0, dashes).includes(name))) return { own: argv };
  return { own: argv.slice(0, dashes), command: argv.slice(dashes + 1) };
}

/** Says what went wrong: to the parent process, to a program, or to a person. */
async function fail(error: unknown, argv: readonly string[]): Promise<ExitCode> {
  const report = reportOf(error);
  if (hasParent()) {
    await tellParent({ kind: 'failed', report });
    return report.exitCode;
  }
  const { stderr, env } = process;
  const isDebug = argv.includes('debug') && error instanceof Error;
  const text = formatReport(report, colorsFor({ isTTY: stderr.isTTY === true, env }));
  const { exitCode, ...facts } = report;
  stderr.write(`${argv.includes('--json') ? JSON.stringify({ error: facts }) : text}\n`);
  if (isDebug) stderr.write(`${error.stack}\n`);
  return exitCode;
}

/** Parses a line and does what it asks for. */
async function parse(program: Command, own: readonly string[]): Promise<void> {
  try {
    await program.parseAsync(own, { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode !== 0) throw usageOf(error, program, own);
  }
}

/** What commander found wrong, in our words. Its message may hold a suggestion on a second line. */
function usageOf(error: CommanderError, program: Command, own: readonly string[]): CliError {
  const [message = '', suggestion = ''] = error.message.replace(/^error: /, '').split('\n');
  const command = commandIn(program, own);
  const help = `See "${[program.name(), ...command, '--help'].join(' ')}".`;
  if (error.code !== 'commander.help') {
    return usageError(message, suggestion === '' ? help : `${suggestion.replace(/^\(|\)$/g, '')} ${help}`);
  }
  const isKnown = command.length > 0;
  return usageError(isKnown ? `"${command.join(' ')}" is not a whole command` : 'there is no such command', help);
}

/** The words of a line that name a command, as far as it is known. */
function commandIn(command: Command, line: readonly string[]): readonly string[] {
  const [word = '', ...more] = line;
  if (word.startsWith('-')) {
    const option = command.options.find(({ long, short }) => long === word || short === word);
    return commandIn(command, option?.required === true ? more.slice(1) : more);
  }
  const next = command.commands.find((one) => one.name() === word || one.aliases().includes(word));
  return next === undefined ? [] : [next.name(), ...commandIn(next, more)];
}

function version(): string {
  const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as Package;
  return version;
}

interface Package {
  readonly version: string;
}
