import { codeOf } from '@reeve/base';
import type { Stat } from '@reeve/client';
import { MigrationError } from './migration-error.ts';
import type { Known } from './picture.ts';
import type { Side } from './side.ts';

/** A znode whose stat is wanted, and what was known of it. */
export type Wanted = readonly [path: string, known: Known];

const batchMax = 100;
/** A batch brings the data along, which is not wanted: longer ones are asked for their stat alone. */
const batchedBytesMax = 2_048;
const unsupported: ReadonlySet<string | undefined> = new Set(['engine_unsupported', 'unimplemented']);

/** Puts znodes together that are best asked for in one request. */
export function* batches(wanted: Iterable<Wanted>): Generator<readonly Wanted[]> {
  let batch: Wanted[] = [];
  for (const one of wanted) {
    if (one[1].dataLength > batchedBytesMax) {
      yield [one];
      continue;
    }
    batch.push(one);
    if (batch.length < batchMax) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}

/** Reads stats: a hundred in one request where the engine can (ZooKeeper 3.6), which is several times as fast. */
export class StatReader {
  readonly #side: Side;
  #manner: 'batched' | 'one_by_one' = 'batched';

  constructor(side: Side) {
    this.#side = side;
  }

  /** The stats of a batch in its order; `undefined` for those that have gone. @throws MigrationError `unreadable` */
  async read(batch: readonly Wanted[]): Promise<readonly (Stat | undefined)[]> {
    if (batch.length > 1 && this.#manner === 'batched') {
      try {
        return await this.#batch(batch);
      } catch (error) {
        if (!unsupported.has(codeOf(error))) throw error;
        this.#manner = 'one_by_one';
      }
    }
    return Promise.all(batch.map(([path]) => this.#side.tree.exists(path)));
  }

  async #batch(batch: readonly Wanted[]): Promise<readonly (Stat | undefined)[]> {
    const { name: side, tree } = this.#side;
    const results = await tree.multiRead(batch.map(([path]) => ({ op: 'getData', path })));
    return results.map((result, index) => {
      if (result.ok) return 'stat' in result ? result.stat : undefined;
      if (result.code === 'no_node') return undefined;
      throw new MigrationError({ code: 'unreadable', side, path: batch[index]?.[0] ?? '/' });
    });
  }
}
