import { Argument, type Command, Option } from 'commander';
import { duration } from '../input/duration.ts';
import { wholeNumber } from '../input/numbers.ts';
import { withSettings } from '../settings.ts';
import { type Act, examples } from './act.ts';
import { cancelTasks, retryTasks } from './change-tasks.ts';
import { getTask } from './get-task.ts';
import { listTasks, type RawList } from './list-tasks.ts';
import { watchTasks } from './watch-tasks.ts';

const states = ['waiting', 'running', 'succeeded', 'failed', 'cancelled', 'lost', 'expired'];

/** `reeve tasks …`: look at tasks, follow them, call them off, run them again. */
export function addTasks(program: Command, act: Act): void {
  const tasks = program
    .command('tasks')
    .summary('list, follow, cancel and retry tasks')
    .description('Looks at tasks, follows them, calls them off, runs them again.');
  addList(tasks, act);
  addGet(tasks, act);
  addWatch(tasks, act);
  addCancel(tasks, act);
  addRetry(tasks, act);
}

function addList(tasks: Command, act: Act): void {
  withSettings(
    tasks
      .command('list')
      .description('Lists tasks, the newest first.')
      .addOption(new Option('-s, --state <state>', 'only those in this state').choices(states))
      .option('-q, --queue <name>', 'only those of this queue')
      .option('-n, --limit <number>', 'the most tasks to list', wholeNumber({ min: 1, max: 1_000_000 }), 20)
      .option('--before <id>', 'only those submitted before this one: the next page'),
  )
    .addHelpText(
      'after',
      examples('reeve tasks list --state failed', 'reeve tasks list --queue images --json | jq .taskId'),
    )
    .action((raw: RawList, self: Command) => act(self, (context) => listTasks(context, raw)));
}

function addGet(tasks: Command, act: Act): void {
  withSettings(
    tasks.command('get').description('Shows all that is known of a task, and why it waits.').argument('<id>'),
  )
    .addHelpText('after', examples('reeve tasks get 01a1f9d8-ea13-7650-9fc1-40191144f53a'))
    .action((id: string, _raw, self: Command) => act(self, (context) => getTask(context, id)));
}

function addWatch(tasks: Command, act: Act): void {
  const command = tasks
    .command('watch')
    .description('Prints each change of all tasks, until Ctrl-C; or of some, until all of them are finished.')
    .addArgument(new Argument('[ids...]', 'tasks to follow'));
  withSettings(command)
    .addHelpText('after', examples('reeve tasks watch', 'reeve tasks watch $(reeve submit resize)'))
    .action((ids: readonly string[], _raw, self: Command) => act(self, (context) => watchTasks(context, ids)));
}

function addCancel(tasks: Command, act: Act): void {
  const command = tasks
    .command('cancel')
    .description('Calls tasks off: one that waits ends at once, one that runs when its handler gives up.')
    .argument('<ids...>')
    .option('--wait-timeout <duration>', 'wait until they have ended, but no longer than this', duration);
  withSettings(command)
    .addHelpText('after', examples('reeve tasks cancel 01a1f9d8-ea13-7650-9fc1-40191144f53a'))
    .action((ids: readonly string[], raw: { readonly waitTimeout?: number }, self: Command) =>
      act(self, (context) => cancelTasks(context, ids, raw.waitTimeout)),
    );
}

function addRetry(tasks: Command, act: Act): void {
  withSettings(
    tasks
      .command('retry')
      .description('Runs finished tasks again, from the first attempt: failed and lost ones, or any other.')
      .argument('<ids...>'),
  )
    .addHelpText('after', examples('reeve tasks retry 01a1f9d8-ea13-7650-9fc1-40191144f53a'))
    .action((ids: readonly string[], _raw, self: Command) => act(self, (context) => retryTasks(context, ids)));
}
