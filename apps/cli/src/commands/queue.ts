import type { Command } from 'commander';
import { duration } from '../input/duration.ts';
import { wholeNumber } from '../input/numbers.ts';
import { withSettings } from '../settings.ts';
import { type Act, examples } from './act.ts';
import { listQueue, type RawQueueLs, showQueueStats } from './queue-look.ts';
import { putIntoQueue, type RawPut } from './queue-put.ts';
import { type RawTake, takeFromQueue } from './queue-take.ts';
import { withHolding } from './run-holding.ts';

const priority = wholeNumber({ min: 0, max: 999 });
const count = wholeNumber({ min: 1, max: 1_000_000 });

/** `reeve queue …`: puts items into queues, takes them out, looks at them. `line` is what stands after "--". */
export function addQueue(program: Command, act: Act, line?: readonly string[]): void {
  const queue = program
    .command('queue')
    .summary('put items into a queue, and take them out')
    .description('Queues of items that are taken once, and come back when who took them fails or dies.');
  addPut(queue, act);
  addTake(queue, act, line);
  addLs(queue, act);
  addStats(queue, act);
}

function addPut(queue: Command, act: Act): void {
  const put = queue
    .command('put')
    .summary('put items into a queue')
    .description(
      'Puts each DATA as an item: text as it stands, @FILE, or - for standard input, of 1,000,000 bytes at most.',
    )
    .argument('<name>', 'the queue; made when it is missing')
    .argument('[data...]', 'the items; standard input unless given')
    .option('--lines', 'each line of standard input is an item of its own')
    .option('--priority <number>', 'lower goes first, 0 to 999 (default: 100)', priority)
    .option('--delay <duration>', 'cannot be taken before this time has passed, such as 30s', duration)
    .option('--limit <count>', 'wait for room when there are so many items already', count)
    .option('-t, --timeout <duration>', 'wait no longer than this; exit code 124 when that is over', duration)
    .option('-n, --try', 'do not wait for room; exit code 5 when there is none');
  withSettings(put)
    .addHelpText(
      'after',
      examples(
        'reeve queue put mails "to: ada"',
        'reeve queue put --delay 10m reminders "stand up"',
        'make-report | reeve queue put --priority 1 reports -',
        'find . -name "*.png" | reeve queue put --lines pictures',
      ),
    )
    .action((name: string, data: readonly string[], raw: RawPut, self: Command) =>
      act(self, (context) => putIntoQueue(context, { name, data, raw })),
    );
}

function addTake(queue: Command, act: Act, line: readonly string[] | undefined): void {
  const take = queue
    .command('take')
    .summary('take items out of a queue')
    .description(
      'Waits for an item and prints it, or gives it to COMMAND as its standard input. An item for which COMMAND ends with ' +
        '0 is done; otherwise it goes back into the queue, also when this process dies. COMMAND finds REEVE_ITEM, ' +
        'REEVE_ATTEMPT and REEVE_FENCE in its environment.',
    )
    .usage('[options] NAME [-- COMMAND [ARG…]]')
    .argument('<name>', 'the queue; made when it is missing')
    .option('--count <count>', 'take so many items, one after the other (default: 1)', count)
    .option('-f, --follow', 'take one after the other until Ctrl-C, also when COMMAND fails')
    .option('-t, --timeout <duration>', 'wait for each no longer than this; exit code 124 when that is over', duration)
    .option('-n, --try', 'do not wait at all')
    .option('--raw', 'print items as they are, without a line end behind each')
    .option('--attempts <count>', 'an item that fails for the so-manieth time goes to the queue NAME.failed', count);
  withSettings(withHolding(take))
    .addHelpText(
      'after',
      examples(
        'reeve queue take mails',
        'reeve queue take --try --raw reports > report.pdf',
        'reeve queue take --follow --attempts 5 mails -- ./send.sh',
      ),
    )
    .action((name: string, raw: RawTake, self: Command) =>
      act(self, (context) => takeFromQueue(context, { name, raw, line })),
    );
}

function addLs(queue: Command, act: Act): void {
  const ls = queue
    .command('ls')
    .summary('list the queues, or the items of one')
    .description('Lists the queues, or the items of one in the order in which they are taken.')
    .argument('[name]', 'the queue')
    .option('--limit <count>', 'so many items at most (default: 100)', count);
  withSettings(ls)
    .addHelpText('after', examples('reeve queue ls', 'reeve queue ls mails', 'reeve queue ls --json mails'))
    .action((name: string | undefined, raw: RawQueueLs, self: Command) =>
      act(self, (context) => listQueue(context, name, raw)),
    );
}

function addStats(queue: Command, act: Act): void {
  const stats = queue
    .command('stats')
    .summary('count what is in a queue')
    .description('Counts what is in a queue, and who waits.')
    .argument('<name>', 'the queue');
  withSettings(stats)
    .addHelpText('after', examples('reeve queue stats mails', 'reeve queue stats --json mails'))
    .action((name: string, _raw, self: Command) => act(self, (context) => showQueueStats(context, name)));
}
