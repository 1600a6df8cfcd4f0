import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { RecentPaths } from '../src/store/recent-paths.ts';

/** Some share a slot, as only their ends count. */
const paths = fc.constantFrom('/a', '/b', '/a/0000000001', '/b/0000000001', '/b/0000000002', `/${'x'.repeat(200)}`);
const deed = fc.record({ what: fc.constantFrom('note', 'forget', 'clear'), path: paths, id: fc.integer({ min: 1 }) });

describe('recent paths', () => {
  test('lead where they were last said to lead, or nowhere', () => {
    fc.assert(
      fc.property(fc.array(deed, { maxLength: 60 }), (deeds) => {
        const recent = new RecentPaths();
        const all = new Map<string, number>();
        for (const { what, path, id } of deeds) {
          if (what === 'note') {
            recent.note(path, id);
            all.set(path, id);
          } else if (what === 'forget') {
            recent.forget(path);
            all.delete(path);
          } else {
            recent.clear();
            all.clear();
          }
          for (const [known, where] of all) expect([0, where]).toContain(recent.get(known));
          for (const gone of ['/a', '/b', '/b/0000000002'].filter((each) => !all.has(each))) {
            expect(recent.get(gone)).toBe(0);
          }
        }
      }),
    );
  });

  test('that are numbered do not stand in each other’s way', () => {
    const recent = new RecentPaths();
    const numbered = Array.from({ length: 1000 }, (_, at) => `/tasks/${String(at).padStart(10, '0')}`);
    for (const [at, path] of numbered.entries()) recent.note(path, at + 1);
    expect(numbered.map((path) => recent.get(path))).toEqual(numbered.map((_, at) => at + 1));
  });

  test('are not kept when they are long', () => {
    const recent = new RecentPaths();
    recent.note(`/${'x'.repeat(200)}`, 7);
    expect(recent.get(`/${'x'.repeat(200)}`)).toBe(0);
  });
});
