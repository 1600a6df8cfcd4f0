import type { JsonSchema } from '@reeve/configuration';
import type { Command } from 'commander';
import { CliError, usageError } from '../cli-error.ts';
import type { Context } from '../context.ts';
import { type ExitCode, exitCodes } from '../exit-codes.ts';
import { readPayload } from '../input/json-input.ts';
import type { Act } from './act.ts';
import { configOptions, withConfig, withPlaceAndExamples } from './config-place.ts';

/** `reeve config schema …`: what values may be. */
export function addConfigSchema(config: Command, act: Act): void {
  const schema = config
    .command('schema')
    .summary('say what values may be')
    .description(
      'JSON Schemas that every publish is checked by. That of a key is about its value, that of a tree about an object of all ' +
        'below it.',
    );
  withPlaceAndExamples(
    schema
      .command('set')
      .description('Publishes a schema. What is there must conform.')
      .argument('<key>', 'a key, or a tree of keys')
      .argument('<schema>', 'JSON, @FILE, or - for standard input'),
    `reeve config schema set billing/limits/max '{"type": "integer", "minimum": 0}'`,
    'reeve config schema set billing @billing.schema.json',
  ).action((key: string, text: string, _raw: object, self: Command) =>
    act(self, (context) => setSchema(context, key, text)),
  );
  withPlaceAndExamples(
    schema.command('get').description('Prints a schema.').argument('<key>', 'a key, or a tree of keys'),
    'reeve config schema get billing',
  ).action((key: string, _raw: object, self: Command) => act(self, (context) => getSchema(context, key)));
  withPlaceAndExamples(
    schema.command('list').description('Lists what has a schema, the keys of Reeve itself included.'),
    'reeve config schema list',
  ).action((_raw: object, self: Command) => act(self, listSchemas));
  withPlaceAndExamples(
    schema.command('delete').description('Withdraws a schema.').argument('<key>', 'a key, or a tree of keys'),
    'reeve config schema delete billing',
  ).action((key: string, _raw: object, self: Command) => act(self, (context) => deleteSchema(context, key)));
}

async function setSchema(context: Context, key: string, text: string): Promise<ExitCode> {
  const schema = (await readPayload(text, process.stdin)) as JsonSchema;
  await checkFree(context, key);
  const { ConfigSchemas } = await import('@reeve/configuration');
  const { signal, output } = context;
  await withConfig(context, undefined, (client, options) =>
    new ConfigSchemas(client, options).set(key, schema, { signal }),
  );
  await output.show({ key }, () => `${key} has a schema`);
  return exitCodes.ok;
}

/** Those of the platform are no znodes: nobody could withdraw them. */
async function checkFree(context: Context, key: string): Promise<void> {
  if (configOptions(context).schemas?.[key] === undefined) return;
  throw usageError(`the schema of ${key} is that of Reeve itself`, 'Give the keys below it schemas of their own.');
}

async function allSchemas(context: Context): Promise<Readonly<Record<string, JsonSchema>>> {
  const { ConfigSchemas } = await import('@reeve/configuration');
  const { signal } = context;
  const published = await withConfig(context, undefined, (client, options) =>
    new ConfigSchemas(client, options).list({ signal }),
  );
  return { ...configOptions(context).schemas, ...published };
}

async function getSchema(context: Context, key: string): Promise<ExitCode> {
  const schema = (await allSchemas(context))[key];
  if (schema === undefined)
    throw new CliError({ code: 'not_found', exitCode: exitCodes.notFound }, `${key} has no schema`);
  await context.output.show(schema, () => JSON.stringify(schema, null, 2));
  return exitCodes.ok;
}

async function listSchemas(context: Context): Promise<ExitCode> {
  const keys = Object.keys(await allSchemas(context)).toSorted();
  if (context.output.format === 'json') await context.output.json(keys);
  else for (const key of keys) await context.output.line(key);
  return exitCodes.ok;
}

async function deleteSchema(context: Context, key: string): Promise<ExitCode> {
  await checkFree(context, key);
  const { ConfigSchemas } = await import('@reeve/configuration');
  const { signal, output } = context;
  await withConfig(context, undefined, (client, options) => new ConfigSchemas(client, options).remove(key, { signal }));
  await output.show({ key }, () => `${key} has no schema any more`);
  return exitCodes.ok;
}
