import { type Command, Option } from 'commander';
import { addAcl } from '../input/access-list.ts';
import { duration } from '../input/duration.ts';
import { wholeNumber } from '../input/numbers.ts';
import { withSettings } from '../settings.ts';
import { conflictChoices } from '../znodes/importing.ts';
import { type Act, examples } from './act.ts';
import { drawTree, getZnode, listZnodes, type RawGet, type RawLs, type RawTree } from './znode-read.ts';
import { exportZnodes, importZnodes, type RawExport, type RawImport } from './znode-transfer.ts';
import { type RawWatch, watchZnodes } from './znode-watch.ts';
import { createZnode, deleteZnode, type RawCreate, type RawDelete, type RawSet, setZnode } from './znode-write.ts';

const LINES_DEFAULT = 1_000;
const version = wholeNumber({ min: 0, max: 0x7fffffff });
const depth = wholeNumber({ min: 0, max: 10_000 });
const lines = wholeNumber({ min: 1, max: 10_000_000 });
const dataArgument = 'text, @file, or - for standard input';

/** `reeve znode …`: looks at znodes and changes them, one by one or as trees. */
export function addZnode(program: Command, act: Act, line?: readonly string[]): void {
  const znode = program
    .command('znode')
    .summary('look at znodes, follow and change them')
    .description('Looks at znodes, follows them, changes them. Paths begin at the root of the service, not at --root.');
  addLs(znode, act);
  addGet(znode, act);
  addTree(znode, act);
  addCreate(znode, act, line);
  addSet(znode, act);
  addDelete(znode, act);
  addWatch(znode, act);
  addExport(znode, act);
  addImport(znode, act);
}

function addLs(znode: Command, act: Act): void {
  const command = znode
    .command('ls')
    .summary('list the children of a znode')
    .description('Lists the children of a znode by name.')
    .argument('[path]', 'the znode', '/')
    .option('-l, --long', 'with size, children, version, time and owner');
  withSettings(command)
    .addHelpText('after', examples('reeve znode ls', 'reeve znode ls -l /shop/tills'))
    .action((path: string, raw: RawLs, self: Command) => act(self, (context) => listZnodes(context, path, raw)));
}

function addGet(znode: Command, act: Act): void {
  const command = znode
    .command('get')
    .summary('print what a znode holds')
    .description('Prints what a znode holds, byte by byte and nothing else.')
    .argument('<path>')
    .option('--stat', 'print what the service knows of the znode instead');
  withSettings(command)
    .addHelpText(
      'after',
      examples(
        'reeve znode get /shop/limits',
        'reeve znode get --stat /shop/limits',
        'reeve znode get --json /shop/limits',
      ),
    )
    .action((path: string, raw: RawGet, self: Command) => act(self, (context) => getZnode(context, path, raw)));
}

function addTree(znode: Command, act: Act): void {
  const command = znode
    .command('tree')
    .summary('draw a znode and all below it')
    .description('Draws a znode and all below it, with sizes.')
    .argument('[path]', 'the znode', '/')
    .option('-d, --depth <levels>', 'no deeper than this', depth)
    .option('-n, --limit <number>', 'the most znodes to draw', lines, LINES_DEFAULT);
  withSettings(command)
    .addHelpText('after', examples('reeve znode tree /shop', 'reeve znode tree --depth 1'))
    .action((path: string, raw: RawTree, self: Command) => act(self, (context) => drawTree(context, path, raw)));
}

function addCreate(znode: Command, act: Act, line: readonly string[] | undefined): void {
  const command = znode
    .command('create')
    .summary('create a znode, for good or for a while')
    .description(
      'Creates a znode and prints its path. An ephemeral one is there while a command behind "--" runs, which finds ' +
        'its path in REEVE_ZNODE, or with --hold until Ctrl-C.',
    )
    .argument('<path>')
    .argument('[data]', dataArgument)
    .option('-p, --parents', 'create what is missing above it too')
    .option('-s, --sequential', 'have the service append a number that grows')
    .option('-e, --ephemeral', 'gone with the session of this command')
    .option('--hold', 'keep an ephemeral znode until Ctrl-C')
    .option('--session-timeout <duration>', 'how long an ephemeral znode outlives a command that was killed', duration)
    .option('--container', 'gone some time after its last child')
    .option('--ttl <duration>', 'gone when it has had no children and was not written for so long', duration)
    .option('--acl <entry>', 'who may do what, scheme:id:perms; may be repeated (default: world:anyone:rwcda)', addAcl);
  withSettings(command)
    .addHelpText(
      'after',
      examples(
        'reeve znode create --parents /shop/limits \'{"max": 3}\'',
        'reeve znode create --sequential /shop/orders/order- @order.json',
        'reeve znode create --ephemeral /shop/tills/4 open -- ./till.sh',
      ),
    )
    .action((path: string, argument: string | undefined, raw: RawCreate, self: Command) =>
      act(self, (context) => createZnode(context, { path, argument, raw, line })),
    );
}

