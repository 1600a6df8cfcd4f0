import type { Output } from './output.ts';

/** A name and what it has; left out when that is undefined. */
export type Detail = readonly [name: string, text: string | undefined];

/** Names and values below each other; a value of several lines is indented. */
export function renderDetails(details: readonly Detail[], { colors }: Pick<Output, 'colors'>): string {
  const present = details.filter((detail): detail is readonly [string, string] => detail[1] !== undefined);
  const width = Math.max(...present.map(([name]) => name.length));
  const indent = ' '.repeat(width + 2);
  return present
    .map(([name, text]) => `${colors.dim(name.padEnd(width))}  ${text.trimEnd().replaceAll('\n', `\n${indent}`)}`)
    .join('\n');
}
