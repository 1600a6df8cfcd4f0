import { describe, expect, test } from '@jest/globals';
import { type Entry, Replica } from '@reeve/replica';
import { createFlags, type OpName, openAcl, opName, type RequestOf } from '@reeve/wire';
import fc from 'fast-check';
import type { Arrival, TestClient } from './test-client.ts';
import { type Turn, testOptions, World } from './world.ts';

type Asked = { readonly op: OpName; readonly request: RequestOf<OpName> };

function asked<N extends OpName>(op: N, request: RequestOf<N>): Asked {
  return { op, request };
}

const path = fc.constantFrom('/', '/a', '/a/b', '/a/c', '/d', '/nowhere/x', 'x', '/zookeeper/quota');
const watch = fc.boolean();
const flags = fc.constantFrom(...Object.values(createFlags), 9);
const data = fc.constantFrom(null, Buffer.from(''), Buffer.from('some'));
const version = fc.constantFrom(-1, 0, 1);
const create = fc.record({ path, data, acl: fc.constant(openAcl), flags });

const request: fc.Arbitrary<Asked> = fc.oneof(
  create.map((r) => asked('create', { ...r, data: copy(r.data) })),
  create.map((r) => asked('create2', { ...r, data: copy(r.data) })),
  fc.record({ path, version }).map((r) => asked('delete', r)),
  fc.record({ path, data, version }).map((r) => asked('setData', { ...r, data: copy(r.data) })),
  fc.record({ path, watch }).map((r) => asked('getData', r)),
  fc.record({ path, watch }).map((r) => asked('exists', r)),
  fc.record({ path, watch }).map((r) => asked('getChildren', r)),
  fc.record({ path }).map((r) => asked('sync', r)),
  fc.record({ path }).map((r) => asked('getACL', r)),
  fc.record({ path, mode: fc.nat({ max: 2 }) }).map((r) => asked('addWatch', r)),
  fc.record({ path, type: fc.nat({ max: 4 }) }).map((r) => asked('removeWatches', r)),
  fc.array(fc.record({ path, version }), { maxLength: 3 }).map((parts) =>
    asked(
      'multi',
      parts.map((part) => ({ op: 'check' as const, ...part })),
    ),
  ),
  fc.constantFrom(asked('ping', {}), asked('whoAmI', {}), asked('closeSession', {})),
);

function copy(bytes: Buffer | null): Buffer | null {
  return bytes === null ? null : Buffer.from(bytes);
}

const client = fc.nat({ max: 2 });
const happening = fc.oneof(
  { weight: 20, arbitrary: fc.record({ do: fc.constant('ask' as const), client, asked: request }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('persist' as const), count: fc.nat({ max: 4 }) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('pass' as const), ms: fc.nat({ max: 9000 }) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('drop' as const), client }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('return' as const), client }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constantFrom('fail' as const, 'recover' as const, 'snapshot' as const) }),
  },
);
type Happening = typeof happening extends fc.Arbitrary<infer T> ? T : never;

/** Three clients at one replica, and everything they were told. */
class Chaos {
  readonly world = new World();
  readonly clients: TestClient[] = [];
  readonly told = new Map<number, Arrival[]>();
  #snapshot: { readonly zxid: number; readonly slices: Iterator<Buffer>; readonly taken: Buffer[] } | undefined;

  constructor() {
    for (let i = 0; i < 3; i += 1) this.clients.push(this.world.connect({ timeoutMs: 6000 }));
  }

  play(what: Happening): void {
    const { world } = this;
    if (what.do === 'ask') world.send(this.clients[what.client] as TestClient, what.asked.op, what.asked.request);
    else if (what.do === 'persist') world.persist(what.count);
    else if (what.do === 'pass') world.pass(what.ms);
    else if (what.do === 'fail') world.failDisk();
    else if (what.do === 'recover') world.step({ kind: 'journal_recovered' });
    else if (what.do === 'snapshot') this.#begin();
    else if (what.do === 'drop' || what.do === 'return') this.#move(what.client, what.do);
    this.hear(world.perform());
    const slice = this.#snapshot?.slices.next();
    if (slice?.done === false) this.#snapshot?.taken.push(Buffer.from(slice.value));
  }

  hear({ arrivals }: Turn): void {
    for (const [connection, seen] of arrivals)
      this.told.set(connection, [...(this.told.get(connection) ?? []), ...seen]);
  }

  /** The slices of a snapshot that was taken while all this happened, and the log after it. */
  recovery(): { readonly slices: readonly Buffer[]; readonly log: readonly Entry[] } {
    if (this.#snapshot === undefined) return { slices: [], log: this.world.log };
    const { zxid, taken, slices } = this.#snapshot;
    for (let slice = slices.next(); slice.done !== true; slice = slices.next()) taken.push(Buffer.from(slice.value));
    return { slices: taken, log: this.world.log.filter((entry) => entry.zxid > zxid) };
  }

  #begin(): void {
    if (this.#snapshot !== undefined) return;
    const { zxid, slices } = this.world.replica.snapshot();
    this.#snapshot = { zxid, slices: slices[Symbol.iterator](), taken: [] };
  }

  #move(index: number, how: 'drop' | 'return'): void {
    const earlier = this.clients[index] as TestClient;
    if (how === 'drop') return this.world.step({ kind: 'closed', connection: earlier.connection });
    const { session, password } = earlier;
    const fresh = this.world.open();
    this.world.frame(fresh, fresh.hello({ session, password }));
    this.clients[index] = fresh;
  }
}

