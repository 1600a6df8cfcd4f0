import { isDeepStrictEqual } from 'node:util';
import type { Coordination } from '@reeve/client';
import type { WaitOptions } from '@reeve/recipes';
import { configError } from './config-error.ts';
import { type ConfigOptions, type ConfigParts, partsOf } from './config-options.ts';
import type { JsonValue } from './model/json.ts';
import { checkKey, isWithin, keyOfName, scopeOf } from './model/key.ts';
import { decode, type Entry, type PastRecord } from './model/records.ts';
import { readScopes, readValues } from './store/change-draft.ts';

/** What one publish made of one key. */
export interface ConfigVersion extends PastRecord {
  readonly key: string;
  readonly version: number;
  /** When it was published, milliseconds since the epoch by the coordinator's clock. */
  readonly at: number;
}

/** What keys were: the last versions of each, who published them, when and why. */
export class ConfigHistory {
  readonly #parts: ConfigParts;

  constructor(client: Coordination, options: ConfigOptions) {
    this.#parts = partsOf(client, options);
  }

  /**
   * The versions of a key, or of all keys of a tree, also of those that are gone: the newest first.
   *
   * @throws ConfigError `key_unknown` when there is no history of it
   */
  async list(tree: string, wait: WaitOptions = {}): Promise<readonly ConfigVersion[]> {
    checkKey(tree);
    const versions = await this.#parts.store.reading(wait, async () => this.#read(await this.#keys([tree])));
    if (versions.length === 0) throw configError({ code: 'key_unknown', key: tree });
    return versions.toSorted((a, b) => b.version - a.version || (a.key < b.key ? -1 : 1));
  }

  /** Which version these keys had before their last publish; 0: none. For `rollback`. */
  async before(trees: readonly string[]): Promise<number> {
    const versions = await this.#read(await this.#known(trees));
    return versions.reduce((last, { version }) => Math.max(last, version), 0) - 1;
  }

  /** What must change for these keys to be as they were right after a version. For `rollback`. */
  async changesTo(trees: readonly string[], to: number): Promise<readonly Entry[]> {
    const keys = await this.#known(trees);
    const versions = await this.#read(keys);
    const { store } = this.#parts;
    const present = await readScopes(store, [...new Set(keys.map(scopeOf))]);
    const now = await readValues(
      store,
      keys.filter((key) => present.keys.has(key)),
    );
    const entries = keys.flatMap((key): readonly Entry[] => {
      const then = valueAt(
        versions.filter((version) => version.key === key),
        key,
        to,
      );
      if (isDeepStrictEqual(then, now.get(key))) return [];
      return [then === undefined ? { key } : { key, value: then }];
    });
    if (entries.length === 0) throw configError({ code: 'nothing_to_change' });
    return entries;
  }

  async #known(trees: readonly string[]): Promise<readonly string[]> {
    const keys = await this.#keys(trees);
    const unknown = trees.find((tree) => !keys.some((key) => isWithin(key, tree)));
    if (unknown !== undefined) throw configError({ code: 'key_unknown', key: unknown });
    return keys;
  }

  async #keys(trees: readonly string[]): Promise<readonly string[]> {
    const { store } = this.#parts;
    const [names = []] = await store.list([store.layout.history]);
    return names.map(keyOfName).filter((key) => trees.some((tree) => isWithin(key, tree)));
  }

  async #read(keys: readonly string[]): Promise<readonly ConfigVersion[]> {
    const { store } = this.#parts;
    const folders = keys.map((key) => store.layout.past(key));
    const names = await store.list(folders);
    const found = keys.flatMap((key, i) =>
      (names[i] ?? []).map((name) => ({ key, name, path: `${folders[i]}/${name}` })),
    );
    const znodes = await store.read(found.map(({ path }) => path));
    return found.flatMap(({ key, name, path }, i) => {
      const znode = znodes[i];
      if (znode === undefined) return [];
      const record = decode<PastRecord>(path, znode.data, ['before', 'author']);
      return [{ ...record, key, version: Number(name), at: znode.stat.ctime }];
    });
  }
}

/** What a key held right after a version; undefined when there was none. */
function valueAt(versions: readonly ConfigVersion[], key: string, to: number): JsonValue | undefined {
  const known = versions.toSorted((a, b) => a.version - b.version);
  const then = known.findLast(({ version }) => version <= to);
  if (then !== undefined) return then.value;
  if (known[0]?.before === 'absent') return undefined;
  throw configError({ code: 'version_unknown', key, version: to });
}
