/**
 * What was printed, in the words of the page: a line that the page foresees is given as the page has it, `…` and all.
 * So the two are equal when the page is right, and otherwise a comparison shows only what is wrong.
 */
export function inWordsOf(expected: string, printed: string): string {
  const foreseen = expected.split('\n');
  const lines = printed.split('\n');
  const surplus = lines.length - foreseen.length;
  const top = foreseen.findIndex((line, at) => !foresees(line, lines[at]));
  if (top === -1) return surplus > 0 ? [...foreseen, ...lines.slice(foreseen.length)].join('\n') : expected;
  return lines
    .map((line, at) => {
      // Up to the first difference lines are counted from the top, then from the bottom.
      const counterpart = foreseen[at < top ? at : at - surplus];
      return counterpart !== undefined && foresees(counterpart, line) ? counterpart : line;
    })
    .join('\n');
}

function foresees(expected: string, printed: string | undefined): boolean {
  if (printed === undefined || !expected.includes('…')) return expected === printed;
  const parts = expected.split('…').map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${parts.join('.*')}$`, 's').test(printed);
}
