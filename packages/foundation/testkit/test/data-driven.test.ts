import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from '@jest/globals';
import { playScenario, type ScenarioCommand, scenariosIn, temporaryDirectory, wordsOf } from '@reeve/testkit';

const directory = temporaryDirectory();

function file(name: string, text: string): string {
  const path = join(directory, name);
  writeFileSync(path, text);
  return path;
}

/** Says what it was told; `blank` answers with an empty line in the middle. */
function echo({ name, args, input }: ScenarioCommand): string {
  if (name === 'blank') return 'above\n\nbelow';
  if (name === 'silent') return '';
  return [name, ...[...args].map(([key, value]) => `${key}:${value}`), ...input].join(' ');
}

describe('playScenario', () => {
  afterEach(() => {
    delete process.env.REWRITE;
  });

  test('finds nothing to complain about in a file that says what happens', async () => {
    const path = file(
      'right.txt',
      '# Why.\nsay a=1 loud\nfirst\nsecond\n----\nsay a:1 loud: first second\n\nsilent\n----\n',
    );
    const { expected, actual } = await playScenario(path, echo);
    expect(actual).toBe(expected);
  });

  test('shows what came out where the file says something else, and leaves the file alone', async () => {
    const path = file('wrong.txt', 'say\n----\nnonsense\n\n# kept\nsay b\n----\n');
    const { expected, actual } = await playScenario(path, echo);
    expect(expected).toContain('nonsense');
    expect(actual).toBe('say\n----\nsay\n\n# kept\nsay b\n----\nsay b:\n');
    expect(readFileSync(path, 'utf8')).toBe(expected);
  });

  test('rewrites the file when asked to, so that it then agrees', async () => {
    const path = file('rewritten.txt', 'say\n----\nnonsense\n\nblank\n----\n\nsay z\n----\n');
    process.env.REWRITE = '1';
    await playScenario(path, echo);
    delete process.env.REWRITE;
    const { expected, actual } = await playScenario(path, echo);
    expect(actual).toBe(expected);
    expect(actual).toContain('blank\n----\n----\nabove\n\nbelow\n----\n\nsay z\n----\nsay z:');
  });

  test('takes a title from the name of each file', () => {
    const titles = scenariosIn(directory).map(([title]) => title);
    expect(titles).toEqual(expect.arrayContaining(['right', 'wrong']));
  });

  test('holds quoted words together', () => {
    expect(wordsOf('create /a data="two words" "x y"')).toEqual(['create', '/a', 'data=two words', 'x y']);
  });
});
