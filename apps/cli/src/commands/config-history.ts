import type { ConfigVersion } from '@reeve/configuration';
import type { Command } from 'commander';
import type { Context } from '../context.ts';
import { type ExitCode, exitCodes } from '../exit-codes.ts';
import { wholeNumber } from '../input/numbers.ts';
import { renderTable } from '../output/table.ts';
import { formatTime } from '../output/words.ts';
import type { Act } from './act.ts';
import { withConfig, withPlaceAndExamples } from './config-place.ts';

const LINES = 20;

/** `reeve config history`: who published what, when and why. */
export function addConfigHistory(config: Command, act: Act): void {
  const history = config
    .command('history')
    .summary('say who published what, when and why')
    .description(
      'Lists the versions of a key, or of all keys of a tree, also of those that are gone: the newest first.',
    )
    .argument('<key>', 'a key, or a tree of keys')
    .option('-n, --lines <number>', `so many at most (default: ${LINES})`, wholeNumber({ min: 1, max: 100_000 }));
  withPlaceAndExamples(
    history,
    'reeve config history billing/limits/max',
    'reeve config history billing --json',
  ).action((key: string, raw: { readonly lines?: number }, self: Command) =>
    act(self, (context) => showHistory(context, key, raw.lines ?? LINES)),
  );
}

async function showHistory(context: Context, key: string, lines: number): Promise<ExitCode> {
  const { ConfigHistory } = await import('@reeve/configuration');
  const { output, signal } = context;
  const all = await withConfig(context, undefined, (client, options) =>
    new ConfigHistory(client, options).list(key, { signal }),
  );
  const versions = all.slice(0, lines);
  if (output.format === 'json') for (const version of versions) await output.json(version);
  else await output.line(renderTable(columnsAt(Date.now()), versions, output));
  return exitCodes.ok;
}

function columnsAt(now: number) {
  return [
    { head: 'VERSION', text: ({ version }: ConfigVersion) => String(version), align: 'right' as const },
    { head: 'KEY', text: ({ key }: ConfigVersion) => key },
    {
      head: 'VALUE',
      text: ({ value }: ConfigVersion) => (value === undefined ? 'withdrawn' : JSON.stringify(value)),
      widthMax: 40,
    },
    { head: 'AUTHOR', text: ({ author }: ConfigVersion) => author },
    { head: 'PUBLISHED', text: ({ at }: ConfigVersion) => formatTime(at, now) },
    { head: 'COMMENT', text: commentOf },
  ];
}

function commentOf({ comment, rollbackTo }: ConfigVersion): string {
  const back = rollbackTo === undefined ? [] : [`back to ${rollbackTo}`];
  return [...back, ...(comment === undefined ? [] : [comment])].join(': ');
}
