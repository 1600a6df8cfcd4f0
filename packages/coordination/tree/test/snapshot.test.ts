import { describe, expect, test } from '@jest/globals';
import { SnapshotLoader, Tree, takeSnapshot } from '@reeve/tree';
import { Writer } from '@reeve/wire';
import fc from 'fast-check';
import { anyWrite, type Happening, happening } from './arbitrary.ts';
import { contents, create, replay, setData, Workbench } from './requests.ts';

const happenings = (max: number): fc.Arbitrary<Happening[]> => fc.array(happening(anyWrite), { maxLength: max });

function play(bench: Workbench, what: Happening): void {
  if (what.kind === 'write') bench.propose(what.write, { session: what.session, identities: [] });
  else bench.session(what.session, what.kind);
  bench.commit();
}

/** The last slice of a snapshot that holds so much. */
function endOf(counts: { sessions: number; acls: number; znodes: number }): Buffer {
  const writer = new Writer();
  for (const word of [4, counts.sessions, counts.acls, counts.znodes]) writer.int(word);
  return writer.take();
}

function load(slices: Iterable<Buffer>): Tree {
  const tree = new Tree();
  const loader = new SnapshotLoader(tree);
  for (const slice of slices) loader.take(slice);
  loader.finish();
  return tree;
}

describe('a snapshot', () => {
  test('of a tree at rest holds all of it', () => {
    fc.assert(
      fc.property(happenings(40), (history) => {
        const bench = new Workbench();
        for (const what of history) play(bench, what);
        expect(contents(load(takeSnapshot(bench.tree).slices))).toEqual(contents(bench.tree));
      }),
    );
  });

  test('of a tree that goes on changing becomes that tree when the log after its zxid is replayed', () => {
    fc.assert(
      fc.property(
        happenings(30),
        happenings(30),
        fc.array(fc.nat({ max: 4 }), { maxLength: 60 }),
        (before, during, pace) => {
          const bench = new Workbench();
          for (const what of before) play(bench, what);
          const snapshot = takeSnapshot(bench.tree, 1);
          const rest = [...during];
          const slices: Buffer[] = [];
          for (const slice of snapshot.slices) {
            slices.push(Buffer.from(slice));
            for (const what of rest.splice(0, pace[slices.length] ?? 0)) play(bench, what);
          }
          const { lastZxidSeen } = snapshot;
          expect(lastZxidSeen()).toBe(bench.tree.lastZxid);
          for (const what of rest) play(bench, what);
          const restored = load(slices);
          replay(
            restored,
            bench.log.filter(({ zxid }) => zxid > snapshot.zxid),
          );
          expect(contents(restored)).toEqual(contents(bench.tree));
        },
      ),
      { numRuns: 300 },
    );
  });

  test('ends, though znodes are created as fast as they are written', () => {
    const bench = new Workbench();
    let slices = 0;
    for (const _ of takeSnapshot(bench.tree, 1).slices) {
      slices += 1;
      bench.do(create(`/n${slices}`));
      bench.do(create(`/m${slices}`));
    }
    expect(slices).toBeLessThan(10);
  });

  test('loads when a parent went after its children had been written, whatever their number', () => {
    const bench = new Workbench();
    // The parent gets the highest number, and is written last.
    bench.do(create('/spare'));
    for (const name of ['/parent', '/parent/child']) bench.do(create(name));
    const children = Array.from({ length: 150_000 }, (_, i) => `/parent/child/${i}`);
    for (const path of children) bench.do(create(path));
    const snapshot = takeSnapshot(bench.tree, 1);
    const slices: Buffer[] = [];
    for (const slice of snapshot.slices) slices.push(Buffer.from(slice));
    const withoutParent = slices.filter((slice) => !slice.includes('parent'));
    expect(withoutParent).toHaveLength(slices.length - 1);
    const tree = new Tree();
    const loader = new SnapshotLoader(tree);
    for (const slice of withoutParent.slice(0, -1)) loader.take(slice);
    loader.take(endOf({ sessions: 0, acls: 2, znodes: bench.tree.size - 1 }));
    loader.finish();
    expect(tree.get('/spare')).toBeDefined();
    expect(tree.size).toBe(bench.tree.size - 2 - children.length);
  });

  test('ends with an error, at whatever slice, when another is loaded into its tree', () => {
    const whole = Array.from(takeSnapshot(new Workbench().tree).slices, (slice) => Buffer.from(slice));
    for (let loadedAfter = 0; ; loadedAfter += 1) {
      const bench = new Workbench();
      for (let i = 0; i < 5; i += 1) bench.do(create(`/n${i}`));
      const { slices, lastZxidSeen } = takeSnapshot(bench.tree, 1);
      const iterator = slices[Symbol.iterator]();
      for (let taken = 0; taken < loadedAfter; taken += 1) if (iterator.next().done) return;
      const loader = new SnapshotLoader(bench.tree);
      for (const slice of whole) loader.take(slice);
      loader.finish();
      expect(() => iterator.next()).toThrow(/replaced by another/);
      expect(() => lastZxidSeen()).toThrow(/replaced by another/);
    }
  });

  test('is cut into slices of about the size asked for', () => {
    const bench = new Workbench();
    for (let i = 0; i < 200; i += 1) bench.do(create(`/n${i}`, { data: Buffer.alloc(1000) }));
    const sizes = Array.from(takeSnapshot(bench.tree, 10_000).slices, (slice) => slice.length);
    expect(sizes.length).toBeGreaterThan(15);
    for (const size of sizes) expect(size).toBeLessThan(12_000);
  });

  describe('is refused', () => {
    const bench = new Workbench();
    bench.do(create('/a'));
    bench.do(setData('/a', 'x'));
    const slices = Array.from(takeSnapshot(bench.tree, 1).slices, (slice) => Buffer.from(slice));
    const head = slices[0] as Buffer;

    test('without its end', () => {
      expect(() => load(slices.slice(0, -1))).toThrow(/its end is missing/);
      expect(() => load([])).toThrow(/its end is missing/);
    });

    test('without one of its slices', () => {
      expect(() => load([...slices.slice(0, 1), ...slices.slice(2)])).toThrow(/fewer or more records/);
    });

    test('when something follows its end', () => {
      expect(() => load([...slices, head])).toThrow(/something follows/);
    });

    test('when it is something else', () => {
      expect(() => load([Buffer.alloc(64)])).toThrow(/does not begin as one/);
    });

    test('when it has another format', () => {
      const other = Buffer.from(head);
      other.writeInt32BE(9, 4);
      expect(() => load([other])).toThrow(/format 9/);
    });

    test('when it holds what this version does not know', () => {
      const writer = new Writer();
      writer.raw(head);
      writer.int(99);
      expect(() => load([writer.take()])).toThrow(expect.objectContaining({ code: 'snapshot_malformed' }));
    });
  });
});
