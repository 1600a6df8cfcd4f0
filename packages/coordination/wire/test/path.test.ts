import { describe, expect, test } from '@jest/globals';
import { baseName, childPath, lastNameFault, parentPath, pathFault, sequentialPathFault } from '@reeve/wire';
import fc from 'fast-check';

describe('pathFault', () => {
  test.each(['/', '/a', '/a/b.c', '/...', '/.a', '/a..', '/ä/日本', '/a b'])('%s is legal', (path) => {
    expect(pathFault(path)).toBeUndefined();
  });

  test.each([
    ['', 'must not be empty'],
    ['a', 'must start with /'],
    ['/a/', 'must not end with /'],
    ['//a', 'must not hold an empty name (//)'],
    ['/a//b', 'must not hold an empty name (//)'],
    ['/.', 'must not hold a relative name (. or ..)'],
    ['/a/../b', 'must not hold a relative name (. or ..)'],
    ['/a\u0000', 'holds a character that is not allowed (U+0000 at 2)'],
    ['/a\u007f', 'holds a character that is not allowed (U+007f at 2)'],
    ['/\ud800', 'holds a character that is not allowed (U+d800 at 1)'],
    ['/\uffff', 'holds a character that is not allowed (U+ffff at 1)'],
  ])('%j %s', (path, fault) => {
    expect(pathFault(path)).toBe(fault);
  });

  test('of a path whose parent is legal is told by its last name', () => {
    const name = fc.string({ unit: fc.constantFrom('a', '.', '\u0000', '\ud800', 'ä'), maxLength: 3 });
    const parent = fc.constantFrom('', '/', '/a', '/a/..b');
    fc.assert(
      fc.property(parent, name, (above, below) => {
        const path = `${above}/${below}`;
        expect(lastNameFault(path) === undefined).toBe(pathFault(path) === undefined);
      }),
    );
  });

  test('a sequential create may end with /', () => {
    expect(sequentialPathFault('/p/')).toBeUndefined();
    expect(sequentialPathFault('/p//')).toBe('must not hold an empty name (//)');
  });
});

test('parent, base name and child of a path fit together', () => {
  for (const path of ['/a', '/a/b', '/a/b/c']) expect(childPath(parentPath(path), baseName(path))).toBe(path);
  expect(parentPath('/a')).toBe('/');
});
