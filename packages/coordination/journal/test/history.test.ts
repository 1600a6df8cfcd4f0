import { test } from '@jest/globals';
import { codeOf, invariant } from '@reeve/base';
import fc from 'fast-check';
import type { Entry } from '../src/batch.ts';
import { type Opened, opened, settingsOf } from './fixtures.ts';
import { MemoryDisk } from './memory-disk.ts';

/** What may be asked of a journal; numbers are shares of what there is, in percent. */
type Action =
  | { readonly kind: 'append'; readonly gaps: readonly number[]; readonly waits: 'for_all' | 'for_nothing' }
  | { readonly kind: 'snapshot'; readonly at: number }
  | { readonly kind: 'truncate'; readonly at: number }
  | { readonly kind: 'install'; readonly at: number; readonly slices: number }
  | { readonly kind: 'reopen' };

/** An action, and perhaps a crash so many changes of the disk after its begin. */
interface Step {
  readonly action: Action;
  readonly crash: { readonly afterChanges: number; readonly keeps: readonly boolean[] } | undefined;
}

const share = fc.integer({ min: 0, max: 100 });
const gaps = (maxLength: number) => fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength });
const waits = fc.constantFrom('for_all' as const, 'for_nothing' as const);
const action: fc.Arbitrary<Action> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('append' as const), gaps: gaps(6), waits }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('snapshot' as const), at: share }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('truncate' as const), at: share }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('install' as const),
      at: share,
      slices: fc.integer({ min: 1, max: 3 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('reopen' as const) }) },
);
const crash = fc.record({
  afterChanges: fc.integer({ min: 0, max: 25 }),
  keeps: fc.array(fc.boolean(), { minLength: 1, maxLength: 12 }),
});
const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.record({ action, crash: fc.oneof({ weight: 2, arbitrary: fc.constant(undefined) }, crash) }),
  { minLength: 1, maxLength: 14 },
);

/** An entry as the model remembers it. */
interface Remembered {
  readonly zxid: number;
  readonly text: string;
}

/** What may be on disk: the content is one of these. */
type Candidates = readonly (readonly Remembered[])[];

/** Performs steps on a journal and knows, without looking at the disk, what must be there. */
class History {
  readonly #settings = { segmentBytesMax: 400, logDirectory: '/log' };
  #disk = new MemoryDisk();
  #open: Opened | undefined;
  #content: readonly Remembered[] = [];
  /** Snapshots that may be on disk, by how far they hold traces. */
  #snapshotsReach = 0;
  #made = 0;

  async begin(): Promise<void> {
    this.#open = await opened(settingsOf(this.#disk, this.#settings));
  }

  async step({ action, crash }: Step): Promise<void> {
    if (crash !== undefined) this.#disk.changesUntilPowerCut = this.#disk.changes + crash.afterChanges;
    const candidates = await this.#perform(action);
    if (crash !== undefined) this.#disk = this.#disk.afterPowerCut((i) => crash.keeps[i % crash.keeps.length] ?? true);
    else if (action.kind !== 'reopen') return this.#settle(candidates[0] ?? []);
    await this.begin();
    const found = contentOf(this.#opened);
    const same = candidates.find((candidate) => JSON.stringify(candidate) === JSON.stringify(found));
    invariant(
      same !== undefined,
      `after ${action.kind}: ${texts(found)} is none of ${candidates.map(texts).join(' / ')}`,
    );
    this.#settle(same);
  }

  get #opened(): Opened {
    invariant(this.#open !== undefined, 'the history has begun');
    return this.#open;
  }

  get #journal(): Opened['journal'] {
    return this.#opened.journal;
  }

