import { describe, expect, test } from '@jest/globals';
import { noSession } from '@reeve/wire';
import fc from 'fast-check';
import { openList } from '../src/access-list.ts';
import { PendingZnode } from '../src/pending-znode.ts';
import { Unborn } from '../src/unborn.ts';

const born = { acl: openList, lifetime: 'persistent', owner: noSession } as const;

describe('the records of what is not born yet', () => {
  test('are found under their paths, and nowhere else, like those of a Map', () => {
    const step = fc.record({ kind: fc.constantFrom('add', 'add', 'remove'), number: fc.nat({ max: 400 }) });
    fc.assert(
      fc.property(fc.array(step, { minLength: 300, maxLength: 1000 }), (steps) => {
        const unborn = new Unborn();
        const expected = new Map<string, PendingZnode>();
        for (const { kind, number } of steps) {
          const path = `/a/${number}`;
          const known = expected.get(path);
          expect(unborn.get(path)).toBe(known);
          if (kind === 'add' && known === undefined) {
            const znode = new PendingZnode(path, born);
            unborn.add(znode, path);
            expected.set(path, znode);
          } else if (kind === 'remove' && known !== undefined) {
            expect(unborn.remove(known)).toBe(true);
            expect(unborn.remove(known)).toBe(false);
            expected.delete(path);
          }
          expect(unborn.size).toBe(expected.size);
        }
        for (const [path, znode] of expected) expect(unborn.get(path)).toBe(znode);
      }),
      { numRuns: 20 },
    );
  });

  test('leave nothing behind when very many have come and gone', () => {
    const unborn = new Unborn();
    const znodes = Array.from({ length: 100_000 }, (_, i) => new PendingZnode(`/${i}`, born));
    for (const znode of znodes) unborn.add(znode, znode.key as string);
    for (const znode of znodes) unborn.remove(znode);
    expect(unborn.size).toBe(0);
    expect(unborn.get('/1')).toBeUndefined();
    unborn.add(znodes[1] as PendingZnode, '/1');
    expect(unborn.get('/1')).toBe(znodes[1]);
  });
});
