import type { Changes, Stage } from '@reeve/configuration';
import type { Command } from 'commander';
import { usageError } from '../cli-error.ts';
import type { Context } from '../context.ts';
import { type ExitCode, exitCodes } from '../exit-codes.ts';
import { wholeNumber } from '../input/numbers.ts';
import { addPair, type Pairs } from '../input/pairs.ts';
import type { Act } from './act.ts';
import { assignmentsOf, documentOf } from './config-assignments.ts';
import { withAuthorship, withConfig, withPlaceAndExamples } from './config-place.ts';
import { type RawStage, stageOf, withStage } from './config-stage.ts';

interface RawAuthorship {
  readonly comment?: string;
  readonly author?: string;
}

interface RawSet extends RawAuthorship, RawStage {
  readonly file?: string;
  readonly under?: string;
  readonly text?: true;
  readonly expect?: Pairs;
}

interface RawDelete extends RawAuthorship {
  readonly recursive?: true;
}

interface RawRollback extends RawAuthorship {
  readonly to?: number;
}

const version = wholeNumber({ min: 0, max: Number.MAX_SAFE_INTEGER });

/** `reeve config set`, `delete` and `rollback`. */
export function addConfigWrite(config: Command, act: Act): void {
  addSet(config, act);
  addDelete(config, act);
  addRollback(config, act);
}

function addSet(config: Command, act: Act): void {
  const set = config
    .command('set')
    .summary('publish values')
    .description(
      'Publishes values: all of them at once, or none. A value is taken as JSON where it is JSON, and else as text; @FILE is ' +
        'read from a file, - from standard input. With --share or --label it begins a roll-out to some of those who follow.',
    )
    .argument('[assignments...]', 'KEY=VALUE')
    .option('-f, --file <file>', 'values from a JSON object; each object in it is a level of keys')
    .option('--under <key>', 'put the values of --file below this key')
    .option('--text', 'take every value as text')
    .option(
      '--expect <key=version>',
      'refuse unless the key has this version, 0: unless there is none; may be repeated',
      addPair,
    );
  withPlaceAndExamples(
    withStage(withAuthorship(set)),
    "reeve config set billing/limits/max=5 billing/currency=EUR -m 'new limits'",
    'reeve config set --file billing.json --under billing',
    'reeve config set billing/limits/max=6 --share 10%',
    'reeve config set billing/limits/max=6 --expect billing/limits/max=17',
  ).action((words: readonly string[], raw: RawSet, self: Command) =>
    act(self, (context) => setKeys(context, words, raw)),
  );
}

function addDelete(config: Command, act: Act): void {
  const remove = config
    .command('delete')
    .summary('withdraw keys')
    .description('Withdraws keys: all of them at once, or none. Their history stays, so they can be rolled back.')
    .argument('<keys...>', 'the keys')
    .option('-r, --recursive', 'trees of keys too');
  withPlaceAndExamples(
    withAuthorship(remove),
    'reeve config delete billing/currency',
    'reeve config delete -r billing',
  ).action((keys: readonly string[], raw: RawDelete, self: Command) =>
    act(self, (context) => deleteKeys(context, keys, raw)),
  );
}

function addRollback(config: Command, act: Act): void {
  const rollback = config
    .command('rollback')
    .summary('go back to an earlier version')
    .description(
      'Makes keys, or trees of keys, what they were right after a version: a new publish. Without --to, what they were before ' +
        'the last one.',
    )
    .argument('<keys...>', 'keys, or trees of keys')
    .option('--to <version>', 'the version, as "reeve config history" shows it', version);
  withPlaceAndExamples(
    withAuthorship(rollback),
    'reeve config rollback billing',
    'reeve config rollback billing --to 17',
  ).action((keys: readonly string[], raw: RawRollback, self: Command) =>
    act(self, (context) => rollBack(context, keys, raw)),
  );
}

async function setKeys(context: Context, words: readonly string[], raw: RawSet): Promise<ExitCode> {
  const set = await valuesOf(words, raw);
  const stage = stageOf(raw);
  if (stage !== undefined) return beginRollout(context, { set }, { ...raw, stage });
  const { ConfigPublisher } = await import('@reeve/configuration');
  const options = { comment: raw.comment, expected: expectedOf(raw.expect), signal: context.signal };
  const published = await withConfig(context, raw.author, (client, parts) =>
    new ConfigPublisher(client, parts).publish({ set }, options),
  );
  await context.output.show(published, () => `version ${published.revision}: ${published.keys.join(', ')}`);
  return exitCodes.ok;
}

async function valuesOf(words: readonly string[], raw: RawSet): Promise<NonNullable<Changes['set']>> {
  if (raw.under !== undefined && raw.file === undefined) throw usageError('--under goes with --file');
  const form = raw.text === true ? 'text' : 'json';
  const fromFile = raw.file === undefined ? {} : await documentOf(raw.file, raw.under ?? '');
  const set = { ...fromFile, ...(await assignmentsOf(words, { form, stdin: process.stdin })) };
  if (Object.keys(set).length > 0) return set;
  throw usageError('there is nothing to set', 'Say it like: reeve config set billing/limits/max=5');
}

function expectedOf(pairs: Pairs = {}): Readonly<Record<string, number>> {
  return Object.fromEntries(Object.entries(pairs).map(([key, text]) => [key, version(text)]));
}

async function beginRollout(
  context: Context,
  changes: Changes,
  { stage, comment, author, expect }: RawSet & { readonly stage: Stage },
): Promise<ExitCode> {
  const { ConfigRollouts } = await import('@reeve/configuration');
  const options = { comment, expected: expectedOf(expect), signal: context.signal };
  const rollout = await withConfig(context, author, (client, parts) =>
    new ConfigRollouts(client, parts).begin(changes, stage, options),
  );
  const key = rollout.entries[0]?.key ?? '';
  await context.output.show(
    rollout,
    () => `roll-out ${rollout.id} has begun: see "reeve config rollout status ${key}"`,
  );
  return exitCodes.ok;
}

async function deleteKeys(context: Context, keys: readonly string[], raw: RawDelete): Promise<ExitCode> {
  const { ConfigPublisher, ConfigReader } = await import('@reeve/configuration');
  const { signal } = context;
  const published = await withConfig(context, raw.author, async (client, parts) => {
    const found = await Promise.all(keys.map((key) => new ConfigReader(client, parts).read(key, { signal })));
    for (const [i, key] of keys.entries()) {
      if (raw.recursive === true || found[i]?.[0]?.key === key) continue;
      throw usageError(`${key} is a tree of keys`, 'Add -r to withdraw all of them.');
    }
    const remove = found.flat().map(({ key }) => key);
    return new ConfigPublisher(client, parts).publish({ remove }, { comment: raw.comment, signal });
  });
  await context.output.show(published, () => `version ${published.revision}: withdrew ${published.keys.join(', ')}`);
  return exitCodes.ok;
}

async function rollBack(context: Context, keys: readonly string[], raw: RawRollback): Promise<ExitCode> {
  const { ConfigPublisher } = await import('@reeve/configuration');
  const options = { comment: raw.comment, signal: context.signal };
  const published = await withConfig(context, raw.author, (client, parts) =>
    new ConfigPublisher(client, parts).rollback({ keys, to: raw.to }, options),
  );
  await context.output.show(published, () => `version ${published.revision}: rolled back ${published.keys.join(', ')}`);
  return exitCodes.ok;
}
