import { describe, expect, test } from '@jest/globals';
import { Reader } from '@reeve/wire';
import fc from 'fast-check';
import type { Origin } from '../src/host.ts';
import { RecentLog } from '../src/recent-log.ts';

/** What the log is to hold, kept in the plainest way. */
interface Kept {
  readonly zxid: number;
  readonly payload: Buffer;
  readonly origin: Origin | undefined;
}

type Change =
  | { readonly kind: 'append'; readonly count: number; readonly bytes: number }
  | { readonly kind: 'trim'; readonly share: number }
  | { readonly kind: 'truncate'; readonly share: number }
  | { readonly kind: 'reset' };

const limits = { recentBytesMax: 4 * 1024 * 1024, recentEntriesMax: 700 };
const share = fc.double({ min: 0, max: 1, noNaN: true });
const change: fc.Arbitrary<Change> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('append' as const),
      count: fc.integer({ min: 1, max: 900 }),
      bytes: fc.oneof({ weight: 9, arbitrary: fc.integer({ min: 0, max: 100 }) }, fc.integer({ min: 0, max: 9000 })),
    }),
  },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('trim' as const), share }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('truncate' as const), share }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'reset' as const }) },
);

class Model {
  readonly log = new RecentLog(limits);
  base = 0;
  last = 0;
  entries: Kept[] = [];
  readonly #reader = new Reader();

  apply(changed: Change): void {
    if (changed.kind === 'append') for (let i = 0; i < changed.count; i += 1) this.#append(changed.bytes);
    else if (changed.kind === 'reset') this.#reset();
    else if (changed.kind === 'trim') this.#trim(this.#zxidAt(changed.share));
    else this.#truncate(this.#zxidAt(changed.share));
  }

  holds(): void {
    const { log, entries } = this;
    expect({ base: log.base, last: log.last }).toEqual({ base: this.base, last: entries.at(-1)?.zxid ?? this.base });
    const first = log.indexAfter(this.base);
    expect(log.end - first).toBe(entries.length);
    expect(entries.filter((entry, at) => !this.#isKept(first + at, entry)).map(({ zxid }) => zxid)).toEqual([]);
  }

  #isKept(index: number, { zxid, payload, origin }: Kept): boolean {
    const { log } = this;
    const reader = log.read(index, this.#reader);
    return (
      log.zxidAt(index) === zxid &&
      log.indexAfter(zxid - 1) === index &&
      log.entryAt(index).payload.equals(payload) &&
      reader.raw(reader.remaining).equals(payload) &&
      log.originAt(index)?.request === origin?.request &&
      log.requestOf(2, index) === origin?.request
    );
  }

  #append(bytes: number): void {
    this.last += 1 + (this.last % 3);
    const zxid = this.last;
    const payload = Buffer.alloc(bytes, zxid);
    const origin = zxid % 2 === 0 ? { member: 2, request: zxid * 1000 } : undefined;
    this.log.append({ zxid, origin, membership: undefined }, this.#reader.reset(payload));
    this.entries.push({ zxid, payload, origin });
  }

  #trim(zxid: number): void {
    this.log.trim(zxid);
    let bytes = this.entries.reduce((sum, { payload }) => sum + payload.length, 0);
    for (let first = this.entries[0]; first !== undefined && first.zxid <= zxid; first = this.entries[0]) {
      if (bytes <= limits.recentBytesMax && this.entries.length <= limits.recentEntriesMax) return;
      bytes -= first.payload.length;
      this.base = first.zxid;
      this.entries.shift();
    }
  }

  #truncate(zxid: number): void {
    this.log.truncateAfter(zxid);
    this.entries = this.entries.filter((entry) => entry.zxid <= zxid);
  }

  #reset(): void {
    this.base = this.last;
    this.log.reset(this.base);
    this.entries = [];
  }

  #zxidAt(part: number): number {
    return this.entries[Math.floor(part * (this.entries.length - 1))]?.zxid ?? this.base;
  }
}

describe('the recent log', () => {
  test('holds what it was given and not told to drop, however often it goes around and grows', () => {
    fc.assert(
      fc.property(fc.array(change, { minLength: 8, maxLength: 24 }), (changes) => {
        const model = new Model();
        for (const one of changes) {
          model.apply(one);
          model.holds();
        }
      }),
      { numRuns: 10 },
    );
  });

  test('is empty again after an entry that nobody will ask for', () => {
    const log = new RecentLog(limits);
    log.append({ zxid: 5, origin: undefined, membership: undefined }, new Reader().reset(Buffer.from('five')));
    log.pass(6);
    log.pass(7);
    expect({ base: log.base, last: log.last, kept: log.end - log.indexAfter(0) }).toEqual({
      base: 7,
      last: 7,
      kept: 0,
    });
  });
});
