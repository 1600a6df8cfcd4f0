import type { Stage } from '@reeve/configuration';
import type { Command } from 'commander';
import { usageError } from '../cli-error.ts';
import { optionValue } from '../input/option-value.ts';
import { addPair, type Pairs } from '../input/pairs.ts';

/** The options that say whom a roll-out reaches. */
export interface RawStage {
  readonly share?: number;
  readonly label?: Pairs;
}

const PERCENT = 100;

/** Adds the options that say whom a roll-out reaches. */
export function withStage(command: Command): Command {
  return command
    .option('--share <percent>', 'only this share of those who follow, such as 10%', optionValue(parseShare))
    .option('--label <name=value>', 'only those with this label; may be repeated', addPair);
}

/** The stage that was asked for; undefined when none was. */
export function stageOf({ share, label }: RawStage): Stage | undefined {
  if (share === undefined && label === undefined) return undefined;
  return { ...(share !== undefined && { share }), ...(label !== undefined && { labels: label }) };
}

/** A stage for people. */
export function stageText({ share, labels = {} }: Stage): string {
  const named = Object.entries(labels).map(([name, value]) => `${name}=${value}`);
  if (share !== undefined)
    return [`${Number((share * PERCENT).toFixed(2))}%`, ...(named.length > 0 ? ['of', ...named] : [])].join(' ');
  return named.length === 0 ? 'all' : named.join(' ');
}

function parseShare(text: string): number {
  const percent = Number(/^(\d+(?:\.\d+)?)%$/.exec(text)?.[1]);
  if (percent > 0 && percent <= PERCENT) return percent / PERCENT;
  throw usageError(`"${text}" is not a share`, 'Say it like 10%.');
}
