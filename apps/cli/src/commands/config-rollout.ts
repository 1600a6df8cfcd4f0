import type { ConfigRollouts, RolloutFollower, RolloutStatus } from '@reeve/configuration';
import type { Command } from 'commander';
import { usageError } from '../cli-error.ts';
import type { Context } from '../context.ts';
import { type ExitCode, exitCodes } from '../exit-codes.ts';
import { renderTable } from '../output/table.ts';
import { count } from '../output/words.ts';
import type { Act } from './act.ts';
import { withAuthorship, withConfig, withPlaceAndExamples } from './config-place.ts';
import { type RawStage, stageOf, stageText, withStage } from './config-stage.ts';

interface RawEnd {
  readonly comment?: string;
  readonly author?: string;
}

/** `reeve config rollout …`: changes that have reached some of those who follow. */
export function addConfigRollout(config: Command, act: Act): void {
  const rollout = config
    .command('rollout')
    .summary('take a change further, stage by stage')
    .description(
      'A roll-out begins with "reeve config set … --share" or "--label". It is named by any of its keys, and ends with ' +
        'complete or abort.',
    );
  const keyed = (name: string, description: string) =>
    rollout.command(name).description(description).argument('<key>', 'a key that is being rolled out');
  withPlaceAndExamples(
    rollout
      .command('status')
      .description('Says what is being rolled out, and who has it.')
      .argument('[key]', 'a key that is being rolled out; all roll-outs unless given'),
    'reeve config rollout status',
    'reeve config rollout status billing/limits/max',
  ).action((key: string | undefined, _raw: object, self: Command) => act(self, (context) => showStatus(context, key)));
  withPlaceAndExamples(
    withStage(keyed('advance', 'Goes to another stage: a larger share, other labels.')),
    'reeve config rollout advance billing/limits/max --share 50%',
  ).action((key: string, raw: RawStage, self: Command) => act(self, (context) => advance(context, key, raw)));
  withPlaceAndExamples(
    withAuthorship(keyed('complete', 'Publishes it to everybody.')),
    'reeve config rollout complete billing/limits/max',
  ).action((key: string, raw: RawEnd, self: Command) => act(self, (context) => complete(context, key, raw)));
  withPlaceAndExamples(
    withAuthorship(keyed('abort', 'Calls it off: everybody has again what is published.')),
    'reeve config rollout abort billing/limits/max',
  ).action((key: string, raw: RawEnd, self: Command) => act(self, (context) => abort(context, key, raw)));
  withPlaceAndExamples(
    rollout
      .command('followers')
      .description('Lists who follows the configuration, and which version each has applied.'),
    'reeve config rollout followers',
  ).action((_raw: object, self: Command) => act(self, showFollowers));
}

async function withRollouts<T>(
  context: Context,
  author: string | undefined,
  work: (rollouts: ConfigRollouts) => Promise<T>,
): Promise<T> {
  const { ConfigRollouts } = await import('@reeve/configuration');
  return withConfig(context, author, (client, options) => work(new ConfigRollouts(client, options)));
}

async function showStatus(context: Context, key: string | undefined): Promise<ExitCode> {
  const { output, signal } = context;
  const found = await withRollouts(context, undefined, async (rollouts) => {
    const keys =
      key === undefined ? (await rollouts.list({ signal })).map(({ entries }) => entries[0]?.key ?? '') : [key];
    return Promise.all(keys.map((one) => rollouts.status(one, { signal })));
  });
  for (const status of found) await output.show(status, () => statusText(status));
  if (found.length === 0) output.note('nothing is being rolled out');
  return exitCodes.ok;
}

function statusText({ id, stage, entries, author, comment, followers }: RolloutStatus): string {
  const changes = entries.map(({ key, value }) =>
    value === undefined ? `  ${key} withdrawn` : `  ${key} = ${JSON.stringify(value)}`,
  );
  const number = (state: RolloutFollower['state']) => followers.filter((follower) => follower.state === state).length;
  const due = number('applied') + number('due');
  const lines = followers.map(({ id, state, labels }) => `  ${state.padEnd(8)} ${id}${labelText(labels)}`);
  return [
    `roll-out ${id} to ${stageText(stage)}, by ${author}${comment === undefined ? '' : `: ${comment}`}`,
    ...changes,
    `${number('applied')} of ${count(due, 'follower')} that it reaches have it, of ${followers.length} in all`,
    ...lines,
  ].join('\n');
}

function labelText(labels: Readonly<Record<string, string>>): string {
  return Object.entries(labels)
    .map(([name, value]) => ` ${name}=${value}`)
    .join('');
}

async function advance(context: Context, key: string, raw: RawStage): Promise<ExitCode> {
  const stage = stageOf(raw);
  if (stage === undefined)
    throw usageError('no stage is given', 'Add --share or --label; "complete" reaches everybody.');
  await withRollouts(context, undefined, (rollouts) => rollouts.advance(key, stage, { signal: context.signal }));
  await context.output.show({ key, stage }, () => `${key} goes to ${stageText(stage)}`);
  return exitCodes.ok;
}

async function complete(context: Context, key: string, { comment, author }: RawEnd): Promise<ExitCode> {
  const options = { comment, signal: context.signal };
  const revision = await withRollouts(context, author, (rollouts) => rollouts.complete(key, options));
  await context.output.show({ key, revision }, () => `version ${revision}: ${key} is published to everybody`);
  return exitCodes.ok;
}

async function abort(context: Context, key: string, { comment, author }: RawEnd): Promise<ExitCode> {
  const options = { comment, signal: context.signal };
  await withRollouts(context, author, (rollouts) => rollouts.abort(key, options));
  await context.output.show({ key }, () => `the roll-out of ${key} is called off`);
  return exitCodes.ok;
}

async function showFollowers(context: Context): Promise<ExitCode> {
  const { output, signal } = context;
  const followers = await withRollouts(context, undefined, (rollouts) => rollouts.followers({ signal }));
  if (output.format === 'json') {
    for (const follower of followers) await output.json(follower);
    return exitCodes.ok;
  }
  type Row = (typeof followers)[number];
  const columns = [
    { head: 'FOLLOWER', text: ({ id }: Row) => id },
    {
      head: 'VERSION',
      text: ({ applied }: Row) => String(Math.max(0, ...Object.values(applied))),
      align: 'right' as const,
    },
    { head: 'LABELS', text: ({ labels }: Row) => labelText(labels).trim() },
    { head: 'FOLLOWS', text: ({ follows }: Row) => (follows.length === 0 ? 'everything' : follows.join(' ')) },
  ];
  await output.line(renderTable(columns, followers, output));
  return exitCodes.ok;
}
