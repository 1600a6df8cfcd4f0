import { expect, test } from '@jest/globals';
import { TreePicture } from '../src/mirrors/tree-picture.ts';

function picture(root: string, ...paths: string[]): TreePicture {
  const made = new TreePicture(root);
  for (const path of paths) made.add(path);
  return made;
}

test('knows what was added, once, and counts what is below the root', () => {
  const tree = picture('/t', '/t', '/t/a', '/t/a/x');
  expect(tree.add('/t/a')).toBe(false);
  expect(tree.add('/t/b')).toBe(true);
  expect([tree.has('/t'), tree.has('/t/a/x'), tree.has('/t/x'), tree.has('/other')]).toEqual([
    true,
    true,
    false,
    false,
  ]);
  expect([...tree.children('/t')]).toEqual(['a', 'b']);
  expect([...tree.children('/t/a/x')]).toEqual([]);
  expect(tree.size).toBe(3);
});

test('removing a path removes everything below it, children first', () => {
  const tree = picture('/t', '/t', '/t/a', '/t/a/x', '/t/a/x/1', '/t/a/y', '/t/b');
  expect(tree.remove('/t/a')).toEqual(['/t/a/x/1', '/t/a/x', '/t/a/y', '/t/a']);
  expect(tree.remove('/t/a')).toEqual([]);
  expect(tree.size).toBe(1);
  expect(tree.remove('/t')).toEqual(['/t/b', '/t']);
  expect([tree.has('/t'), tree.size]).toEqual([false, 0]);
});

test('the root of the service can be the root of the picture', () => {
  const tree = picture('/', '/', '/a', '/a/b');
  expect([tree.has('/'), tree.has('/a'), tree.has('/a/b')]).toEqual([true, true, true]);
  expect([...tree.children('/')]).toEqual(['a']);
  expect(tree.remove('/')).toEqual(['/a/b', '/a', '/']);
});
