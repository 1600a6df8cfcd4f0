import type { Command } from 'commander';
import { CliError } from '../cli-error.ts';
import type { Context } from '../context.ts';
import { type ExitCode, exitCodes } from '../exit-codes.ts';
import { renderTable } from '../output/table.ts';
import type { Act } from './act.ts';
import { valueText, withConfig, withPlaceAndExamples } from './config-place.ts';

interface RawGet {
  readonly at?: number;
  readonly default?: string;
}

/** `reeve config get` and `list`. */
export function addConfigRead(config: Command, act: Act): void {
  const get = config
    .command('get')
    .summary('print a value')
    .description(
      'Prints the value of a key: text as it stands, everything else as JSON. A tree of keys is printed as one object.',
    )
    .argument('<key>', 'the key, such as billing/limits/max, or a tree of keys, such as billing')
    .option('--default <text>', 'print this when there is no such key');
  withPlaceAndExamples(
    get,
    'reeve config get billing/limits/max',
    'reeve config get billing',
    'reeve config get flags/new-ui --default false',
  ).action((key: string, raw: RawGet, self: Command) => act(self, (context) => getKey(context, key, raw)));
  const list = config
    .command('list')
    .summary('list keys')
    .description('Lists keys with their values and versions.')
    .argument('[tree]', 'only this key and those below it');
  withPlaceAndExamples(list, 'reeve config list', 'reeve config list billing --json').action(
    (tree: string | undefined, _raw: object, self: Command) => act(self, (context) => listKeys(context, tree)),
  );
}

async function getKey(context: Context, key: string, raw: RawGet): Promise<ExitCode> {
  const { ConfigReader, documentAt } = await import('@reeve/configuration');
  const { output, signal } = context;
  return withConfig(context, undefined, async (client, options) => {
    const found = await new ConfigReader(client, options).read(key, { signal }).catch((error) => {
      if (raw.default !== undefined && error?.code === 'key_unknown') return [];
      throw error;
    });
    if (found.length === 0) {
      await output.line(raw.default ?? '');
      return exitCodes.ok;
    }
    const values = found.map((one) => [one.key, one.value] as const);
    const document = documentAt(values, key);
    const isTree = found[0]?.key !== key;
    const version = Math.max(...found.map((one) => one.version));
    await output.show({ key, value: document, version }, () =>
      isTree ? JSON.stringify(document, null, 2) : valueText(document),
    );
    return exitCodes.ok;
  });
}

async function listKeys(context: Context, tree: string | undefined): Promise<ExitCode> {
  const { ConfigReader } = await import('@reeve/configuration');
  const { output, signal } = context;
  const found = await withConfig(context, undefined, (client, options) =>
    new ConfigReader(client, options).read(tree, { signal }),
  );
  if (output.format === 'json') {
    for (const one of found) await output.json(one);
    return exitCodes.ok;
  }
  if (found.length === 0)
    throw new CliError({ code: 'not_found', exitCode: exitCodes.notFound }, 'there are no keys yet');
  const columns = [
    { head: 'KEY', text: ({ key }: { key: string }) => key },
    { head: 'VERSION', text: (row: { version: number }) => String(row.version), align: 'right' as const },
    { head: 'VALUE', text: (row: (typeof found)[number]) => JSON.stringify(row.value) },
  ];
  await output.line(renderTable<(typeof found)[number]>(columns, found, output));
  return exitCodes.ok;
}
