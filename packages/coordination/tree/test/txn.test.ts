import { describe, expect, test } from '@jest/globals';
import { decodeTxn, encodeTxn, openList, Tree, type Txn } from '@reeve/tree';
import { Reader, Span, WireError, Writer } from '@reeve/wire';
import fc from 'fast-check';
import { anyWrite, happening } from './arbitrary.ts';
import { contents, replay, sessionNumber, Workbench } from './requests.ts';

const origin = { session: sessionNumber(7), xid: -3, timeMs: 1_700_000_000_123 };

function recoded(txn: Txn): unknown {
  const writer = new Writer();
  encodeTxn(writer, origin, txn);
  const decoded = decodeTxn(new Reader().reset(writer.take()));
  return { ...decoded, txn: plain(decoded.txn) };
}

/** With its data as octets, wherever they lie. */
function plain(txn: Txn): unknown {
  return 'data' in txn ? { ...txn, data: txn.data?.octets() ?? null } : txn;
}

const samples: { readonly [K in Txn['kind']]: Extract<Txn, { kind: K }> } = {
  create: {
    kind: 'create',
    path: '/ä',
    data: Span.of(Buffer.of(0xff, 0)),
    acl: openList,
    lifetime: 'ttl',
    ttlMs: 2 ** 39,
    parentCreates: -1,
  },
  delete: { kind: 'delete', path: '/a' },
  set_data: { kind: 'set_data', path: '/a', data: null, version: 3 },
  set_acl: { kind: 'set_acl', path: '/a', acl: openList, version: 3 },
  check: { kind: 'check', path: '/a' },
  multi: {
    kind: 'multi',
    parts: [
      { kind: 'delete', path: '/a' },
      { kind: 'check', path: '/b' },
    ],
  },
  refused: { kind: 'refused', error: 'bad_version', failedPart: 4 },
  create_session: { kind: 'create_session', timeoutMs: 4000 },
  close_session: { kind: 'close_session', ephemerals: ['/a', '/b'] },
};

describe('a logged transaction', () => {
  test.each(Object.entries(samples))('%s survives the log', (_, txn) => {
    expect(recoded(txn)).toEqual({ ...origin, txn: plain(txn) });
  });

  test('says in which format it is, and another one is refused', () => {
    const bytes = Buffer.alloc(64);
    bytes.writeInt32BE(2, 0);
    expect(() => decodeTxn(new Reader().reset(bytes))).toThrow(/format 2/);
  });

  test('that is not one is refused, and does nothing else', () => {
    const head = Buffer.alloc(24);
    head.writeInt32BE(1, 0);
    fc.assert(
      fc.property(fc.nat({ max: 11 }), fc.uint8Array({ maxLength: 60 }), (kind, rest) => {
        const bytes = Buffer.concat([head, Buffer.from([0, 0, 0, kind]), rest]);
        try {
          decodeTxn(new Reader().reset(bytes));
        } catch (error) {
          expect(error).toBeInstanceOf(WireError);
        }
      }),
    );
  });

  test('makes the same tree wherever the log is replayed, and however often', () => {
    fc.assert(
      fc.property(fc.array(happening(anyWrite), { maxLength: 50 }), fc.nat(), (history, seed) => {
        const bench = new Workbench();
        for (const what of history) {
          if (what.kind === 'write') bench.propose(what.write, { session: what.session, identities: [] });
          else bench.session(what.session, what.kind);
          bench.commit(seed % 3);
        }
        bench.commit();
        const restored = new Tree();
        replay(restored, bench.log);
        expect(contents(restored)).toEqual(contents(bench.tree));
      }),
    );
  });

  test('may be applied again by itself', () => {
    fc.assert(
      fc.property(fc.array(happening(anyWrite), { maxLength: 50 }), (history) => {
        const bench = new Workbench();
        for (const what of history) {
          if (what.kind === 'write') bench.propose(what.write, { session: what.session, identities: [] });
          else bench.session(what.session, what.kind);
          bench.commit();
        }
        const once = new Tree();
        const twice = new Tree();
        for (const entry of bench.log) {
          replay(once, [entry]);
          replay(twice, [entry, entry]);
        }
        expect(contents(twice)).toEqual(contents(once));
      }),
    );
  });
});
