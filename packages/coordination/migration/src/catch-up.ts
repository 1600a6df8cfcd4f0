import type { Stat } from '@reeve/client';
import { childPath } from '@reeve/wire';
import type { Copying, CopyingParts } from './copying.ts';
import type { Known } from './picture.ts';
import { forEach } from './pool.ts';
import { childrenOf, createsOf, readZnode } from './side.ts';
import { batches, StatReader } from './stats.ts';

/** Requests of a hundred stats under way. */
const batchesMax = 16;

/** What a pass found to have changed at the source. */
interface Changes {
  readonly gone: Set<string>;
  /** Deleted and made again. */
  readonly remade: Set<string>;
  readonly fresh: Set<string>;
}

/**
 * Looks at every znode that was copied, and brings over what has changed since: data, access lists, deletions, and what
 * is new.
 *
 * @returns how many znodes differed; 0 when nothing had changed since the pass before
 */
export async function catchUp(parts: CopyingParts, copying: Copying): Promise<number> {
  const { picture, target } = parts;
  await copying.begin();
  const pass = new Pass(parts, copying);
  const stats = new StatReader(parts.source);
  await forEach(batches([...picture.entries()]), batchesMax, async (batch) => {
    const found = await stats.read(batch);
    for (const [index, [path, known]] of batch.entries()) await pass.look(path, known, found[index]);
  });
  const { gone, remade, fresh } = pass.changes;
  for (const path of picture.branches(new Set([...gone, ...remade]))) {
    if (picture.get(path)?.kind === 'copied') await target.delete(path);
    picture.remove(path);
  }
  const lost = parts.scope.roots.filter((root) => picture.get(root) === undefined);
  const found = [...remade, ...fresh].filter((path) => picture.get(above(path)) !== undefined);
  await copying.copy([...new Set([...lost, ...found])]);
  return pass.changed + gone.size + remade.size + fresh.size + (await copying.end());
}

function above(path: string): string {
  return path.slice(0, path.lastIndexOf('/')) || '/';
}

class Pass {
  readonly changes: Changes = { gone: new Set(), remade: new Set(), fresh: new Set() };
  changed = 0;
  readonly #parts: CopyingParts;
  readonly #copying: Copying;

  constructor(parts: CopyingParts, copying: Copying) {
    this.#parts = parts;
    this.#copying = copying;
  }

  async look(path: string, known: Known, stat: Stat | undefined): Promise<void> {
    this.#parts.onProgress(1);
    if (stat === undefined) {
      this.changes.gone.add(path);
      return;
    }
    if (stat.czxid !== known.czxid) {
      this.changes.remade.add(path);
      return;
    }
    if (known.kind === 'ephemeral') return;
    if (stat.mzxid !== known.mzxid || stat.aversion !== known.aversion) await this.#rewrite(path, known);
    if (stat.pzxid !== known.pzxid) {
      known.pzxid = stat.pzxid;
      known.creates = createsOf(stat);
      await this.#list(path);
    }
  }

  async #rewrite(path: string, known: Known): Promise<void> {
    const { source, target, scope } = this.#parts;
    const record = await readZnode(source, path);
    if (record === undefined) return;
    const { mzxid, aversion } = record.stat;
    const missing = () => this.#copying.forget(path);
    if (mzxid !== known.mzxid && !scope.isServersOwn(path)) {
      await target.setData(path, record.data, missing);
      this.changed += 1;
    }
    if (aversion !== known.aversion) {
      await target.setAcl(path, record.acl, missing);
      this.changed += 1;
    }
    known.mzxid = mzxid;
    known.dataLength = record.stat.dataLength;
    known.aversion = aversion;
  }

  async #list(path: string): Promise<void> {
    const { source, scope, picture } = this.#parts;
    for (const name of await childrenOf(source, path)) {
      const child = childPath(path, name);
      if (scope.includes(child) && picture.get(child) === undefined) this.changes.fresh.add(child);
    }
  }
}