function addSet(znode: Command, act: Act): void {
  const command = znode
    .command('set')
    .summary('write what a znode holds')
    .description('Writes what a znode holds.')
    .argument('<path>')
    .argument('<data>', dataArgument)
    .option('--version <number>', 'only when this is its version', version)
    .option('--create', 'create it first when it is missing, and what is missing above it');
  withSettings(command)
    .addHelpText(
      'after',
      examples('reeve znode set /shop/limits \'{"max": 4}\'', 'reeve znode set /shop/logo - < logo.png'),
    )
    .action((path: string, data: string, raw: RawSet, self: Command) =>
      act(self, (context) => setZnode(context, [path, data], raw)),
    );
}

function addDelete(znode: Command, act: Act): void {
  const command = znode
    .command('delete')
    .summary('delete a znode, or a tree')
    .description('Deletes a znode, with --recursive all below it as well. It does not ask.')
    .argument('<path>')
    .option('-r, --recursive', 'with all below it, the deepest first; not one transaction')
    .option('--version <number>', 'only when this is its version', version);
  withSettings(command)
    .addHelpText('after', examples('reeve znode delete /shop/limits', 'reeve znode delete --recursive /shop'))
    .action((path: string, raw: RawDelete, self: Command) => act(self, (context) => deleteZnode(context, path, raw)));
}

function addWatch(znode: Command, act: Act): void {
  const command = znode
    .command('watch')
    .summary('tell what happens to a znode and below it')
    .description(
      'Prints what happens to a znode and all below it: + created, * written, - deleted. Goes on over lost connections ' +
        'and sessions, and then tells what was missed. Changes of one znode that come close together may be one line.',
    )
    .argument('<path>', 'the znode; it need not be there')
    .option('-d, --depth <levels>', 'no deeper than this; 0: the znode alone', depth)
    .option('--data', 'with what the znodes hold')
    .option('--names', 'read names alone, for large trees: writes that were missed are not told then')
    .option('--initial', 'tell first what is there')
    .option('-n, --count <number>', 'end after so many changes', lines)
    .option('--timeout <duration>', 'end after so long, with exit code 124', duration);
  withSettings(command)
    .addHelpText('after', examples('reeve znode watch /shop', 'reeve znode watch --depth 0 --count 1 /shop/limits'))
    .action((path: string, raw: RawWatch, self: Command) => act(self, (context) => watchZnodes(context, path, raw)));
}

function addExport(znode: Command, act: Act): void {
  const command = znode
    .command('export')
    .summary('write a tree as lines of JSON')
    .description(
      'Writes a znode and all below it as lines of JSON, with access lists, parents first and by name. Ephemerals stay ' +
        'out. It is no snapshot; sequence counters, containers and times to live are not in it ("reeve migrate", ' +
        '"reeve coordinator backup").',
    )
    .argument('<path>')
    .option('-o, --out <file>', 'write into this file, as a whole or not at all');
  withSettings(command)
    .addHelpText(
      'after',
      examples('reeve znode export /shop > shop.jsonl', 'reeve znode export /shop --out shop.jsonl'),
    )
    .action((path: string, raw: RawExport, self: Command) => act(self, (context) => exportZnodes(context, path, raw)));
}

function addImport(znode: Command, act: Act): void {
  const command = znode
    .command('import')
    .summary('create what an export holds')
    .description(
      'Creates what an export holds. What is there already and the same is no conflict: an import that was interrupted ' +
        'is finished by running it again.',
    )
    .argument('<file>', 'what "reeve znode export" has written, or - for standard input')
    .option('--into <path>', 'where to; the path that was exported unless given')
    .addOption(
      new Option('--conflicts <choice>', 'what to do with what is there and different')
        .choices(conflictChoices)
        .default('refuse', 'refuse, before anything is written'),
    )
    .option('--dry-run', 'say what would be done, and write nothing');
  withSettings(command)
    .addHelpText(
      'after',
      examples('reeve znode import shop.jsonl --dry-run', 'reeve znode import shop.jsonl --into /copy'),
    )
    .action((file: string, raw: RawImport, self: Command) => act(self, (context) => importZnodes(context, file, raw)));
}
