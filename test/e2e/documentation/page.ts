/** Something in a page that is to be run, and what it must print. */
export interface Example {
  /** Page, heading and, where one heading has several, its number. */
  readonly title: string;
  readonly language: RunLanguage;
  readonly source: string;
  /** What the reader is told that it prints: `…` stands for any text in a line. Undefined where nothing is told. */
  readonly output: string | undefined;
}

/** `ts`: a module that ends by itself; `sh`: a script for bash. */
type RunLanguage = 'ts' | 'sh';

interface Fence {
  readonly heading: string;
  readonly language: string;
  readonly content: string;
}

/** The examples of a page in Markdown: each fence `ts` or `sh`, with the fence `text` that comes next. */
export function examplesIn(page: string, markdown: string): readonly Example[] {
  const fences = fencesIn(markdown);
  const examples: Example[] = [];
  for (const [at, { heading, language, content: source }] of fences.entries()) {
    if (language !== 'ts' && language !== 'sh') continue;
    const next = fences[at + 1];
    const output = next?.language === 'text' ? next.content : undefined;
    examples.push({ title: titleOf(examples, `${page}: ${heading}`), language, source, output });
  }
  return examples;
}

function titleOf(earlier: readonly Example[], wanted: string): string {
  const same = earlier.filter(({ title }) => title === wanted || title.startsWith(`${wanted} (`)).length;
  return same === 0 ? wanted : `${wanted} (${same + 1})`;
}

/** CommonMark's fences, as far as our pages use them: of backticks, indented or not. */
function fencesIn(markdown: string): readonly Fence[] {
  const fences: Fence[] = [];
  let heading = 'the beginning';
  let open: { readonly indent: number; readonly ticks: string; readonly language: string; lines: string[] } | undefined;
  for (const line of markdown.split('\n')) {
    const [, indent = '', ticks, info = ''] = /^( *)(`{3,})([^`]*)$/.exec(line) ?? [];
    if (open === undefined) {
      heading = /^#{1,6} +(.+?) *#*$/.exec(line)?.[1] ?? heading;
      if (ticks !== undefined) open = { indent: indent.length, ticks, language: info.trim(), lines: [] };
    } else if (ticks !== undefined && info.trim() === '' && ticks.length >= open.ticks.length) {
      fences.push({ heading, language: open.language, content: open.lines.map((text) => `${text}\n`).join('') });
      open = undefined;
    } else open.lines.push(line.slice(Math.min(open.indent, line.search(/\S|$/))));
  }
  return fences;
}
