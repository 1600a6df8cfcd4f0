import { describe, expect, test } from '@jest/globals';
import { checkKey, documentAt, keysOf } from '@reeve/configuration';

const values = [
  ['a/b', 1],
  ['a/c/d', 'x'],
  ['ab', null],
] as const;

describe('a document', () => {
  test.each([
    ['', { a: { b: 1, c: { d: 'x' } }, ab: null }],
    ['a', { b: 1, c: { d: 'x' } }],
    ['a/c', { d: 'x' }],
    ['a/b', 1],
    ['ab', null],
    ['b', undefined],
  ])('at "%s" is what stands there', (path, document) => {
    expect(documentAt(values, path)).toEqual(document);
  });

  test('takes names that every object has for names like any other', () => {
    const document = documentAt([['a/constructor/prototype/harm', 1]], 'a');
    expect(Object.hasOwn(Object.prototype, 'harm')).toBe(false);
    expect(JSON.stringify(document)).toBe('{"constructor":{"prototype":{"harm":1}}}');
  });

  test('is taken apart into the keys that make it', () => {
    expect(keysOf({ b: 1, c: { d: 'x' }, e: [{}] }, 'a')).toEqual([
      ['a/b', 1],
      ['a/c/d', 'x'],
      ['a/e', [{}]],
    ]);
  });
});

describe('a key', () => {
  test.each(['', '/a', 'a/', 'a//b', 'a b', '..', 'a/./b', '__proto__/x', 'x:y', 'ä', 'a'.repeat(513)])(
    'is not "%s"',
    (key) => {
      expect(() => checkKey(key)).toThrow(expect.objectContaining({ code: 'key_invalid' }));
    },
  );
});
