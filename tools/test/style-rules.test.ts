import { describe, expect, test } from '@jest/globals';
import { checkFile, fileLinesMax, functionLinesMax, type SourceFile } from '../style-rules.ts';

function rules(text: string, file: Partial<SourceFile> = {}): string[] {
  const path = 'packages/coordination/tree/src/sample.ts';
  return checkFile({ path, kind: 'core', ...file, text }).violations.map(({ rule }) => rule);
}

function functionOf(lines: number): string {
  return `export function long(): void {\n${'  // filler\n'.repeat(lines - 2)}}\n`;
}

describe('length', () => {
  test('a function may have as many lines as the limit and not one more', () => {
    expect(rules(functionOf(functionLinesMax))).toEqual([]);
    expect(rules(functionOf(functionLinesMax + 1))).toEqual(['function-length']);
  });

  test('methods, arrows and constructors have the same limit', () => {
    const body = '  // filler\n'.repeat(functionLinesMax);
    expect(rules(`class A {\n  m() {\n${body}}\n}\n`)).toEqual(['function-length']);
    expect(rules(`const a = () => {\n${body}};\n`)).toEqual(['function-length']);
    expect(rules(`class A {\n  constructor() {\n${body}}\n}\n`)).toEqual(['function-length']);
  });

  test('a file may have as many lines as the limit and not one more', () => {
    expect(rules('// line\n'.repeat(fileLinesMax))).toEqual([]);
    expect(rules('// line\n'.repeat(fileLinesMax + 1))).toEqual(['file-length']);
  });

  test('lines are counted in characters that need more than one byte, too', () => {
    const { violations } = checkFile({ path: 'a.ts', kind: 'core', text: '// ü é 漢字\n\nexport let a: any;\n' });
    expect(violations.map(({ line }) => line)).toEqual([3]);
  });
});

test.each([
  ['an annotation', 'function f(a: boolean) {}'],
  ['an optional parameter', 'function f(a?: boolean) {}'],
  ['a union', 'function f(a: boolean | string) {}'],
  ['a literal', 'function f(a?: true) {}'],
  ['a default', 'function f(a = false) {}'],
  ['an arrow', 'const f = (a: boolean) => a;'],
  ['a constructor', 'class A { constructor(a: boolean) {} }'],
  ['a method', 'class A { m(a: boolean) {} }'],
  ['an interface', 'interface A { m(a: boolean): void }'],
  ['a function type', 'type A = (a: boolean) => void;'],
])('a boolean parameter is found in %s', (_, text) => {
  expect(rules(text)).toEqual(['boolean-parameter']);
});

test('a boolean that is returned, held or named in an object is no parameter', () => {
  const text = 'function f(a: { b: boolean }): boolean { const c: boolean = a.b; return c; }';
  expect(rules(text)).toEqual([]);
});

test('an only parameter called value is data and no switch', () => {
  expect(rules('class Writer { bool(value: boolean) {} }')).toEqual([]);
  expect(rules('function f(value: boolean, n: number) {}')).toEqual(['boolean-parameter']);
});

test('a plain Error is refused, thrown or rejected, and a coded one is not', () => {
  expect(rules("throw new Error('x');")).toEqual(['bare-error']);
  expect(rules("throw Error('x');")).toEqual(['bare-error']);
  expect(rules("Promise.reject(new Error('x'));")).toEqual(['bare-error']);
  expect(rules("throw new ClientError({ code: 'x' });")).toEqual([]);
  expect(rules("throw new Error('x');", { path: 'packages/foundation/base/src/assert.ts' })).toEqual([]);
});

test('any is refused wherever it is written', () => {
  expect(rules('let a: any;')).toEqual(['any']);
  expect(rules('const a = b as any;')).toEqual(['any']);
  expect(rules('let a: Map<string, any[]>;')).toEqual(['any']);
  expect(rules('let any: unknown; // any')).toEqual([]);
});

test('enums are refused', () => {
  expect(rules('export enum A { B }')).toEqual(['enum']);
  expect(rules('const enum A { B }')).toEqual(['enum']);
});

test.each([
  "import { readFile } from 'node:fs';",
  "import type { Socket } from 'net';",
  "export { join } from 'node:path';",
  "export * from 'node:path';",
  "const a = import('./a.ts');",
  'const a = Date.now();',
  'const a = Date.now;',
  'const a = new Date();',
  'const a = new Date;',
  'const a = Date();',
  'const a = Math.random();',
  'const a = performance.now();',
  'const a = crypto.randomUUID();',
  'const a = process.env;',
  'console.log(a);',
  'globalThis.setTimeout;',
  'setTimeout(f, 1);',
  'setInterval(f, 1);',
  'setImmediate(f);',
  'queueMicrotask(f);',
  "fetch('x');",
])('core code may not say %s, shell code may', (text) => {
  expect(rules(text)).toEqual(['impure-core']);
  expect(rules(text, { kind: 'shell' })).toEqual([]);
});

test('core code may name the types of a shell package, but call nothing of it', () => {
  expect(rules("import type { Client } from '@reeve/client'; import { invariant } from '@reeve/base';")).toEqual([]);
  expect(rules("import { connect } from '@reeve/client';")).toEqual(['impure-core']);
});

test('core code may hold a given time and a field that happens to be called like a global', () => {
  expect(rules('const a = new Date(now); const b = task.process.console; f({ process: 1 });')).toEqual([]);
});

test.each(['utils', 'helpers', 'common', 'manager', 'task-manager', 'string.utils'])('no file is named %s', (name) => {
  expect(rules('', { path: `packages/foundation/base/src/${name}.ts` })).toEqual(['file-name']);
});

test('the key of a violation names its function and no line, and repeats are counted', () => {
  const text = 'class A { m() { let a: any; let b: any; } }\nconst f = () => { let c: any; };';
  const { violations } = checkFile({ path: 'a.ts', kind: 'core', text });
  expect(violations.map(({ key }) => key)).toEqual(['a.ts#A.m', 'a.ts#A.m:2', 'a.ts#f']);
});

test('metrics count named functions of any length and closures from four lines on', () => {
  const text = 'function a() {}\nconst b = () => 1;\nconst c = () => {\n\n\n};\n';
  expect(checkFile({ path: 'a.ts', kind: 'core', text }).metrics).toEqual({ lines: 6, functionLines: [1, 4] });
});
