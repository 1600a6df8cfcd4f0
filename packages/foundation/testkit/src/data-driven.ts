import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';

/** One command of a scenario file. */
export interface ScenarioCommand {
  readonly name: string;
  /** `key=value` of the command's line; a word without `=` has the value `''`. */
  readonly args: ReadonlyMap<string, string>;
  /** The lines below the command, above `----`. */
  readonly input: readonly string[];
}

/** Does what a command says and tells what came of it, as lines of text. */
export type ScenarioHandler = (command: ScenarioCommand) => string | Promise<string>;

/** A scenario file as it is, and as its commands say it should be. */
export interface PlayedScenario {
  readonly expected: string;
  readonly actual: string;
}

const SEPARATOR = '----';

/** The scenario files of a directory: the title of each, and its path. */
export function scenariosIn(directory: string): [title: string, path: string][] {
  const names = readdirSync(directory).filter((name) => name.endsWith('.txt'));
  return names.sort().map((name) => [basename(name, '.txt').replaceAll('-', ' '), join(directory, name)]);
}

/**
 * Plays a scenario file: paragraphs of a command, optional lines of input, `----` and the expected output, with `#`
 * comments between them. An output that has empty lines stands between two `----`.
 *
 * With `REWRITE=1` in the environment the file gets the output that came out. Commit that only when you understand it:
 * the difference is a change of behaviour.
 *
 * @example
 * const { expected, actual } = await playScenario(path, (command) => world.perform(command));
 * expect(actual).toBe(expected);
 */
export async function playScenario(path: string, handle: ScenarioHandler): Promise<PlayedScenario> {
  const expected = readFileSync(path, 'utf8');
  const actual = await replay(expected.split('\n'), handle);
  if (process.env.REWRITE !== '1') return { expected, actual };
  if (actual !== expected) writeFileSync(path, actual);
  return { expected: actual, actual };
}

async function replay(lines: readonly string[], handle: ScenarioHandler): Promise<string> {
  const written: string[] = [];
  let at = 0;
  while (at < lines.length) {
    const line = lines[at] as string;
    if (line.trim() === '' || line.startsWith('#')) {
      written.push(line);
      at += 1;
      continue;
    }
    const separator = lines.indexOf(SEPARATOR, at);
    const inputEnd = separator === -1 ? lines.length : separator;
    const input = lines.slice(at + 1, inputEnd);
    const output = await handle({ ...commandOf(line), input });
    written.push(line, ...input, SEPARATOR, ...outputLines(output));
    at = outputEnd(lines, inputEnd + 1);
  }
  return written.join('\n');
}

/** The command of `name key=value word "quoted value"`. */
function commandOf(line: string): Pick<ScenarioCommand, 'name' | 'args'> {
  const [name = '', ...words] = wordsOf(line);
  return {
    name,
    args: new Map(
      words.map((word) => {
        const equals = word.indexOf('=');
        return equals === -1 ? [word, ''] : [word.slice(0, equals), word.slice(equals + 1)];
      }),
    ),
  };
}

/** The words of a line; double quotes hold spaces together and are left out. */
export function wordsOf(line: string): string[] {
  return (line.match(/(?:[^\s"]+|"[^"]*")+/g) ?? []).map((word) => word.replaceAll('"', ''));
}

// An output that holds an empty line could not be told from the end of its paragraph: it is closed by a separator.
function outputLines(output: string): string[] {
  const lines = output.replace(/\n+$/, '').split('\n');
  return lines.includes('') && lines.length > 1
    ? [SEPARATOR, ...lines, SEPARATOR]
    : lines.filter((line) => line !== '');
}

function outputEnd(lines: readonly string[], start: number): number {
  if (lines[start] === SEPARATOR) {
    const close = lines.indexOf(SEPARATOR, start + 1);
    return close === -1 ? lines.length : close + 1;
  }
  const end = lines.findIndex((line, at) => at >= start && line.trim() === '');
  return end === -1 ? lines.length : end;
}
