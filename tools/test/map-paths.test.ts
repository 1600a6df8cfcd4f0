import { expect, test } from '@jest/globals';
import { deadPaths } from '../map-paths.ts';

test('a path in backticks must exist', () => {
  const known = new Set(['packages/a', 'STYLE.md']);
  const text = 'See `packages/a`, `STYLE.md`.\nAnd `packages/b/src/c.ts`, `docs/d.md`, `GONE.md`.';
  expect(deadPaths(text, (path) => known.has(path))).toEqual([
    { path: 'packages/b/src/c.ts', line: 2 },
    { path: 'docs/d.md', line: 2 },
    { path: 'GONE.md', line: 2 },
  ]);
});

test('code, znodes and fenced blocks are no paths', () => {
  const text = 'Call `plan(tasks)` on `/reeve/tasks` with `@reeve/wire`.\n```\n`packages/gone`\n```\n';
  expect(deadPaths(text, () => false)).toEqual([]);
});