  get #lastZxid(): number {
    return this.#content.at(-1)?.zxid ?? 0;
  }

  #settle(content: readonly Remembered[]): void {
    this.#content = content;
    invariant(this.#opened.log.faults.length === 0, 'the disk did not fail');
  }

  /** What may be there afterwards, first what is there when nothing goes wrong. */
  #perform(action: Action): Promise<Candidates> {
    switch (action.kind) {
      case 'append':
        return this.#append(action);
      case 'snapshot':
        return this.#snapshot(action.at);
      case 'truncate':
        return this.#truncate(action.at);
      case 'install':
        return this.#install(action);
      case 'reopen':
        return this.#close();
    }
  }

  async #append({ gaps, waits }: Extract<Action, { kind: 'append' }>): Promise<Candidates> {
    const { log } = this.#opened;
    const added = this.#fresh(this.#lastZxid, gaps);
    log.persistedZxid = 0;
    this.#journal.append(added.map(entryOf));
    const lastZxid = added.at(-1)?.zxid ?? 0;
    if (waits === 'for_all') await log.settled(lastZxid);
    const after = [...this.#content, ...added];
    // In a crash what follows the last that was acknowledged may be there, from the beginning on.
    return prefixes(after, this.#acknowledged(after));
  }

  async #snapshot(at: number): Promise<Candidates> {
    const { lastZxid } = this.#journal;
    const known = this.#content.filter(({ zxid }) => zxid <= lastZxid);
    const part = known.slice(0, Math.ceil((known.length * (50 + at / 2)) / 100));
    const zxid = part.at(-1)?.zxid ?? 0;
    if (zxid === 0) return prefixes(this.#content, known.length);
    this.#snapshotsReach = Math.max(this.#snapshotsReach, zxid);
    await this.#journal.snapshot({ zxid, slices: [Buffer.from(JSON.stringify(part))], lastZxidSeen: () => zxid });
    return prefixes(this.#content, known.length);
  }

  async #truncate(at: number): Promise<Candidates> {
    const before = this.#content;
    const zxid = Math.floor((this.#lastZxid * at) / 100);
    const left = before.filter((one) => one.zxid <= zxid);
    // What had not been waited for may never have been written when the power went.
    const all = prefixes(before, Math.min(left.length, this.#acknowledged()));
    try {
      await this.#journal.truncate(zxid);
      invariant(this.#journal.lastZxid === (left.at(-1)?.zxid ?? 0), 'the journal knows where the log ends');
    } catch (error) {
      if (this.#isDead()) return all;
      if (codeOf(error) !== 'beyond_snapshot') throw error;
      invariant(this.#snapshotsReach > zxid, `no snapshot is beyond ${zxid}`);
      return prefixes(before, this.#acknowledged());
    }
    return [left];
  }

  async #install({ at, slices }: Extract<Action, { kind: 'install' }>): Promise<Candidates> {
    const before = prefixes(this.#content, this.#acknowledged());
    const zxid = slices + Math.floor(((this.#lastZxid + 10) * at) / 100);
    const after = Array.from({ length: slices }, (_, i) => this.#fresh(zxid - slices + i, [1])).flat();
    try {
      const incoming = this.#journal.install(zxid);
      void incoming.take(Buffer.from(`[${after.map((one) => JSON.stringify(one)).join()}`)).catch(() => undefined);
      await incoming.take(Buffer.from(']'));
      await incoming.finish(zxid);
    } catch (error) {
      if (!this.#isDead()) throw error;
      this.#snapshotsReach = Math.max(this.#snapshotsReach, zxid);
      return [...before, after];
    }
    this.#snapshotsReach = zxid;
    return [after];
  }

  async #close(): Promise<Candidates> {
    await this.#journal.close();
    return prefixes(this.#content, this.#acknowledged());
  }

  /** How much of some content is on disk for sure. */
  #acknowledged(content = this.#content): number {
    const { lastZxid } = this.#journal;
    return content.filter(({ zxid }) => zxid <= lastZxid).length;
  }

  #isDead(): boolean {
    return this.#disk.changes >= this.#disk.changesUntilPowerCut;
  }

  #fresh(afterZxid: number, gaps: readonly number[]): Remembered[] {
    let zxid = afterZxid;
    return gaps.map((gap) => {
      zxid += gap;
      this.#made += 1;
      return { zxid, text: `${this.#made}${'.'.repeat((this.#made * 7) % 60)}` };
    });
  }
}

/** Everything from at least the first `length` on, the whole first. */
function prefixes(content: readonly Remembered[], length: number): Candidates {
  return Array.from({ length: content.length - length + 1 }, (_, i) => content.slice(0, content.length - i));
}

function entryOf({ zxid, text }: Remembered): Entry {
  return { zxid, payload: Buffer.from(text) };
}

function contentOf({ snapshot, entries }: Opened): Remembered[] {
  const before: Remembered[] = snapshot === undefined ? [] : JSON.parse(snapshot.slices.join(''));
  return [...before, ...entries.map(({ zxid, payload }) => ({ zxid, text: payload.toString() }))];
}

function texts(content: readonly Remembered[]): string {
  return `[${content.map(({ zxid, text }) => `${zxid}:${text.replaceAll('.', '')}`).join(' ')}]`;
}

test('whatever is appended, truncated and installed, and wherever it crashes, a journal holds what it must', async () => {
  await fc.assert(
    fc.asyncProperty(steps, async (todo) => {
      const history = new History();
      await history.begin();
      for (const step of todo) await history.step(step);
      await history.step({ action: { kind: 'reopen' }, crash: undefined });
    }),
    { numRuns: 300 },
  );
});
