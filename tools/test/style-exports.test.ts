import { expect, test } from '@jest/globals';
import { undocumentedExports } from '../style-exports.ts';

function undocumented(files: Record<string, string>): string[] {
  return undocumentedExports('p/src/index.ts', (path) => files[path.replace('p/src/', '')]).map(({ key }) => key);
}

test('a public export needs a doc comment where it is declared', () => {
  const index = "export { a, b as c, type D } from './x.ts';\nexport * from './y.ts';";
  const silent = { 'x.ts': 'export const a = 1, b = 2;\nexport type D = 1;', 'y.ts': 'export class E {}' };
  const spoken = {
    'x.ts': '/** Both. */\nexport const a = 1, b = 2;\n/** D. */\nexport type D = 1;',
    'y.ts': '/** E. */\nexport class E {}',
  };
  const names = ['a', 'c', 'D', 'E'].map((name) => `p/src/index.ts#${name}`);
  expect(undocumented({ 'index.ts': index, ...silent })).toEqual(names);
  expect(undocumented({ 'index.ts': index, ...spoken })).toEqual([]);
});

test('re-exports are followed over any number of files', () => {
  const files = { 'index.ts': "export * from './x.ts';", 'x.ts': "import { z } from './z.ts';\nexport { z };" };
  expect(undocumented({ ...files, 'z.ts': 'export function z() {}' })).toEqual(['p/src/index.ts#z']);
  expect(undocumented({ ...files, 'z.ts': '/** Z. */\nexport function z() {}' })).toEqual([]);
});

test('a plain comment, an empty one, and one that belongs to something else do not count', () => {
  expect(undocumented({ 'index.ts': '// a\nexport const a = 1;' })).toHaveLength(1);
  expect(undocumented({ 'index.ts': '/* a */\nexport const a = 1;' })).toHaveLength(1);
  expect(undocumented({ 'index.ts': '/** */\nexport const a = 1;' })).toHaveLength(1);
  expect(undocumented({ 'index.ts': '/** b */\nconst b = 1;\nexport const a = b;' })).toHaveLength(1);
});

test('a directive may stand between comment and declaration, and one overload may speak for all', () => {
  expect(undocumented({ 'index.ts': '/** A. */\n// lint: reason\nexport const a = 1;' })).toEqual([]);
  const overloads =
    '/** F. */\nexport function f(a: 1): 1;\nexport function f(a: 2): 2;\nexport function f(a: 1 | 2) { return a; }';
  expect(undocumented({ 'index.ts': overloads })).toEqual([]);
});

test('what comes from another package is documented there', () => {
  expect(undocumented({ 'index.ts': "export { a } from '@reeve/base';" })).toEqual([]);
});
