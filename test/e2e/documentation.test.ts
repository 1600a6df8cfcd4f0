import { readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import { startReeveCoordinator, TestProcess, temporaryDirectory } from '@reeve/testkit';
import { inWordsOf } from './documentation/output.ts';
import { type Example, examplesIn } from './documentation/page.ts';
import { runExample } from './documentation/run-example.ts';

const repository = fileURLToPath(new URL('../..', import.meta.url));
const directory = join(repository, 'docs/services');

const pages = readdirSync(directory)
  .filter((name) => name.endsWith('.md'))
  .map((name) => ({ name, examples: examplesIn(name, readFileSync(join(directory, name), 'utf8')) }));
const examples = pages.flatMap((page) => page.examples);
const nodeTypes = { types: ['node'], typeRoots: [join(repository, 'node_modules/@types')] };

describe('the documentation of the services', () => {
  test.each(pages)('$name has an example', (page) => {
    expect(page.examples).not.toEqual([]);
  });

  test.each(examples)(
    '$title prints what the page says',
    async (example) => {
      const coordinator = await startReeveCoordinator();
      const { code, printed } = await runExample(example, coordinator.address);
      await coordinator.stop();
      const expected = example.output ?? '(a fence "text" with what it prints must come after it)\n';
      expect(inWordsOf(expected, printed)).toBe(expected);
      expect(code).toBe(0);
    },
    120_000,
  );

  test('its examples in TypeScript are right by their types', async () => {
    const child = new TestProcess([join(repository, 'node_modules/.bin/tsc'), '-p', typeChecked(examples)], {});
    const { code } = await child.exited;
    expect({ code, said: child.stdout }).toEqual({ code: 0, said: '' });
  }, 90_000);
});

/** A project of all examples in TypeScript, each in a file named by its title. */
function typeChecked(all: readonly Example[]): string {
  const project = temporaryDirectory();
  symlinkSync(join(repository, 'test/node_modules'), join(project, 'node_modules'));
  const settings = {
    extends: join(repository, 'tsconfig.base.json'),
    compilerOptions: { noEmit: true, composite: false, declaration: false, declarationMap: false, ...nodeTypes },
    include: ['*.ts'],
  };
  writeFileSync(join(project, 'tsconfig.json'), JSON.stringify(settings));
  writeFileSync(join(project, 'package.json'), '{"type":"module"}');
  for (const { title, source } of all.filter(({ language }) => language === 'ts')) {
    writeFileSync(join(project, `${title.replace(/[^\w.-]+/g, '_')}.ts`), source);
  }
  return project;
}
