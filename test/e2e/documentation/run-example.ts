import { symlinkSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { TestProcess, temporaryDirectory } from '@reeve/testkit';
import { transform } from '@swc/core';
import type { Example } from './page.ts';

/** How long an example may take, milliseconds, on a machine with much to do. */
const EXAMPLE_MS_MAX = 60_000;

/** What the examples import. */
const modules = fileURLToPath(new URL('../../node_modules', import.meta.url));
/** Where `reeve` is. */
const commands = fileURLToPath(new URL('../../../node_modules/.bin', import.meta.url));

/** How an example ended, and what a reader sees of it: both outputs, as on a terminal. */
export interface Ran {
  readonly code: number | null;
  readonly printed: string;
}

/** Runs an example to its end in an empty directory, against the coordinator at `address`. */
export async function runExample(example: Example, address: string): Promise<Ran> {
  const { signal, printed, code } = await run(await argvOf(example), {
    REEVE_CONNECT: address,
    REEVE_ROOT: '/reeve',
    NO_COLOR: '1',
    PATH: [commands, process.env.PATH].join(delimiter),
  });
  const late = signal === 'SIGKILL' ? `(killed after ${EXAMPLE_MS_MAX} ms: an example ends by itself)\n` : '';
  return { code, printed: printed + late };
}

async function argvOf({ language, source }: Example): Promise<readonly string[]> {
  const directory = temporaryDirectory();
  if (language === 'sh') {
    writeFileSync(join(directory, 'example.sh'), source);
    return ['bash', join(directory, 'example.sh')];
  }
  symlinkSync(modules, join(directory, 'node_modules'));
  const { code } = await transform(source, {
    filename: 'example.ts',
    jsc: { target: 'es2023', parser: { syntax: 'typescript' } },
    module: { type: 'es6' },
  });
  writeFileSync(join(directory, 'example.mjs'), code);
  return [process.execPath, join(directory, 'example.mjs')];
}

async function run(argv: readonly string[], env: Readonly<Record<string, string>>) {
  const child = new TestProcess(['bash', '-c', 'exec "$@" 2>&1', 'bash', ...argv], { cwd: temporaryDirectory(), env });
  const late = setTimeout(() => child.kill('SIGKILL'), EXAMPLE_MS_MAX);
  const { code, signal } = await child.exited;
  clearTimeout(late);
  return { code, signal, printed: asOnPaper(child.stdout) };
}

/** Blanks at the end of a line cannot be seen, and every line of a page has an end. */
function asOnPaper(printed: string): string {
  return printed.replace(/[ \t]+$/gm, '').replace(/[^\n]$/, '$&\n');
}
