import { describe, expect, test } from '@jest/globals';
import { Span } from '@reeve/wire';
import fc from 'fast-check';
import { openList, readOnlyList } from '../src/access-list.ts';
import { OctetHeap } from '../src/store/octet-heap.ts';
import { addChild, findChild, findParent, pathOf } from '../src/store/paths.ts';
import { ROOT, type ZnodeId, ZnodeStore } from '../src/store/znode-store.ts';

const born = { data: null, acl: openList, lifetime: 'persistent', czxid: 1, ctimeMs: 1 } as const;

function rooted(): ZnodeStore {
  const store = new ZnodeStore();
  store.addOrphan('', born);
  return store;
}

function findZnode(store: ZnodeStore, path: string): ZnodeId {
  const parent = findParent(store, path);
  return parent === 0 ? 0 : findChild(store, parent, path);
}

/** Lengths around the borders of classes, pages and buffers, and any others. */
const blockLength = fc.oneof(
  fc.constantFrom(0, 1, 7, 8, 9, 1023, 1024, 1025, 1152, 1153, 65_535, 65_536, 65_537, 200_000),
  fc.nat({ max: 70_000 }),
);

describe('the heap of octets', () => {
  test('gives every block to one owner at a time, whatever is taken and given back', () => {
    const step = fc.record({ length: blockLength, gone: fc.nat({ max: 20 }) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
        const heap = new OctetHeap();
        const blocks: { address: number; length: number; mark: number }[] = [];
        for (const [turn, { length, gone }] of steps.entries()) {
          const address = heap.allocate(length);
          const start = heap.offset(address);
          heap.bytes(address).fill(turn, start, start + length);
          blocks.push({ address, length, mark: turn });
          const [released] = gone < blocks.length ? blocks.splice(gone, 1) : [];
          if (released !== undefined) heap.release(released.address, released.length);
        }
        for (const { address, length, mark } of blocks) {
          const start = heap.offset(address);
          const bytes = heap.bytes(address).subarray(start, start + length);
          expect(bytes.every((byte) => byte === mark)).toBe(true);
        }
      }),
      { numRuns: 60 },
    );
  });

  test('uses a block that was given back for the next of its class', () => {
    const heap = new OctetHeap();
    for (const length of [5, 700, 5000, 60_000, 900_000]) {
      const first = heap.allocate(length);
      heap.release(first, length);
      expect(heap.allocate(length)).toBe(first);
    }
  });
});

describe('the store of znodes', () => {
  test('finds every child by its name while thousands come and go', () => {
    const store = rooted();
    const ids = new Map<string, ZnodeId>();
    for (let n = 0; n < 30_000; n += 1) {
      ids.set(`n${n}`, addChild(store, ROOT, `/n${n}`, born));
      const gone = `n${(n * 7919) % 30_000}`;
      if (n % 3 !== 0 || !ids.has(gone)) continue;
      store.remove(ids.get(gone) as ZnodeId);
      ids.delete(gone);
    }
    expect(store.size).toBe(ids.size);
    expect([...store.children(ROOT)]).toEqual([...ids.values()]);
    const numbers = Array.from({ length: 30_000 }, (_, n) => n);
    expect(numbers.map((n) => findZnode(store, `/n${n}`))).toEqual(numbers.map((n) => ids.get(`n${n}`) ?? 0));
  });

  test('knows a path by all of its names, wide characters included', () => {
    const store = rooted();
    const names = ['a', 'b\u00e9', '\u65e5\u672c', 'x'.repeat(300)];
    let parent: ZnodeId = ROOT;
    for (const name of names) parent = addChild(store, parent, `/${name}`, born);
    const path = `/${names.join('/')}`;
    expect(findZnode(store, path)).toBe(parent);
    expect(pathOf(store, parent)).toBe(path);
    expect(findParent(store, path)).toBe(store.parent(parent));
    expect(findChild(store, store.parent(parent), path)).toBe(parent);
    expect(findChild(store, findZnode(store, '/a'), '/a/b\u00e9')).toBe(findZnode(store, '/a/b\u00e9'));
    expect(store.pathLength(parent)).toBe(Buffer.byteLength(path));
  });

  test.each(['', 'a', 'a/b', '//', '/a/', '/b', '/\u00e9', '/a/\ud800'])('finds nothing at %j', (path) => {
    const store = rooted();
    addChild(store, ROOT, '/a', born);
    expect(findZnode(store, path)).toBe(0);
  });

  test.each([4, 62, 63, 64, 70_000])('keeps a name of %d octets when data grows, shrinks and goes', (length) => {
    const store = rooted();
    const name = 'n'.repeat(length);
    const id = addChild(store, ROOT, `/${name}`, { ...born, lifetime: 'ttl' });
    expect(store.nameLength(id)).toBe(length);
    for (const data of ['', 'short', 'y'.repeat(5_000), 'z'.repeat(500_000), null, '\u0000\u00ff']) {
      store.replaceData(id, data === null ? null : Span.of(Buffer.from(data, 'latin1')));
      expect(store.data(id)).toBe(data);
      expect(store.dataLength(id)).toBe(data === null ? -1 : data.length);
      expect(store.lifetime(id)).toBe('ttl');
      expect(store.name(id)).toBe(name);
      expect(findZnode(store, `/${name}`)).toBe(id);
    }
  });

  test('keeps the access list of a znode when it gets its second record, and changes it before and after', () => {
    const store = rooted();
    const id = addChild(store, ROOT, '/a', born);
    store.setAccessList(id, readOnlyList);
    store.lifeOf(id);
    expect(store.accessList(id)).toBe(readOnlyList);
    store.setAccessList(id, openList);
    expect(store.accessList(id)).toBe(openList);
    expect(store.lists.get(1)).toBeUndefined();
    store.remove(id);
    expect(store.accessList(ROOT)).toBe(openList);
  });

  test('lets go of an access list with the last znode that has it', () => {
    const store = rooted();
    const id = addChild(store, ROOT, '/a', born);
    expect(store.lists.take(openList)).toBe(0);
    store.lists.release(0);
    store.remove(id);
    store.remove(ROOT);
    expect(store.lists.get(0)).toBeUndefined();
  });
});