function bytesOf(replica: Replica): string {
  return Array.from(replica.snapshot().slices, (slice) => slice.toString('latin1')).join('');
}

const history = fc.array(happening, { maxLength: 80 });

describe('whatever happens', () => {
  test('each request is answered at most once, in order, and nothing throws', () => {
    fc.assert(
      fc.property(history, (happenings) => {
        const chaos = new Chaos();
        for (const what of happenings) chaos.play(what);
        chaos.hear(chaos.world.turn());
        expect(chaos.world.replica.status()).toMatchObject({ outstanding: 0, pendingZnodes: 0 });
        for (const arrivals of chaos.told.values()) {
          const xids = arrivals.flatMap((arrival) =>
            arrival.kind === 'answer' && arrival.xid > 0 ? [arrival.xid] : [],
          );
          expect(xids).toEqual([...new Set(xids)].sort((a, b) => a - b));
          const zxids = arrivals.flatMap((arrival) => ('zxid' in arrival && arrival.zxid > 0 ? [arrival.zxid] : []));
          expect(zxids).toEqual([...zxids].sort((a, b) => a - b));
        }
      }),
      { numRuns: 200 },
    );
  });

  test('a connection that stays is answered everything it asked', () => {
    fc.assert(
      fc.property(fc.array(request, { maxLength: 40 }), (requests) => {
        const world = new World();
        const asker = world.connect();
        const kept = requests.filter(({ op }) => op !== 'closeSession');
        for (const { op, request: body } of kept) world.send(asker, op, body);
        const answers = (world.turn().arrivals.get(asker.connection) ?? []).filter(({ kind }) => kind === 'answer');
        expect(answers.map((answer) => ('op' in answer ? answer.op : ''))).toEqual(kept.map(({ op }) => op));
      }),
    );
  });

  test('a member that starts anew from its log is where it was', () => {
    fc.assert(
      fc.property(history, (happenings) => {
        const chaos = new Chaos();
        for (const what of happenings) chaos.play(what);
        chaos.world.step({ kind: 'journal_recovered' });
        chaos.world.turn();
        const before = bytesOf(chaos.world.replica);
        chaos.world.restart();
        expect(bytesOf(chaos.world.replica)).toBe(before);
      }),
      { numRuns: 200 },
    );
  });

  test('a member that starts anew from a snapshot, taken meanwhile, and the log after it is where it was', () => {
    fc.assert(
      fc.property(history, (happenings) => {
        const chaos = new Chaos();
        for (const what of happenings) chaos.play(what);
        chaos.world.turn();
        const { slices, log } = chaos.recovery();
        const restored = new Replica(testOptions);
        if (slices.length > 0) {
          const loader = restored.restore();
          for (const slice of slices) loader.take(slice);
          loader.finish();
        }
        for (const entry of log) restored.replay(entry);
        restored.start(1_000_000);
        expect(bytesOf(restored)).toBe(bytesOf(chaos.world.replica));
      }),
      { numRuns: 200 },
    );
  });

  test('the same events make the same bytes', () => {
    fc.assert(
      fc.property(history, (happenings) => {
        const runs = [new Chaos(), new Chaos()].map((chaos) => {
          for (const what of happenings) chaos.play(what);
          chaos.hear(chaos.world.turn());
          return { told: [...chaos.told], log: chaos.world.log };
        });
        expect(runs[0]).toEqual(runs[1]);
      }),
    );
  });
});

describe('a frame', () => {
  test('of any bytes at all is answered, or its connection is closed', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        const world = new World();
        const asker = world.connect();
        world.frame(asker, Buffer.from(bytes));
        const known = bytes.length >= 8 && opName(Buffer.from(bytes).readInt32BE(4)) !== undefined;
        const { closed } = world.turn();
        if (!known) expect(closed).toEqual([asker.connection]);
      }),
      { numRuns: 500 },
    );
  });

  test('with a body of any bytes at all does no harm', () => {
    const ops: OpName[] = [
      'create',
      'multi',
      'setWatches2',
      'auth',
      'multiRead',
      'setACL',
      'createTTL',
      'addWatch',
      'sasl',
    ];
    fc.assert(
      fc.property(fc.constantFrom(...ops), fc.uint8Array({ maxLength: 60 }), (op, body) => {
        const world = new World();
        const asker = world.connect();
        world.frame(asker, asker.malformed(op, Buffer.from(body)));
        world.turn();
        expect(world.ask(world.connect(), 'ping', {})).toHaveLength(1);
      }),
      { numRuns: 500 },
    );
  });

  test('of any bytes at all is no greeting that harms', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        const world = new World();
        world.frame(world.open(), Buffer.from(bytes));
        world.turn();
        expect(world.ask(world.connect(), 'ping', {})).toHaveLength(1);
      }),
    );
  });
});
